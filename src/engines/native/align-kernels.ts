import type {Affine} from '../../geometry/affine.js';
import {countVoxels} from '../../geometry/grid.js';
import {MOTION_PARAMETERS} from '../../kernels/block-correlation.js';
import type {AlignKernels} from '../../kernels/align.js';
import type {NativeAddon} from './addon.js';

/** The addon's loops of the affine stage. */
export function createNativeAlignKernels(addon: NativeAddon): AlignKernels {
  return {
    averageBoxes({data, shape: size}, {first, factor, shape}) {
      const averages = new Float32Array(countVoxels(shape));
      addon.averageBoxes(
        Int32Array.of(...size, ...factor, ...shape),
        Int32Array.from(first),
        data,
        averages,
      );
      return averages;
    },
    correlateBlocks(points, sampled, {toVoxel, toMotion, gradientToMotion}) {
      const matrices = [toVoxel, toMotion].flatMap(({rows}: Affine) => rows);
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
  };
}
