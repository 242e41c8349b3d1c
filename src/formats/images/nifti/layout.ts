import {HypermorphError} from '../../../errors.js';
import {recogniseFile} from '../../file-kinds.js';

/** Where the fields of a header lie and how its numbers are stored. */
export interface HeaderLayout {
  readonly version: 1 | 2;
  readonly littleEndian: boolean;
  /** The magic word says that the voxels lie in an .img file beside the header. */
  readonly pair: boolean;
  /** Bytes of the fixed part: 348 or 540. */
  readonly headerSize: 348 | 540;
  readonly warnings: readonly string[];
}

/** Enough of a file to hold the fixed part of either version. */
export const HEADER_BYTES = 540;

const MAGIC_1 = {at: 344, single: 'n+1\0', pair: 'ni1\0'};
const MAGIC_2 = {at: 4, single: 'n+2\0', pair: 'ni2\0'};

/**
 * Find out which NIfTI version a header is and in which byte order, or say why it is none.
 *
 * The size field decides (348 or 540, in either order); where it is damaged, a valid magic word with dim[0] in 1..7 does.
 *
 * @param header - The first bytes of the file, at most `HEADER_BYTES`.
 * @throws {HypermorphError} E_NIFTI; like the warnings without the name of the file.
 */
export function findLayout(header: Uint8Array): HeaderLayout {
  if (header.length < 348) {
    const other = recogniseFile(header);
    throw new HypermorphError(
      'E_NIFTI',
      `not a NIfTI file: a header must have at least 348 bytes, got ${header.length}${other === null ? '' : `; it looks like ${other.name}`}.`,
      other === null ? {} : {hint: other.advice},
    );
  }
  const version = versionOf(header);
  if (version === null) {
    throw notNifti(header);
  }
  const headerSize = version === 1 ? 348 : 540;
  if (header.length < headerSize) {
    throw new HypermorphError(
      'E_NIFTI',
      `the NIfTI-2 header must have 540 bytes, got ${header.length}; the file is cut off.`,
    );
  }
  const {littleEndian, repaired} = byteOrderOf(header, version, headerSize);
  if (version === 2) {
    requireIntactLineEnds(header);
  }
  const magic = version === 1 ? MAGIC_1 : MAGIC_2;
  const warnings = repaired
    ? [
        `the header size field is ${viewOf(header).getInt32(0, littleEndian)} instead of ${headerSize}; read as NIfTI-${version} because the rest of the header fits.`,
      ]
    : [];
  const pair = textAt(header, magic.at) === magic.pair;
  return {version, littleEndian, pair, headerSize, warnings};
}

/** The magic word decides; a size field that disagrees with it is repaired. */
function versionOf(header: Uint8Array): 1 | 2 | null {
  const first = textAt(header, MAGIC_1.at);
  const second = textAt(header, MAGIC_2.at);
  const hasFirst = first === MAGIC_1.single || first === MAGIC_1.pair;
  const hasSecond = second === MAGIC_2.single || second === MAGIC_2.pair;
  if (hasFirst && hasSecond) {
    return sizeFields(header).includes(540) ? 2 : 1;
  }
  return hasFirst ? 1 : hasSecond ? 2 : null;
}

function byteOrderOf(
  header: Uint8Array,
  version: 1 | 2,
  headerSize: number,
): {littleEndian: boolean; repaired: boolean} {
  const [little, big] = sizeFields(header);
  const orders =
    little === headerSize ? [true] : big === headerSize ? [false] : ([true, false] as const);
  const fitting = orders.find((littleEndian) => {
    const axes = axisCount(header, version, littleEndian);
    return axes >= 1 && axes <= 7;
  });
  if (fitting === undefined) {
    const axes = axisCount(header, version, orders[0]);
    throw new HypermorphError(
      'E_NIFTI',
      `the number of axes (dim[0]) must be 1 to 7, got ${axes}; the header is damaged.`,
    );
  }
  return {littleEndian: fitting, repaired: orders.length > 1};
}

function axisCount(header: Uint8Array, version: 1 | 2, littleEndian: boolean): number {
  const view = viewOf(header);
  return version === 1
    ? view.getInt16(40, littleEndian)
    : Number(view.getBigInt64(16, littleEndian));
}

/** Bytes that change when a program copies the file as text. All zero is a writer's omission, not damage. */
function requireIntactLineEnds(header: Uint8Array): void {
  const found = [...header.subarray(8, 12)];
  const expected = [13, 10, 26, 10];
  const intact = found.every((byte, index) => byte === expected[index]);
  if (!intact && found.some((byte) => byte !== 0)) {
    throw new HypermorphError(
      'E_NIFTI',
      `the NIfTI-2 line-end bytes must be 13 10 26 10, got ${found.join(' ')}; the file was changed by a transfer in text mode.`,
      {hint: 'Copy the file again in binary mode.'},
    );
  }
}

function notNifti(header: Uint8Array): HypermorphError {
  const sizes = sizeFields(header);
  const other = recogniseFile(header);
  if (sizes.includes(348)) {
    return new HypermorphError(
      'E_NIFTI',
      `must be NIfTI, got a header without the NIfTI magic word; ANALYZE 7.5 files are not supported because they do not say which side is left.`,
      {hint: 'Convert the file to NIfTI with the program that wrote it.'},
    );
  }
  if (sizes.includes(540)) {
    return new HypermorphError(
      'E_NIFTI',
      `the NIfTI-2 magic word must be "n+2" or "ni2", got ${shown(header, MAGIC_2.at)}; the header is damaged.`,
    );
  }
  return new HypermorphError(
    'E_NIFTI',
    `not a NIfTI-1 or NIfTI-2 file (header size field is ${sizes[0]}, expected 348 or 540)${other === null ? '' : `; it looks like ${other.name}`}.`,
    other === null ? {} : {hint: other.advice},
  );
}

/** The first four bytes as a number, in little-endian and in big-endian order. */
function sizeFields(header: Uint8Array): readonly [number, number] {
  const view = viewOf(header);
  return [view.getInt32(0, true), view.getInt32(0, false)];
}

function textAt(header: Uint8Array, at: number): string {
  return String.fromCharCode(...header.subarray(at, at + 4));
}

function shown(header: Uint8Array, at: number): string {
  return JSON.stringify(textAt(header, at).replace(/[^\x20-\x7e]/g, '?'));
}

function viewOf(header: Uint8Array): DataView {
  return new DataView(header.buffer, header.byteOffset, header.byteLength);
}
