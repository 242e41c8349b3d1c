import {HypermorphError} from '../errors.js';

/**
 * A whole number that an option was given; undefined without the option.
 *
 * @throws {HypermorphError} E_USAGE if it is none, or below the minimum.
 */
export function parseWhole(
  text: string | undefined,
  {option, minimum}: {readonly option: string; readonly minimum: number},
): number | undefined {
  if (text === undefined) return undefined;
  const value = parseNumber(text);
  if (Number.isInteger(value) && value >= minimum) return value;
  throw new HypermorphError(
    'E_USAGE',
    `${option} must be a whole number from ${minimum}, got "${text}".`,
  );
}

/** A number as a text says it; NaN where it says none, also where it is empty. */
export function parseNumber(text: string): number {
  return text.trim() === '' ? NaN : Number(text);
}
