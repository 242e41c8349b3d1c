import * as tf from '@tensorflow/tfjs-core';
import {HypermorphError} from '../errors.js';
import {lncc, type LnccOptions} from '../ops/lncc.js';
import {requireSameShape} from '../ops/shapes.js';
import {squaredError} from '../ops/squared-error.js';

/** A loss between the fixed and the moved image: one number per item, smaller is better. The caller disposes it. */
export type SimilarityLoss = (fixed: tf.Tensor, moved: tf.Tensor) => tf.Tensor1D;

/**
 * Mean squared error over the variance of the noise: mean((fixed - moved)^2) / sigma^2.
 *
 * @param sigma - Standard deviation of the image noise, > 0; the original trains with 0.05.
 * @example
 * import * as tf from '@tensorflow/tfjs-core';
 * import {mseLoss} from 'hypermorph';
 * const loss = mseLoss(0.5);
 * loss(tf.zeros([1, 4, 4, 4, 1]), tf.ones([1, 4, 4, 4, 1])).dataSync(); // [4]
 */
export function mseLoss(sigma: number): SimilarityLoss {
  if (!(sigma > 0)) {
    throw new HypermorphError('E_RANGE', `mseLoss: sigma must be above 0, got ${sigma}.`);
  }
  return (fixed, moved) => tf.tidy(() => tf.mul(squaredError(fixed, moved), 1 / sigma ** 2));
}

/**
 * Local normalised cross-correlation as a loss: -mean(cc), in [-1, 0].
 *
 * @example
 * import * as tf from '@tensorflow/tfjs-core';
 * import {lnccLoss} from 'hypermorph';
 * const image = tf.randomUniform([1, 12, 12, 12, 1], 0, 1, 'float32', 1);
 * const loss = lnccLoss({window: 5});
 * loss(image, image).dataSync(); // [-1]
 */
export function lnccLoss(options: LnccOptions = {}): SimilarityLoss {
  return (fixed, moved) => tf.tidy(() => tf.neg(lncc(fixed, moved, options)));
}

/**
 * Tukey's biweight, which stops counting differences above `c`: mean of c^2/2 (1 - (1 - e^2/c^2)^3).
 *
 * @param c - Intensity difference, > 0.
 * @see Beaton & Tukey, Technometrics 1974.
 * @example
 * import * as tf from '@tensorflow/tfjs-core';
 * import {tukeyLoss} from 'hypermorph';
 * const loss = tukeyLoss(1);
 * loss(tf.zeros([1, 4, 4, 4, 1]), tf.fill([1, 4, 4, 4, 1], 9)).dataSync(); // [0.5]
 */
export function tukeyLoss(c: number): SimilarityLoss {
  if (!(c > 0)) throw new HypermorphError('E_RANGE', `tukeyLoss: c must be above 0, got ${c}.`);
  return (fixed, moved) => {
    requireSameShape(fixed, moved, 'tukeyLoss', 'fixed and moved');
    return tf.tidy(() => {
      const ratio = tf.minimum(tf.div(tf.squaredDifference(fixed, moved), c ** 2), 1);
      const remainder = tf.sub(1, ratio);
      const rho = tf.sub(1, tf.mul(tf.square(remainder), remainder));
      const voxels = fixed.shape.map((_, axis) => axis).slice(1);
      return tf.mul<tf.Tensor1D>(tf.mean(rho, voxels), c ** 2 / 2);
    });
  };
}
