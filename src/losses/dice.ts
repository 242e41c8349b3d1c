import * as tf from '@tensorflow/tfjs-core';
import {crossEntropy} from '../ops/cross-entropy.js';
import {memberships} from '../ops/memberships.js';
import {overlaps} from '../ops/overlaps.js';
import {requireSameShape} from '../ops/shapes.js';

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
  return tf.tidy(() =>
    tf.neg(tf.mean(overlaps(tf.cast(fixed, 'float32'), tf.cast(moved, 'float32')))),
  );
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
    return tf.div(
      tf.sum(tf.mul(overlaps(fixed, moved), present), 1),
      tf.maximum(tf.sum(present, 1), 1),
    );
  });
}

/**
 * How far what a labeller tells is from a label map, per item: 1 - mean over labels of 2 sum(ab) / sum(a + b), and the cross-entropy.
 * The overlap counts small labels as much as large ones; alone it does not learn where none is told yet.
 *
 * @param scores - [N, ...space, 1 + L], the background first.
 * @param wanted - Memberships, same shape; those of a voxel sum to 1.
 * @returns [N], 0 where they are the same and sure. The caller disposes it.
 * @see Isensee et al., Nature Methods 2021 (both together).
 */
export function labellingLoss(scores: tf.Tensor, wanted: tf.Tensor): tf.Tensor1D {
  requireSameShape(scores, wanted, 'labellingLoss', 'scores and wanted');
  return tf.tidy(() => {
    const overlap = tf.mean(overlaps(memberships(scores), wanted), 1);
    return tf.add(tf.sub(1, overlap), crossEntropy(scores, wanted));
  });
}

function sumOverSpace(image: tf.Tensor): tf.Tensor {
  return tf.sum(image, image.shape.map((_, axis) => axis).slice(1, -1));
}
