import * as tf from '@tensorflow/tfjs-core';
import {HypermorphError} from '../errors.js';
import {runTensors, type TensorOperation} from '../kernels/tensor-operation.js';
import {interpolateLinear, type Positions} from './interpolate.js';
import {toVolumetric, likeRank} from './planar.js';
import {requireField} from './shapes.js';

/** See `rescaleField`, for [N, I, J, K, C]; `size` is that of the result along I, J, K. */
export const RESCALE: TensorOperation<
  {readonly field: tf.Tensor5D},
  {readonly factor: number; readonly size: readonly number[]},
  tf.Tensor5D,
  'field'
> = {
  name: 'rescale',
  saves: ['field'],
  portable: ({field}, {factor, size}) =>
    tf.mul(interpolateLinear(field, alignedPositions(field.shape.slice(1, 4), size)), factor),
};

/**
 * Bring a field to another resolution: sampled with aligned corners on floor(n · factor) voxels per axis, times factor
 * (a field counts voxels of its own grid).
 *
 * As VoxelMorph: corners are aligned but the vectors are multiplied by `factor`, not by (new - 1) / (old - 1), and
 * shrinking does not smooth first.
 *
 * @param field - [N, I, J, K, 3] or [N, I, J, 2], voxels.
 * @param factor - New size over old size, > 0. 1 returns `field` itself.
 * @returns Field on the new grid, voxels of the new grid. The caller disposes it.
 * @example
 * import * as tf from '@tensorflow/tfjs-core';
 * import {rescaleField} from 'hypermorph';
 * const coarse = tf.ones([1, 4, 4, 4, 3]);
 * const fine = rescaleField(coarse, 2); // voxels are half as large, so lengths double
 * fine.shape; // [1, 8, 8, 8, 3]
 */
export function rescaleField(field: tf.Tensor, factor: number): tf.Tensor {
  requireField(field, 'rescaleField', 'field');
  if (!(factor > 0) || !Number.isFinite(factor)) {
    throw new HypermorphError(
      'E_RANGE',
      `rescaleField: factor must be a positive number, got ${factor}.`,
    );
  }
  if (factor === 1) return field;
  return tf.tidy(() => {
    const field5 = toVolumetric(field);
    const [, i, j, k] = field5.shape;
    const size = [i, j, k].map((length, axis) =>
      axis === 2 && field.rank === 4 ? 1 : Math.floor(length * factor),
    );
    if (size.some((length) => length < 1)) {
      throw new HypermorphError(
        'E_RANGE',
        `rescaleField: factor must leave at least one voxel along every axis, got ${factor} for ${[i, j, k].join('x')}.`,
      );
    }
    const rescaled = runTensors(RESCALE, {field: field5}, {factor, size});
    return likeRank(rescaled, field);
  });
}

function alignedPositions(from: readonly number[], to: readonly number[]): Positions {
  return from.map((length, axis) => {
    const steps = Math.max(to[axis] - 1, 1);
    const positions = Float32Array.from({length: to[axis]}, (_, x) => (x * (length - 1)) / steps);
    const shape: [number, number, number, number] = [1, 1, 1, 1];
    shape[axis + 1] = to[axis];
    return tf.tensor(positions, shape);
  }) as [tf.Tensor, tf.Tensor, tf.Tensor];
}
