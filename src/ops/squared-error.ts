import * as tf from '@tensorflow/tfjs-core';
import {runHotOp} from './hot-op.js';
import {toVolumetric} from './planar.js';
import {requireSameShape, requireSpatial} from './shapes.js';

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
  return tf.tidy(() => {
    const [a, b] = [toVolumetric(fixed), toVolumetric(moved)];
    return runHotOp<tf.Tensor1D>('HmSquaredError', {fixed: a, moved: b}, {}, () =>
      tf.mean(tf.squaredDifference(b, a), [1, 2, 3, 4]),
    );
  });
}
