import {mapTriple, type Triple} from '../geometry/triple.js';
import type {FloatVoxels} from './average-boxes.js';
import type {VoxelOperation} from './voxel-operation.js';

/** Blocks side by side along i, j, k; the last of an axis may reach beyond the image. */
export function blocksAlong(shape: Triple, blockShape: Triple): Triple {
  return mapTriple(shape, (length, axis) => Math.ceil(length / blockShape[axis]));
}

/**
 * The variance of every block of an image over its voxels that are not NaN, blocks in disk order; 0 where there are fewer than
 * `fewest`.
 */
export const BLOCK_VARIANCES: VoxelOperation<
  [image: FloatVoxels, blockShape: Triple, fewest: number],
  Float64Array
> = {name: 'blockVariances', portable: blockVariances};

/** One plain loop over the image: this runs once, before anything is compiled. */
function blockVariances(
  {data, shape}: FloatVoxels,
  blockShape: Triple,
  fewest: number,
): Float64Array {
  const along = blocksAlong(shape, blockShape);
  const total = along[0] * along[1] * along[2];
  const counts = new Int32Array(total);
  const shifts = new Float64Array(total); // a voxel of the block, so that the sums keep their digits
  const sums = new Float64Array(total);
  const squares = new Float64Array(total);
  for (let k = 0, n = 0; k < shape[2]; k++) {
    const plane = along[1] * Math.floor(k / blockShape[2]);
    for (let j = 0; j < shape[1]; j++) {
      const row = along[0] * (plane + Math.floor(j / blockShape[1]));
      for (let i = 0; i < shape[0]; i++, n++) {
        const value = data[n];
        if (value !== value) continue;
        const block = row + Math.floor(i / blockShape[0]);
        if (counts[block]++ === 0) shifts[block] = value;
        const rest = value - shifts[block];
        sums[block] += rest;
        squares[block] += rest * rest;
      }
    }
  }
  const variances = new Float64Array(total);
  for (let b = 0; b < total; b++) {
    if (counts[b] < fewest) continue;
    variances[b] = Math.max(squares[b] / counts[b] - (sums[b] / counts[b]) ** 2, 0);
  }
  return variances;
}
