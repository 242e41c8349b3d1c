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
  return tf.tidy(() => tf.neg(tf.mean(overlapsOf(fixed, moved))));
}

/**
 * Overlap of label maps per item: the mean, over the labels that the fixed map has, of 2 sum(fg) / sum(f + g); 0 for an item
 * without any.
 *
 * @param fixed - [N, ...space, L], one channel per label, memberships in [0, 1].
 * @returns [N], in [0, 1]. The caller disposes it.
 */
export function labelOverlap(fixed: tf.Tensor, moved: tf.Tensor): tf.Tensor1D {
  requireSameShape(fixed, moved, 'labelOverlap', 'fixed and moved');
  return tf.tidy(() => {
    const present = tf.cast(tf.greater(sumOverSpace(fixed), 0), 'float32'); // [N, L]
    const overlaps = tf.mul(overlapsOf(fixed, moved), present);
    return tf.div(tf.sum(overlaps, 1), tf.maximum(tf.sum(present, 1), 1));
  });
}

/** The overlap of every item and label, [N, L]. */
function overlapsOf(fixed: tf.Tensor, moved: tf.Tensor): tf.Tensor {
  const both = tf.mul(sumOverSpace(tf.mul(fixed, moved)), 2);
  const total = sumOverSpace(tf.add(fixed, moved));
  return tf.div(both, tf.maximum(total, SMALLEST_TOTAL));
}

function sumOverSpace(image: tf.Tensor): tf.Tensor {
  return tf.sum(image, image.shape.map((_, axis) => axis).slice(1, -1));
}
