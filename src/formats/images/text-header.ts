import {HypermorphError} from '../../errors.js';
import {baseNameOf} from '../bytes.js';
import {fileExists} from '../files.js';
import {nameOf, withOpenSource, type Source} from '../source.js';

/** Headers are texts of some lines: none is longer. */
const LONGEST_HEADER = 1 << 16;
/** A function takes only so many arguments. */
const PIECE_BYTES = 1 << 12;

/** The start of a file as Latin-1 text, a character for a byte, and how long the file is. */
export async function readHeaderText(
  source: Source,
): Promise<{readonly text: string; readonly size: number}> {
  return withOpenSource(source, async (file) => {
    const bytes = await file.read(0, Math.min(file.size, LONGEST_HEADER));
    // What TextDecoder calls Latin-1 has other characters for some bytes.
    const pieces: string[] = [];
    for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
      pieces.push(String.fromCharCode(...bytes.subarray(at, at + PIECE_BYTES)));
    }
    return {text: pieces.join(''), size: file.size};
  });
}

/**
 * The file with the voxels that a header names, beside the header.
 *
 * @throws {HypermorphError} E_IMAGE if it names several, or one that is not there.
 */
export async function findDataFile(
  source: Source,
  name: string,
): Promise<{readonly path: string; readonly size: number}> {
  const header = nameOf(source);
  if (typeof source !== 'string') {
    throw new HypermorphError(
      'E_IMAGE',
      `bytes must hold header and voxels, got a header whose voxels are in ${name}.`,
    );
  }
  if (/^LIST\b|%/.test(name)) {
    throw new HypermorphError(
      'E_IMAGE',
      `the voxels must lie in one file, got several ("${name}").`,
      {hint: 'Write the image again as one file, for example with SimpleITK or 3D Slicer.'},
    );
  }
  const folder = header.slice(0, header.length - baseNameOf(header).length);
  const path = /^([/\\]|[A-Za-z]:[/\\])/.test(name) ? name : `${folder}${name}`;
  if (!(await fileExists(path))) {
    throw new HypermorphError(
      'E_IMAGE',
      `the file with the voxels, ${name}, must lie where the header says, but there is none.`,
    );
  }
  return {path, size: await withOpenSource(path, (file) => Promise.resolve(file.size))};
}

/**
 * Numbers of a header, as many as are asked for.
 *
 * @throws {HypermorphError} E_IMAGE
 */
export function numbersOf(text: string, count: number, field: string): readonly number[] {
  const numbers = text.trim().split(/\s+/).map(Number);
  if (numbers.length === count && numbers.every((value) => Number.isFinite(value))) return numbers;
  throw new HypermorphError(
    'E_IMAGE',
    `${field} must be ${count} ${count === 1 ? 'number' : 'numbers'}, got "${text}".`,
  );
}

/**
 * The lengths of all axes.
 *
 * @throws {HypermorphError} E_IMAGE
 */
export function sizesOf(text: string, count: number, field: string): readonly number[] {
  const sizes = numbersOf(text, count, field);
  if (sizes.every((size) => Number.isSafeInteger(size) && size >= 1)) return sizes;
  throw new HypermorphError('E_IMAGE', `${field} must be whole numbers from 1, got "${text}".`);
}
