import type {TrainingConfig} from '../config/training-config.js';
import type {ModelDraft} from '../models/model-description.js';
import {lambdaRange} from './lambda.js';
import {describeGrid} from './training-grid.js';

/** What a trained model says about itself. */
export function describeTraining(
  config: TrainingConfig,
  options: {readonly steps: number; readonly toolVersion: string; readonly date: Date},
): ModelDraft {
  const {architecture} = config;
  const {normalisation, loss} = config;
  return {
    architecture,
    grid: describeGrid(config),
    normalisation,
    hyperparameters: architecture.hyperparameters === 0 ? [] : [describeLambda(config)],
    provenance: {
      tool: 'hypermorph',
      toolVersion: options.toolVersion,
      date: options.date.toISOString(),
      config: {...config},
      data: config.dataDescription,
      steps: options.steps,
      seed: config.seed,
      loss: loss.similarity.kind,
    },
  };
}

function describeLambda({lambda, recommendedLambda}: TrainingConfig) {
  const {minimum, maximum} = lambdaRange(lambda);
  const recommended = Math.min(Math.max(recommendedLambda, minimum), maximum);
  return {name: 'lambda', minimum, maximum, recommended};
}
