import type {TrainingConfig} from '../config/training-config.js';
import type {ModelDraft} from '../models/model-description.js';
import {describeHyperparameters, describeRecommendations} from './hyperparameters.js';
import type {Recommendation} from './recommend.js';
import type {SettingsChange} from './resume.js';
import {describeGrid} from './training-grid.js';

/** What a trained model says about itself: nothing of when or where, so that equal trainings give equal files. */
export function describeTraining(
  config: TrainingConfig,
  options: {
    readonly steps: number;
    /** The hyperparameters that the last validation chose. */
    readonly chosen?: Recommendation | null;
    /** Settings that were others for the first steps. */
    readonly history?: readonly SettingsChange[];
    readonly toolVersion: string;
  },
): ModelDraft {
  const {architecture, normalisation, loss} = config;
  const {history = [], chosen = null} = options;
  const hyperparameters = describeHyperparameters(config, chosen);
  const recommended = describeRecommendations(config, hyperparameters);
  return {
    architecture,
    grid: describeGrid(config),
    normalisation,
    hyperparameters,
    ...(config.fieldOfView === null ? {} : {fieldOfView: config.fieldOfView}),
    ...(config.stages === null ? {} : {stages: config.stages}),
    ...(recommended === undefined ? {} : {recommended}),
    ...(config.labelWeight === null ? {} : {labelWeight: config.labelWeight}),
    provenance: {
      tool: 'hypermorph',
      toolVersion: options.toolVersion,
      config: {...config},
      data: config.dataDescription,
      steps: options.steps,
      seed: config.seed,
      loss: loss.similarity.kind,
      ...(history.length === 0 ? {} : {history}),
    },
  };
}
