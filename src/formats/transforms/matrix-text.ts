import {HypermorphError} from '../../errors.js';
import {Affine} from '../../geometry/affine.js';

/** A last row that differs from 0 0 0 1 by more is another one. */
const LAST_ROW_TOLERANCE = 1e-6;

/**
 * The matrix of a text of sixteen numbers, as greedy, NiftyReg and FSL write it: four rows of four; lines that start with # do
 * not count.
 *
 * @throws {HypermorphError} E_IO if it is none, without the name of the file.
 */
export function decodeMatrix(text: string): Affine {
  const words = text
    .split(/\r?\n/)
    .filter((line) => !line.trim().startsWith('#'))
    .join(' ')
    .split(/[\s,]+/)
    .filter((word) => word !== '');
  const numbers = words.map(Number);
  if (numbers.length !== 16 || !numbers.every((number) => Number.isFinite(number))) {
    const got =
      numbers.length === 16
        ? `"${words.find((word) => !Number.isFinite(Number(word))) ?? ''}" among them`
        : `${numbers.length} words`;
    throw new HypermorphError(
      'E_IO',
      `must hold a matrix of four rows of four numbers, got ${got}.`,
    );
  }
  const [last, rows] = [numbers.slice(12), numbers.slice(0, 12)];
  if (last.some((value, n) => Math.abs(value - (n === 3 ? 1 : 0)) > LAST_ROW_TOLERANCE)) {
    throw new HypermorphError(
      'E_IO',
      `the last row of a matrix must be 0 0 0 1, got ${last.join(' ')}.`,
    );
  }
  return requireUsable(Affine.fromMatrix(rows));
}

/** @throws {HypermorphError} E_IO if the map cannot be inverted, without the name of the file. */
export function requireUsable(affine: Affine): Affine {
  if (affine.isUsable) return affine;
  throw new HypermorphError('E_IO', 'must hold a matrix that can be inverted, got a flat one.');
}

/** The text of a matrix; decoding it gives the same numbers. */
export function encodeMatrix({rows}: Affine): string {
  const row = (start: number) => rows.slice(start, start + 4).join(' ');
  return `${row(0)}\n${row(4)}\n${row(8)}\n0 0 0 1\n`;
}
