import {countVoxels} from '../../../geometry/grid.js';
import {AVERAGE_BOXES} from '../../../kernels/average-boxes.js';
import {BLOCK_VARIANCES, blocksAlong} from '../../../kernels/block-variances.js';
import {CORRELATE_BLOCKS, MOTION_PARAMETERS} from '../../../kernels/block-correlation.js';
import {implementLoop} from '../../../kernels/voxel-operation.js';
import type {NativeAddon} from '../addon.js';

declare module '../addon.js' {
  /** What this file calls: sizes come first; the last array is filled, inputs are not kept. */
  interface NativeAddon {
    /** `sizes`: I, J, K of the image, of a box, and how many boxes. `first`: voxel at which the first box begins. */
    averageBoxes(sizes: Int32Array, first: Int32Array, from: Float32Array, to: Float32Array): void;
    /** `sizes`: I, J, K of the image and of a block. Fills the variance of every block. */
    blockVariances(
      sizes: Int32Array,
      data: Float32Array,
      fewest: number,
      variances: Float64Array,
    ): void;
    /**
     * `sizes`: I, J, K of the points' image, of a block and of the sampled image. `numbers`: `toVoxel` [12], `toMotion` [12],
     * `gradientToMotion` [9] and the noise of both. Fills points, misfit, gradient [12] and Hessian [12, 12].
     */
    correlateBlocks(
      sizes: Int32Array,
      points: Float32Array,
      blocks: Int32Array,
      sampled: Float32Array,
      numbers: Float64Array,
      found: Float64Array,
    ): void;
  }
}

const averageBoxes = implementLoop(
  AVERAGE_BOXES,
  (addon: NativeAddon, {data, shape: size}, {first, factor, shape}) => {
    const averages = new Float32Array(countVoxels(shape));
    const sizes = Int32Array.of(...size, ...factor, ...shape);
    addon.averageBoxes(sizes, Int32Array.from(first), data, averages);
    return averages;
  },
);

const blockVariances = implementLoop(
  BLOCK_VARIANCES,
  (addon: NativeAddon, {data, shape}, blockShape, fewest) => {
    const variances = new Float64Array(countVoxels(blocksAlong(shape, blockShape)));
    addon.blockVariances(Int32Array.of(...shape, ...blockShape), data, fewest, variances);
    return variances;
  },
);

const correlateBlocks = implementLoop(
  CORRELATE_BLOCKS,
  (addon: NativeAddon, points, sampled, {toVoxel, toMotion, gradientToMotion}) => {
    const matrices = [toVoxel, toMotion].flatMap(({rows}) => rows);
    const found = new Float64Array(2 + MOTION_PARAMETERS + MOTION_PARAMETERS ** 2);
    addon.correlateBlocks(
      Int32Array.of(...points.shape, ...points.blockShape, ...sampled.shape),
      points.data,
      points.blocks,
      sampled.data,
      Float64Array.of(...matrices, ...gradientToMotion, points.noise, sampled.noise),
      found,
    );
    return {
      points: found[0],
      misfit: found[1],
      gradient: found.subarray(2, 2 + MOTION_PARAMETERS),
      hessian: found.subarray(2 + MOTION_PARAMETERS),
    };
  },
);

/** What the affine stage measures. */
export const ALIGNMENT_KERNELS = [averageBoxes, blockVariances, correlateBlocks];
