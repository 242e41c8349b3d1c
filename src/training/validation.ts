import * as tf from '@tensorflow/tfjs-core';
import {type ObjectiveOptions} from '../losses/objective.js';
import type {RegistrationNetwork} from '../models/registration-network.js';
import {jacobianDeterminant, SMALLEST_DETERMINANT} from '../ops/jacobian.js';
import {smoothness} from '../ops/smoothness.js';
import type {Triple} from '../volume/volume.js';
import type {ImagePair} from './make-pair.js';

/** What one lambda gives, averaged over the validation pairs. */
export interface ValidationRow {
  readonly lambda: number;
  readonly total: number;
  /** Not weighted by 1 - lambda. */
  readonly similarity: number;
  /** Not weighted by lambda. */
  readonly smoothness: number;
  /** Standard deviation of ln(max(J, 1e-9)), J the Jacobian determinant. */
  readonly sdLogJacobian: number;
  /** Share of voxels whose Jacobian determinant is 0 or less. */
  readonly foldingFraction: number;
}

/**
 * Measure a network on fixed pairs, for each lambda.
 *
 * @returns Null where the signal ended it.
 */
export async function validate(
  network: RegistrationNetwork,
  pairs: readonly ImagePair[],
  options: {
    readonly lambdas: readonly number[];
    readonly shape: Triple;
    readonly objective: ObjectiveOptions;
    /** Called between pairs. */
    readonly pause: () => Promise<void>;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<ValidationRow[] | null> {
  const rows: ValidationRow[] = [];
  for (const lambda of options.lambdas) {
    const sum = {similarity: 0, smoothness: 0, sdLogJacobian: 0, foldingFraction: 0};
    for (const pair of pairs) {
      await options.pause();
      if (options.signal?.aborted === true) return null;
      const measured = await measurePair(network, pair, lambda, options);
      for (const key of Object.keys(sum) as (keyof typeof sum)[]) {
        sum[key] += measured[key] / pairs.length;
      }
    }
    const total = (1 - lambda) * sum.similarity + lambda * sum.smoothness;
    rows.push({lambda, total, ...sum});
  }
  return rows;
}

async function measurePair(
  network: RegistrationNetwork,
  pair: ImagePair,
  lambda: number,
  options: {readonly shape: Triple; readonly objective: ObjectiveOptions},
): Promise<Omit<ValidationRow, 'lambda' | 'total'>> {
  const {objective} = options;
  const results = tf.tidy(() => {
    const moving = imageTensor([pair.moving], options.shape, network.architecture.dimensions);
    const fixed = imageTensor([pair.fixed], options.shape, network.architecture.dimensions);
    const {moved, displacement, integrationVelocity} = network.predict(
      network.architecture.hyperparameters > 0
        ? {moving, fixed, hyperparameters: tf.tensor2d([[lambda]])}
        : {moving, fixed},
    );
    return [
      objective.similarity(fixed, moved),
      tf.mul(smoothness(integrationVelocity, objective.penalty), objective.smoothnessScale),
      jacobianDeterminant(displacement),
    ];
  });
  const [similarity, rough, determinants] = await Promise.all(results.map((t) => t.data()));
  tf.dispose(results);
  let folds = 0;
  let sum = 0;
  let squares = 0;
  for (const determinant of determinants) {
    if (determinant <= 0) folds++;
    const log = Math.log(Math.max(determinant, SMALLEST_DETERMINANT));
    sum += log;
    squares += log * log;
  }
  const mean = sum / determinants.length;
  return {
    similarity: similarity[0],
    smoothness: rough[0],
    sdLogJacobian: Math.sqrt(Math.max(0, squares / determinants.length - mean * mean)),
    foldingFraction: folds / determinants.length,
  };
}

/** Images as one batch: [N, I, J, K, 1], or [N, I, J, 1] of planes. */
export function imageTensor(
  images: readonly Float32Array[],
  shape: Triple,
  dimensions: 2 | 3,
): tf.Tensor {
  const size = shape.slice(0, dimensions);
  return tf.tidy(() =>
    tf.concat(images.map((image) => tf.tensor(image, [1, ...size, 1], 'float32'))),
  );
}
