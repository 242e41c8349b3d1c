import * as tf from '@tensorflow/tfjs-core';
import {requireShape} from '../ops/shapes.js';

/**
 * Kullback-Leibler divergence of a predicted velocity distribution from a smooth prior (up to a constant).
 *
 * N/2 (mean(lambda D e^s - s) + lambda/2 · mean over axes of mean(difference of mu)^2), D the number of grid neighbours.
 *
 * @param parameters - [N, I, J, K, 6] or [N, I, J, 4]: mean, then log-variance.
 * @returns A scalar. The caller disposes it.
 * @see Dalca et al., MICCAI 2018, equation 8.
 * @example
 * import * as tf from '@tensorflow/tfjs-core';
 * import {klLoss} from 'hypermorph';
 * const meanAndLogVariance = tf.zeros([1, 4, 4, 4, 6]);
 * klLoss(meanAndLogVariance, {priorLambda: 10}).shape; // []
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
