import * as tf from '@tensorflow/tfjs-core';
import {requireSameShape} from '../ops/shapes.js';

/** Below any sum of memberships that is not 0, and its square is no underflow: an empty label gives 0 / this = 0, and no gradient. */
const SMALLEST_TOTAL = 1e-15;

/**
 * Overlap of label maps with one channel per label: -mean over batch and labels of 2 sum(fg) / sum(f + g).
 *
 * A label that is empty in both counts as 0, as in the original.
 *
 * @returns A scalar in [-1, 0]. The caller disposes it.
 * @example
 * import * as tf from '@tensorflow/tfjs-core';
 * import {diceLoss} from 'hypermorph';
 * const labels = tf.oneHot(tf.tensor([0, 1, 1, 0], [1, 4, 1, 1], 'int32'), 2); // one channel for each label
 * diceLoss(labels, labels).dataSync(); // [-1]
 */
export function diceLoss(fixed: tf.Tensor, moved: tf.Tensor): tf.Scalar {
  requireSameShape(fixed, moved, 'diceLoss', 'fixed and moved');
  return tf.tidy(() => {
    const space = fixed.shape.map((_, axis) => axis).slice(1, -1);
    const overlap = tf.mul(tf.sum(tf.mul(fixed, moved), space), 2);
    const total = tf.sum(tf.add(fixed, moved), space);
    return tf.neg(tf.mean(tf.div(overlap, tf.maximum(total, SMALLEST_TOTAL))));
  });
}
