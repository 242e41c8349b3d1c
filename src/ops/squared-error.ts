import * as tf from '@tensorflow/tfjs-core';
import {runTensors, type TensorOperation} from '../kernels/tensor-operation.js';
import {toVolumetric} from './planar.js';
import {requireSameShape, requireSpatial} from './shapes.js';

/** See `squaredError`, for [N, I, J, K, C]. */
export const SQUARED_ERROR: TensorOperation<
  {readonly fixed: tf.Tensor5D; readonly moved: tf.Tensor5D},
  object,
  tf.Tensor1D,
  'fixed' | 'moved'
> = {
  name: 'squaredError',
  saves: ['fixed', 'moved'],
  portable: ({fixed, moved}) => tf.mean(tf.squaredDifference(moved, fixed), [1, 2, 3, 4]),
};

/**
 * Mean squared difference of two images, per item.
 *
 * @param fixed - [N, I, J, K, C] or [N, I, J, C].
 * @param moved - Same shape.
 * @returns [N]. The caller disposes it.
 */
export function squaredError(fixed: tf.Tensor, moved: tf.Tensor): tf.Tensor1D {
  requireSpatial(fixed, 'squaredError', 'fixed');
  requireSameShape(fixed, moved, 'squaredError', 'fixed and moved');
  return tf.tidy(() =>
    runTensors(SQUARED_ERROR, {fixed: toVolumetric(fixed), moved: toVolumetric(moved)}, {}),
  );
}
