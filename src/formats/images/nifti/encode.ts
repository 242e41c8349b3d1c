import {HypermorphError} from '../../../errors.js';
import {isFiniteArray} from '../../../volume/finite.js';
import {axesOf, bytesOf, requireCount, withoutMissing} from '../output-voxels.js';
import type {VoxelArray} from '../../../kernels/voxels.js';
import {joinBytes} from '../../bytes.js';
import {datatypeFor, type ReadableDatatype} from '../datatypes.js';
import {HOST_IS_LITTLE_ENDIAN} from '../../bytes.js';
import type {ImageOutput} from '../types.js';

/** Header and extension flag. */
const DATA_OFFSET = 352;
/** Axes of NIfTI-1 are 16-bit numbers. */
const LONGEST_AXIS = 32767;
/** xyzt_units, the part of space. Only a unit that is not mm is kept from the source. */
const UNIT_CODES = {unknown: 2, mm: 2, metre: 1, micron: 3};
/** xyzt_units, the part of time. */
const SECONDS = 8;

/**
 * A NIfTI-1 file as bytes: single file, no extensions, no scaling, non-finite voxels written as 0.
 *
 * Geometry fields are written as they are given; `geometryFromGrid` makes them for a new grid. A field has five axes
 * (X, Y, Z, 1, 3), components slowest.
 *
 * @returns The bytes of an .nii file.
 * @throws {HypermorphError} E_SHAPE if the data does not fit the shape, E_RANGE if an axis is too long.
 * @example
 * import {Affine, encodeNifti, geometryFromGrid} from 'hypermorph';
 * const geometry = geometryFromGrid({affine: Affine.scaling([2, 2, 2])});
 * const bytes = encodeNifti({shape: [4, 4, 4], data: new Float32Array(64), geometry});
 * bytes.length; // 608
 */
export function encodeNifti(output: ImageOutput): Uint8Array<ArrayBuffer> {
  return joinBytes(encodeNiftiParts(output));
}

/**
 * As `encodeNifti`, as header and voxels. The voxels are the memory of `output.data`, unless one of them is not finite.
 *
 * @param areFinite - Looks for numbers that are not.
 */
export function encodeNiftiParts(
  output: ImageOutput,
  areFinite: (values: Float32Array) => boolean = isFiniteArray,
): readonly [header: Uint8Array, voxels: Uint8Array] {
  const {shape, data} = output;
  requireCount(output);
  if (!shape.every((length) => Number.isInteger(length) && length >= 1 && length <= LONGEST_AXIS)) {
    throw new HypermorphError(
      'E_RANGE',
      `encodeNifti: axes must have 1 to ${LONGEST_AXIS} voxels, got ${shape.join(' x ')}.`,
    );
  }
  return [encodeNiftiHeader(output, data), bytesOf(withoutMissing(data, areFinite))];
}

/** The header, and the four bytes that say that it has no extensions. */
export function encodeNiftiHeader(output: Omit<ImageOutput, 'data'>, data: VoxelArray): Uint8Array {
  const header = new Uint8Array(DATA_OFFSET);
  writeHeader(new DataView(header.buffer), output, datatypeFor(data));
  return header;
}

function writeHeader(
  view: DataView,
  output: Omit<ImageOutput, 'data'>,
  datatype: ReadableDatatype,
): void {
  const {intent} = output;
  const axes = axesOf(output);
  const dimensions = [axes.length, ...axes];
  setInt32(view, 0, 348);
  view.setUint8(38, 'r'.charCodeAt(0)); // "regular", asked for by ANALYZE readers.
  for (let n = 0; n < 8; n++) {
    setInt16(view, 40 + 2 * n, dimensions[n] ?? 1);
  }
  setFloats(view, 56, intent?.parameters ?? [0, 0, 0]);
  setInt16(view, 68, intent?.code ?? 0);
  setInt16(view, 70, datatype.code);
  setInt16(view, 72, 8 * datatype.bytes);
  setFloats(view, 108, [DATA_OFFSET, 1, 0]); // vox_offset, scl_slope, scl_inter
  setText(view, 148, 79, output.description ?? '');
  setText(view, 328, 15, intent?.name ?? '');
  setText(view, 344, 3, 'n+1');
  writeGeometry(view, output);
}

function writeGeometry(
  view: DataView,
  {geometry, further}: Pick<ImageOutput, 'geometry' | 'further'>,
): void {
  const steps = Array.from({length: 4}, (_, n) => further?.steps[n] ?? 1);
  setFloats(view, 76, [...geometry.pixdim, ...steps]);
  view.setUint8(123, UNIT_CODES[geometry.unit] | (further?.timeUnit ?? SECONDS));
  setInt16(view, 252, geometry.qformCode);
  setInt16(view, 254, geometry.sformCode);
  setFloats(view, 256, [...geometry.quaternion, ...geometry.qformOffset]);
  setFloats(view, 280, geometry.sform);
}

// The file's byte order is the machine's, so that voxels are copied as they are.

function setInt16(view: DataView, offset: number, value: number): void {
  view.setInt16(offset, value, HOST_IS_LITTLE_ENDIAN);
}

function setInt32(view: DataView, offset: number, value: number): void {
  view.setInt32(offset, value, HOST_IS_LITTLE_ENDIAN);
}

function setFloats(view: DataView, offset: number, values: readonly number[]): void {
  values.forEach((value, n) => view.setFloat32(offset + 4 * n, value, HOST_IS_LITTLE_ENDIAN));
}

/** ASCII, at most `length` characters; what is not ASCII becomes a question mark. */
function setText(view: DataView, offset: number, length: number, text: string): void {
  const ascii = text.replace(/[^\x20-\x7e]/gu, '?').slice(0, length);
  for (let n = 0; n < ascii.length; n++) {
    view.setUint8(offset + n, ascii.charCodeAt(n));
  }
}
