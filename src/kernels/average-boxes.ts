import type {Triple} from '../geometry/triple.js';
import type {VoxelOperation} from './voxel-operation.js';

/** The voxels of an image of floats, disk order. */
export interface FloatVoxels {
  readonly data: Float32Array;
  readonly shape: Triple;
}

/** Boxes of voxels that lie side by side; all lie inside the image. */
export interface Boxes {
  /** Voxel at which the first box begins. */
  readonly first: Triple;
  /** Voxels of a box along i, j, k. */
  readonly factor: Triple;
  /** Boxes along i, j, k. */
  readonly shape: Triple;
}

/** Means over boxes of voxels that are finite, disk order; NaN where fewer than half of a box are. */
export const AVERAGE_BOXES: VoxelOperation<[image: FloatVoxels, boxes: Boxes], Float32Array> = {
  name: 'averageBoxes',
  portable: averageBoxes,
};

function averageBoxes(
  {data, shape: size}: FloatVoxels,
  {first, factor, shape}: Boxes,
): Float32Array {
  const result = new Float32Array(shape[0] * shape[1] * shape[2]);
  const half = (factor[0] * factor[1] * factor[2]) / 2;
  for (let n = 0; n < result.length; n++) {
    const i = first[0] + factor[0] * (n % shape[0]);
    const j = first[1] + factor[1] * (Math.floor(n / shape[0]) % shape[1]);
    const k = first[2] + factor[2] * Math.floor(n / (shape[0] * shape[1]));
    let [sum, count] = [0, 0];
    for (let c = k; c < k + factor[2]; c++) {
      for (let b = j; b < j + factor[1]; b++) {
        for (let a = i; a < i + factor[0]; a++) {
          const value = data[a + size[0] * (b + size[1] * c)];
          if (value - value !== 0) continue; // NaN or infinite
          sum += value;
          count++;
        }
      }
    }
    result[n] = count >= half ? sum / count : NaN;
  }
  return result;
}
