import {HypermorphError} from '../errors.js';
import {parseNumber} from './numbers.js';

/**
 * Millimetres between voxels: one number, or one per axis with commas between them.
 *
 * @throws {HypermorphError} E_USAGE if they are not positive.
 */
export function parseSpacing(text: string, option: string): readonly number[] {
  const numbers = text.split(',').map(parseNumber);
  if (numbers.every((mm) => mm > 0 && mm < Infinity) && [1, 3].includes(numbers.length)) {
    return numbers;
  }
  throw new HypermorphError(
    'E_USAGE',
    `${option} must be one or three positive numbers, such as 2 or 1,1,2.5, got "${text}".`,
  );
}
