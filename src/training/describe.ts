import type {TrainingConfig} from '../config/training-config.js';
import {architectureSchema, sizeMultiple, type Architecture} from '../models/architecture.js';
import type {ModelDraft} from '../models/model-description.js';
import {lambdaRange} from './lambda.js';

/** The network's own settings among those of a training. */
export function architectureOf(config: TrainingConfig): Architecture {
  const keys = Object.keys(architectureSchema.shape) as (keyof Architecture)[];
  return architectureSchema.parse(Object.fromEntries(keys.map((key) => [key, config[key]])));
}

/** What a trained model says about itself. */
export function describeTraining(
  config: TrainingConfig,
  options: {readonly steps: number; readonly toolVersion: string; readonly date: Date},
): ModelDraft {
  const architecture = architectureOf(config);
  const {grid, normalisation, loss} = config;
  return {
    architecture,
    grid: {
      spacingMm: grid.spacingMm,
      orientation: grid.orientation,
      multiple: sizeMultiple(architecture),
      trainingShape: grid.shape,
    },
    normalisation,
    hyperparameters:
      architecture.hyperparameters === 0
        ? []
        : [{name: 'lambda', ...lambdaRange(config.lambda), recommended: config.recommendedLambda}],
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
