import * as tf from '@tensorflow/tfjs-core';
import type {TrainingConfig} from '../config/training-config.js';
import type {Architecture} from '../models/architecture.js';
import type {HyperparameterSpec} from '../models/hyperparameters.js';
import type {Random} from '../random.js';
import {drawLambda, lambdaRange} from './lambda.js';

/** What is drawn for every pair: the objective weighs by it, and a network may see it. */
interface TrainedHyperparameter {
  readonly name: 'lambda';
  readonly draw: (config: TrainingConfig, random: Random) => number;
  /** For the model's description. */
  readonly describe: (config: TrainingConfig) => Omit<HyperparameterSpec, 'name'>;
}

/** In the order of the network's input, which takes the first `architecture.hyperparameters` of them. */
const TRAINED: readonly TrainedHyperparameter[] = [
  {
    name: 'lambda',
    draw: ({lambda}, random) => drawLambda(lambda, random),
    describe: ({lambda, recommendedLambda}) => {
      const {minimum, maximum} = lambdaRange(lambda);
      const recommended = Math.min(Math.max(recommendedLambda, minimum), maximum);
      return {minimum, maximum, recommended};
    },
  },
];

/** Values by name, those that the network does not see as well. */
export type HyperparameterValues = Readonly<Record<TrainedHyperparameter['name'], number>>;

/** The hyperparameters of one pair. */
export function drawHyperparameters(config: TrainingConfig, random: Random): HyperparameterValues {
  const values = TRAINED.map(({name, draw}) => [name, draw(config, random)] as const);
  return Object.fromEntries(values) as HyperparameterValues;
}

/** The hyperparameters of the network that is trained, as its model lists them. */
export function describeHyperparameters(config: TrainingConfig): HyperparameterSpec[] {
  return seenBy(config.architecture).map(({name, describe}) => ({name, ...describe(config)}));
}

/**
 * What the network sees of the hyperparameters of a batch.
 *
 * @returns A tensor [N, hyperparameters] that the caller disposes; nothing for a network without any.
 */
export function hyperparameterInput(
  architecture: Architecture,
  batch: readonly HyperparameterValues[],
): {readonly hyperparameters?: tf.Tensor2D} {
  const seen = seenBy(architecture);
  if (seen.length === 0) return {};
  return {hyperparameters: tf.tensor2d(batch.map((values) => seen.map(({name}) => values[name])))};
}

function seenBy({hyperparameters}: Architecture): readonly TrainedHyperparameter[] {
  return TRAINED.slice(0, hyperparameters);
}
