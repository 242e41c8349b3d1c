import type {TrainingConfig} from '../config/training-config.js';
import {HypermorphError} from '../errors.js';
import {initialiseWeights} from '../models/initialise.js';
import {
  completeDescription,
  readModel,
  requireWeights,
  type ModelWeights,
  type WeightTensor,
} from '../models/model-file.js';
import {isOfLabeller} from '../models/weight-specs.js';
import {describeTraining} from './describe.js';
import {balancedWeights} from './initial-weights.js';

/**
 * The weights from which a new training starts; a model of them could be written.
 *
 * @throws {HypermorphError} As `readModel` of `initialModel`; E_WEIGHTS if it is of another architecture, or as
 *   `requireDescribable`.
 */
export async function startingWeights(
  config: TrainingConfig,
  toolVersion: string,
): Promise<ModelWeights> {
  const weights = await weightsToStartFrom(config);
  requireDescribable(config, weights, toolVersion);
  return weights;
}

async function weightsToStartFrom(config: TrainingConfig): Promise<ModelWeights> {
  const {architecture, initialModel, initialisation, seed} = config;
  if (initialModel === null) {
    return initialisation === 'balanced'
      ? balancedWeights(architecture, seed)
      : initialiseWeights(architecture, seed);
  }
  try {
    const {description, weights} = await readModel(initialModel);
    const lacksLabeller = description.architecture.labeller === undefined;
    const fresh = lacksLabeller ? labellerWeights(architecture, seed) : [];
    return requireWeights(architecture, new Map([...weights, ...fresh]), initialModel);
  } catch (error) {
    if (!(error instanceof HypermorphError)) throw error;
    const {hint = 'Name a model of the same architecture, or set initialModel to null.'} = error;
    throw new HypermorphError(error.code, `initialModel: ${error.message}`, {cause: error, hint});
  }
}

/** What a labeller starts from beside a network that had none. */
function labellerWeights(
  architecture: TrainingConfig['architecture'],
  seed: number,
): [string, WeightTensor][] {
  return [...initialiseWeights(architecture, seed)].filter(([name]) => isOfLabeller(name));
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
  const draft = describeTraining(config, {steps: 0, toolVersion});
  completeDescription(draft, weights, 'train');
}
