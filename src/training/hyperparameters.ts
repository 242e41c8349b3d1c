import * as tf from '@tensorflow/tfjs-core';
import type {TrainingConfig} from '../config/training-config.js';
import {
  distributionOf,
  weightRange,
  type WeightDistribution,
} from '../config/weight-distribution.js';
import type {Architecture} from '../models/architecture.js';
import type {HyperparameterSpec} from '../models/hyperparameters.js';
import type {ModelDescription} from '../models/model-description.js';
import type {Random} from '../random.js';
import {drawWeight} from './draw-weight.js';
import type {Recommendation} from './recommend.js';

/** What is drawn for every pair: the objective weighs by it, and a network may see it. */
interface TrainedHyperparameter {
  readonly name: 'lambda' | 'labels';
  readonly distributionIn: (config: TrainingConfig) => WeightDistribution;
  /** What the model says to use, where its range has it; null leaves it to the validation. */
  readonly recommendedIn: (config: TrainingConfig) => number | null;
  /** Where no validation chose. */
  readonly usual: number;
  /** At which values a network that sees it is validated. */
  readonly validatedIn: (config: TrainingConfig) => readonly number[];
}

const LAMBDA: TrainedHyperparameter = {
  name: 'lambda',
  distributionIn: ({lambda}) => lambda,
  recommendedIn: ({recommendedLambda}) => recommendedLambda,
  usual: 0.3,
  validatedIn: ({validation}) => validation.lambdas,
};

const LABELS: TrainedHyperparameter = {
  name: 'labels',
  distributionIn: ({loss}) => distributionOf(loss.labels),
  recommendedIn: ({recommendedLabels}) => recommendedLabels,
  usual: 0.5,
  validatedIn: ({validation}) => validation.labels,
};

/** In the order of the network's input, which takes the first `architecture.hyperparameters` of them. */
const TRAINED = [LAMBDA, LABELS];

/** Values by name, those that the network does not see as well. */
export type HyperparameterValues = Readonly<Record<TrainedHyperparameter['name'], number>>;

/** The hyperparameters of one pair. */
export function drawHyperparameters(config: TrainingConfig, random: Random): HyperparameterValues {
  const draw = ({distributionIn}: TrainedHyperparameter) =>
    drawWeight(distributionIn(config), random);
  return {lambda: draw(LAMBDA), labels: draw(LABELS)};
}

/**
 * The hyperparameters of the network that is trained, as its model lists them.
 *
 * @param chosen - By the validation.
 */
export function describeHyperparameters(
  config: TrainingConfig,
  chosen: Recommendation | null = null,
): HyperparameterSpec[] {
  return seenBy(config.architecture).map(({name, distributionIn, recommendedIn, usual}) => {
    const {minimum, maximum} = weightRange(distributionIn(config));
    const wanted = recommendedIn(config) ?? chosen?.[name] ?? usual;
    const recommended = Math.min(Math.max(wanted, minimum), maximum);
    return {name, minimum, maximum, recommended};
  });
}

/** With which hyperparameters a network does best on some kinds of data, as its model lists them. */
export function describeRecommendations(
  config: TrainingConfig,
  specs: readonly HyperparameterSpec[],
): ModelDescription['recommended'] {
  const kinds = Object.entries(config.recommendedFor);
  if (kinds.length === 0) return undefined;
  const seen = seenBy(config.architecture);
  return Object.fromEntries(
    kinds.map(([data, values]) => [
      data,
      {overall: seen.map(({name}, n) => values[name] ?? specs[n].recommended ?? NaN)},
    ]),
  );
}

/** At which values a network is validated: at each lambda, for each weight of the labels that it is asked for. */
export function validatedHyperparameters(config: TrainingConfig): HyperparameterValues[] {
  const lambdas = LAMBDA.validatedIn(config);
  const weights = seesLabels(config.architecture)
    ? LABELS.validatedIn(config)
    : [weightRange(LABELS.distributionIn(config)).minimum];
  return weights.flatMap((labels) => lambdas.map((lambda) => ({lambda, labels})));
}

/** Whether the weight of the labels is an input of the network. */
export function seesLabels(architecture: Architecture): boolean {
  return seenBy(architecture).includes(LABELS);
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
