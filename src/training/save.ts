import type {TrainingConfig} from '../config/training-config.js';
import {writeModel, type ModelWeights} from '../models/model-file.js';
import {requireFinite, weightsOf, writeCheckpoint} from './checkpoint.js';
import {describeTraining} from './describe.js';
import type {RunFolder} from './run-folder.js';
import type {RunState} from './run-state.js';

/** What the files of a training need beside its state. */
interface SaveOptions {
  readonly config: TrainingConfig;
  readonly toolVersion: string;
  readonly folder: RunFolder;
}

/**
 * Write the checkpoint and the model of a training as it stands.
 *
 * @throws {HypermorphError} E_RANGE if a weight is no longer finite; then the earlier ones stay.
 */
export async function saveRun(run: RunState, options: SaveOptions): Promise<void> {
  const {network, optimiser, step, random, best, chosen, history} = run;
  const {folder, config} = options;
  const weights = await weightsOf(network);
  requireFinite(weights, {step, hint: await wayOn(folder)});
  await writeCheckpoint(folder.checkpoint, weights, optimiser, {
    ...{step, random: random.state, best, chosen, config, history},
  });
  await writeTrained(folder.model, weights, run, options);
}

/** Write the model of a training as that which did best so far. */
export async function saveBest(run: RunState, options: SaveOptions): Promise<void> {
  await writeTrained(options.folder.best, await weightsOf(run.network), run, options);
}

/** What to do once the numbers are no longer finite. */
export async function wayOn(folder: RunFolder): Promise<string> {
  return (await folder.hasCheckpoint())
    ? `The last good checkpoint stays in ${folder.checkpoint}; lower optimiser.learningRate and resume the run.`
    : 'Lower optimiser.learningRate and start again; there is no checkpoint yet.';
}

async function writeTrained(
  path: string,
  weights: ModelWeights,
  {step: steps, chosen, history}: RunState,
  {config, toolVersion}: SaveOptions,
): Promise<void> {
  const description = describeTraining(config, {steps, chosen, history, toolVersion});
  await writeModel(path, {description, weights}, {storage: config.storage});
}
