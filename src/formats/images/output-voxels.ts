import {HypermorphError} from '../../errors.js';
import type {VoxelArray} from '../../kernels/voxels.js';
import {isFiniteArray} from '../../volume/finite.js';
import type {ImageOutput} from './types.js';

/** Lengths of all axes of the file. */
export function axesOf({
  shape,
  components = 1,
  further,
}: Omit<ImageOutput, 'data'>): readonly number[] {
  return [...shape, ...(components === 1 ? (further?.lengths ?? []) : [1, components])];
}

/**
 * Check that there is a number for each place of an image.
 *
 * @throws {HypermorphError} E_SHAPE
 */
export function requireCount(output: ImageOutput): void {
  const axes = axesOf(output);
  const count = axes.reduce((product, length) => product * length, 1);
  if (output.data.length === count) return;
  throw new HypermorphError(
    'E_SHAPE',
    `encodeNifti: data must have ${axes.join(' x ')} = ${count} numbers, got ${output.data.length}.`,
  );
}

/** The memory of an array. */
export function bytesOf(voxels: VoxelArray): Uint8Array {
  return new Uint8Array(voxels.buffer, voxels.byteOffset, voxels.byteLength);
}

/** NaN and infinite become 0: ITK up to 5.4 replaces NaN by 0 itself, others spread it. */
export function withoutMissing(
  data: VoxelArray,
  areFinite: (values: Float32Array) => boolean,
): VoxelArray {
  const isFloat = data instanceof Float32Array || data instanceof Float64Array;
  if (!isFloat || (data instanceof Float32Array ? areFinite(data) : isFiniteArray(data))) {
    return data;
  }
  return data.map((value) => (Number.isFinite(value) ? value : 0));
}
