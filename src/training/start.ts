import type {TrainingConfig} from '../config/training-config.js';
import {initialiseWeights} from '../models/initialise.js';
import {
  completeDescription,
  readModel,
  requireWeights,
  type ModelWeights,
} from '../models/model-file.js';
import {architectureOf} from './architecture-of.js';
import {describeTraining} from './describe.js';
import {balancedWeights} from './initial-weights.js';

/**
 * The weights from which a new training starts.
 *
 * @throws {HypermorphError} As `readModel` of `initialModel`; E_WEIGHTS if it is of another architecture.
 */
export async function startingWeights(config: TrainingConfig): Promise<ModelWeights> {
  const architecture = architectureOf(config);
  if (config.initialModel !== null) {
    const {weights} = await readModel(config.initialModel);
    return requireWeights(architecture, weights, config.initialModel);
  }
  return config.initialisation === 'balanced'
    ? balancedWeights(architecture, config.seed)
    : initialiseWeights(architecture, config.seed);
}

/**
 * Check that a model of these settings can be written, before hours are spent on it.
 *
 * @throws {HypermorphError} E_WEIGHTS that says what the model's description contradicts.
 */
export function requireDescribable(
  config: TrainingConfig,
  weights: ModelWeights,
  toolVersion: string,
): void {
  const draft = describeTraining(config, {steps: 0, toolVersion, date: new Date()});
  completeDescription(draft, weights, 'train');
}
