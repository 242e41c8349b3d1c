import {countVoxels} from '../../../geometry/grid.js';
import {AVERAGE_BOXES} from '../../../kernels/average-boxes.js';
import {CORRELATE_BLOCKS, MOTION_PARAMETERS} from '../../../kernels/block-correlation.js';
import {implementLoop} from '../../../kernels/voxel-operation.js';
import type {NativeAddon} from '../addon.js';

const averageBoxes = implementLoop(
  AVERAGE_BOXES,
  (addon: NativeAddon, {data, shape: size}, {first, factor, shape}) => {
    const averages = new Float32Array(countVoxels(shape));
    const sizes = Int32Array.of(...size, ...factor, ...shape);
    addon.averageBoxes(sizes, Int32Array.from(first), data, averages);
    return averages;
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
export const ALIGNMENT_KERNELS = [averageBoxes, correlateBlocks];
