import * as tf from '@tensorflow/tfjs-core';
import {HypermorphError} from '../errors.js';
import {requireSameShape} from '../ops/shapes.js';
import type {SimilarityLoss} from './similarity.js';

/** How soft bins are placed. */
export interface MutualInformationOptions {
  /** Number of bins, at least 2; 16 by default. */
  readonly bins?: number;
  /** Steepness of the soft bins; by default half a bin is one standard deviation. */
  readonly alpha?: number;
  /** Intensities are clipped to this range after the bins were placed. */
  readonly minimum?: number;
  readonly maximum?: number;
}

const MI_EPSILON = 1e-7;

/**
 * Mutual information with soft bins, per item, larger is better.
 *
 * A voxel v counts exp(-alpha (v - c_b)^2) in bin b; bin centres span the whole batch's range. Memory grows with voxels x bins.
 *
 * @returns [N]. The caller disposes it.
 * @see Guo, "Multi-modal image registration with unsupervised deep learning", MIT 2019 (soft bins in neurite).
 */
export function mutualInformation(
  fixed: tf.Tensor,
  moved: tf.Tensor,
  options: MutualInformationOptions = {},
): tf.Tensor1D {
  requireSameShape(fixed, moved, 'mutualInformation', 'fixed and moved');
  const {bins = 16} = options;
  if (!Number.isInteger(bins) || bins < 2) {
    throw new HypermorphError(
      'E_RANGE',
      `mutualInformation: bins must be an integer of at least 2, got ${String(bins)}.`,
    );
  }
  const alpha = options.alpha ?? 1 / (2 * (0.5 / (bins - 1)) ** 2);
  return tf.tidy(() => {
    const a = softBins(fixed, bins, alpha, options); // [N, V, bins]
    const b = softBins(moved, bins, alpha, options);
    const joint = normaliseMass(tf.matMul(a, b, true, false), [1, 2]);
    const marginalA = tf.expandDims(normaliseMass(tf.sum(a, 1), [1]), 2);
    const marginalB = tf.expandDims(normaliseMass(tf.sum(b, 1), [1]), 1);
    const independent = tf.add(tf.mul(marginalA, marginalB), MI_EPSILON);
    const information = tf.mul(joint, tf.log(tf.add(tf.div(joint, independent), MI_EPSILON)));
    return tf.sum(information, [1, 2]);
  });
}

function normaliseMass(mass: tf.Tensor, axes: number[]): tf.Tensor {
  return tf.div(mass, tf.add(tf.sum(mass, axes, true), MI_EPSILON));
}

function softBins(
  image: tf.Tensor,
  bins: number,
  alpha: number,
  {minimum = -Infinity, maximum = Infinity}: MutualInformationOptions,
): tf.Tensor3D {
  const steps = tf.div(tf.range(0, bins), bins - 1);
  const [lowest, highest] = [tf.min(image), tf.max(image)];
  // The gradient passes through the centres too, as in the original.
  const centres = tf.add(tf.mul(tf.sub(1, steps), lowest), tf.mul(steps, highest));
  const values = tf.reshape(tf.clipByValue(image, minimum, maximum), [image.shape[0], -1, 1]);
  return tf.exp(tf.mul(tf.square(tf.sub(values, centres)), -alpha));
}

/**
 * Mutual information as a loss: -I, per item. For images of different contrasts; memory grows with voxels x bins.
 *
 * @example
 * import * as tf from '@tensorflow/tfjs-core';
 * import {mutualInformationLoss} from 'hypermorph';
 * const image = tf.randomUniform([1, 8, 8, 8, 1], 0, 1, 'float32', 1);
 * const inverted = tf.sub(1, image);
 * const loss = mutualInformationLoss({bins: 8});
 * loss(image, inverted).dataSync()[0] < -0.5; // true
 */
export function mutualInformationLoss(options: MutualInformationOptions = {}): SimilarityLoss {
  return (fixed, moved) => tf.tidy(() => tf.neg(mutualInformation(fixed, moved, options)));
}
