import * as tf from '@tensorflow/tfjs-core';
import {jacobianMeasureOf, SMALLEST_DETERMINANT} from '../evaluation/deformation.js';
import {MEASURE_DETERMINANTS} from '../kernels/measures.js';
import type {KernelRunner} from '../kernels/voxel-operation.js';
import {type ObjectiveOptions} from '../losses/objective.js';
import type {RegistrationNetwork} from '../models/registration-network.js';
import {jacobianDeterminant} from '../ops/jacobian.js';
import type {ValidationRow} from '../progress.js';
import {smoothness} from '../ops/smoothness.js';
import type {Triple} from '../geometry/triple.js';
import type {ImagePair} from './make-pair.js';

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
    readonly engine: KernelRunner;
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
  options: {
    readonly shape: Triple;
    readonly objective: ObjectiveOptions;
    readonly engine: KernelRunner;
  },
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
  const {sdLogJacobian, foldingFraction} = jacobianMeasureOf(
    options.engine.run(
      MEASURE_DETERMINANTS,
      determinants as Float32Array,
      options.shape,
      null,
      SMALLEST_DETERMINANT,
    ),
  );
  return {
    similarity: similarity[0],
    smoothness: rough[0],
    sdLogJacobian: sdLogJacobian ?? NaN,
    foldingFraction: foldingFraction ?? NaN,
  };
}

/** Images as one batch: [N, I, J, K, 1], or [N, I, J, 1] of planes. The tensor may share the memory of a single image. */
export function imageTensor(
  images: readonly Float32Array[],
  shape: Triple,
  dimensions: 2 | 3,
): tf.Tensor {
  const size = shape.slice(0, dimensions);
  return tf.tensor(joinImages(images), [images.length, ...size, 1], 'float32');
}

function joinImages(images: readonly Float32Array[]): Float32Array {
  if (images.length === 1) return images[0];
  const joined = new Float32Array(images.length * images[0].length);
  for (const [n, image] of images.entries()) joined.set(image, n * image.length);
  return joined;
}
