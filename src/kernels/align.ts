import type {Triple} from '../geometry/triple.js';
import {portableCorrelateBlocks, type CorrelateBlocks} from './block-correlation.js';

/**
 * Means over boxes of voxels that are finite; NaN where fewer than half of a box are.
 *
 * @param boxes.first - Voxel at which the first box begins.
 * @param boxes.factor - Voxels of a box along i, j, k.
 * @param boxes.shape - Boxes along i, j, k; all lie inside the image.
 * @returns Disk order.
 */
export type AverageBoxes = (
  image: {readonly data: Float32Array; readonly shape: Triple},
  boxes: {readonly first: Triple; readonly factor: Triple; readonly shape: Triple},
) => Float32Array;

/** The loops over voxels of the affine stage. */
export interface AlignKernels {
  readonly averageBoxes: AverageBoxes;
  readonly correlateBlocks: CorrelateBlocks;
}

const portableAverageBoxes: AverageBoxes = ({data, shape: size}, {first, factor, shape}) => {
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
};

/** The loops in plain TypeScript. */
export const portableAlignKernels: AlignKernels = {
  averageBoxes: portableAverageBoxes,
  correlateBlocks: portableCorrelateBlocks,
};
