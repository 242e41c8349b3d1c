import * as tf from '@tensorflow/tfjs-core';
import type {TrainingConfig} from '../config/training-config.js';
import {jacobianMeasureOf, SMALLEST_DETERMINANT} from '../evaluation/deformation.js';
import {MEASURE_DETERMINANTS} from '../kernels/measures.js';
import type {KernelRunner} from '../kernels/voxel-operation.js';
import type {ObjectiveOptions} from '../losses/objective.js';
import type {RegistrationNetwork} from '../models/registration-network.js';
import {jacobianDeterminant} from '../ops/jacobian.js';
import {smoothness} from '../ops/smoothness.js';
import {pause} from '../platform.js';
import type {ValidationRow} from '../progress.js';
import {batchInputs} from './batch.js';
import type {HyperparameterValues} from './hyperparameters.js';
import type {ImagePair} from './make-pair.js';
import {trainingShape} from './training-grid.js';

/**
 * Measure a network on fixed pairs, for each lambda.
 *
 * @returns Null where the signal ended it.
 */
export async function validate(
  network: RegistrationNetwork,
  pairs: readonly ImagePair[],
  options: {
    readonly config: TrainingConfig;
    readonly objective: ObjectiveOptions;
    readonly engine: KernelRunner;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<ValidationRow[] | null> {
  const rows: ValidationRow[] = [];
  for (const lambda of options.config.validation.lambdas) {
    const sum = {similarity: 0, smoothness: 0, sdLogJacobian: 0, foldingFraction: 0};
    for (const pair of pairs) {
      await pause();
      if (options.signal?.aborted === true) return null;
      const measured = await measurePair(network, pair, {lambda}, options);
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
  hyperparameters: HyperparameterValues,
  options: {
    readonly config: TrainingConfig;
    readonly objective: ObjectiveOptions;
    readonly engine: KernelRunner;
  },
): Promise<Omit<ValidationRow, 'lambda' | 'total'>> {
  const {config, objective, engine} = options;
  const results = tf.tidy(() => {
    const inputs = batchInputs(config, {pairs: [pair], hyperparameters: [hyperparameters]});
    const {moved, displacement, integrationVelocity} = network.predict(inputs);
    return [
      objective.similarity(inputs.fixed, moved),
      tf.mul(smoothness(integrationVelocity, objective.penalty), objective.smoothnessScale),
      jacobianDeterminant(displacement),
    ];
  });
  const [similarity, rough, determinants] = await Promise.all(results.map((t) => t.data()));
  tf.dispose(results);
  const {sdLogJacobian, foldingFraction} = jacobianMeasureOf(
    engine.run(
      MEASURE_DETERMINANTS,
      determinants as Float32Array,
      trainingShape(config),
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
