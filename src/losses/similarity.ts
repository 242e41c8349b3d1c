import * as tf from '@tensorflow/tfjs-core';
import {HypermorphError} from '../errors.js';
import {lncc, type LnccOptions} from '../ops/lncc.js';
import {requireSameShape, requireShape} from '../ops/shapes.js';
import {squaredError} from '../ops/squared-error.js';

/** A loss between the fixed and the moved image: one number per item, smaller is better. The caller disposes it. */
export type SimilarityLoss = (fixed: tf.Tensor, moved: tf.Tensor) => tf.Tensor1D;

/**
 * Mean squared error over the variance of the noise: mean((fixed - moved)^2) / sigma^2.
 *
 * @param sigma - Standard deviation of the image noise, > 0; the original trains with 0.05.
 */
export function mseLoss(sigma: number): SimilarityLoss {
  if (!(sigma > 0)) {
    throw new HypermorphError('E_RANGE', `mseLoss: sigma must be above 0, got ${sigma}.`);
  }
  return (fixed, moved) => tf.tidy(() => tf.mul(squaredError(fixed, moved), 1 / sigma ** 2));
}

/** Local normalised cross-correlation as a loss: -mean(cc), in [-1, 0]. */
export function lnccLoss(options: LnccOptions = {}): SimilarityLoss {
  return (fixed, moved) => tf.tidy(() => tf.neg(lncc(fixed, moved, options)));
}

/**
 * Tukey's biweight, which stops counting differences above `c`: mean of c^2/2 (1 - (1 - e^2/c^2)^3).
 *
 * @returns A scalar over the whole batch, as the original. The caller disposes it.
 */
export function tukeyBiweight(
  fixed: tf.Tensor,
  moved: tf.Tensor,
  {c}: {readonly c: number},
): tf.Scalar {
  requireSameShape(fixed, moved, 'tukeyBiweight', 'fixed and moved');
  return tf.tidy(() => {
    const ratio = tf.minimum(tf.div(tf.squaredDifference(fixed, moved), c ** 2), 1);
    const remainder = tf.sub(1, ratio);
    const rho = tf.sub(1, tf.mul(tf.square(remainder), remainder));
    return tf.mul(tf.mean(rho), c ** 2 / 2);
  });
}

/** Below any sum of memberships that is not 0, and its square is no underflow: an empty label gives 0 / this = 0, and no gradient. */
const SMALLEST_TOTAL = 1e-15;

/**
 * Overlap of label maps with one channel per label: -mean over batch and labels of 2 sum(fg) / sum(f + g).
 *
 * A label that is empty in both counts as 0, as in the original.
 *
 * @returns A scalar in [-1, 0]. The caller disposes it.
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

export interface MutualInformationOptions {
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
 * Kullback-Leibler divergence of a predicted velocity distribution from a smooth prior (up to a constant).
 *
 * N/2 (mean(lambda D e^s - s) + lambda/2 · mean over axes of mean(difference of mu)^2), D the number of grid neighbours.
 *
 * @param parameters - [N, I, J, K, 6] or [N, I, J, 4]: mean, then log-variance.
 * @returns A scalar. The caller disposes it.
 * @see Dalca et al., MICCAI 2018, equation 8.
 */
export function klLoss(
  parameters: tf.Tensor,
  {priorLambda}: {readonly priorLambda: number},
): tf.Scalar {
  const axes = parameters.rank - 2;
  requireShape(parameters, axes === 3 ? 'N I J K 6' : 'N I J 4', 'klLoss', 'parameters');
  return tf.tidy(() => {
    const [mean, logVariance] = tf.split(parameters, 2, parameters.rank - 1);
    const degree = neighbourCounts(parameters.shape.slice(1, -1));
    const spread = tf.mean(
      tf.sub(tf.mul(tf.mul(degree, tf.exp(logVariance)), priorLambda), logVariance),
    );
    const roughness = Array.from({length: axes}, (_, axis) => {
      const length = mean.shape[axis + 1];
      const [upper] = tf.split(tf.reverse(mean, axis + 1), [length - 1, 1], axis + 1);
      const [lower] = tf.split(mean, [length - 1, 1], axis + 1);
      return tf.mean(tf.squaredDifference(tf.reverse(upper, axis + 1), lower));
    });
    const precision = tf.mul(tf.addN(roughness), priorLambda / 2 / axes);
    return tf.mul(tf.add(spread, precision), axes / 2);
  });
}

/** Number of neighbours of every voxel along the axes: [1, ...shape, 1]. */
function neighbourCounts(shape: readonly number[]): tf.Tensor {
  const counts = shape.map((length, axis) => {
    const line = new Array<number>(shape.length + 2).fill(1);
    line[axis + 1] = length;
    return tf.tensor(
      Float32Array.from({length}, (_, x) => Number(x > 0) + Number(x < length - 1)),
      line,
    );
  });
  return counts.reduce((sum, count) => tf.add(sum, count));
}
