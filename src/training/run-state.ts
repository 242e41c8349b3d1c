import type {TrainingConfig} from '../config/training-config.js';
import {RegistrationNetwork} from '../models/registration-network.js';
import {Adam} from '../optimisers/adam.js';
import {Random} from '../random.js';
import {readCheckpoint, restoreOptimiser} from './checkpoint.js';
import type {Recommendation} from './recommend.js';
import type {SettingsChange} from './resume.js';
import {requireDescribable, startingWeights} from './start.js';

/** What a training changes from step to step; with the configuration, everything that decides how it goes on. */
export interface RunState {
  readonly network: RegistrationNetwork;
  readonly optimiser: Adam;
  readonly random: Random;
  /** Steps done. */
  step: number;
  /** The lowest validation loss so far. */
  best: number | null;
  /** What the last validation would have the model recommend. */
  chosen: Recommendation | null;
  /** Settings that were changed on the way. */
  readonly history: readonly SettingsChange[];
}

/** A training that begins. The caller ends it with `disposeRun`. */
export async function startRun(config: TrainingConfig, toolVersion: string): Promise<RunState> {
  const weights = await startingWeights(config, toolVersion);
  return {
    network: RegistrationNetwork.fromWeights(config.architecture, weights),
    optimiser: new Adam(config.optimiser),
    random: new Random(config.seed),
    step: 0,
    best: null,
    chosen: null,
    history: [],
  };
}

/** A training that goes on from a checkpoint, as if it had never stopped. The caller ends it with `disposeRun`. */
export async function resumeRun(
  checkpointPath: string,
  config: TrainingConfig,
  toolVersion: string,
): Promise<RunState> {
  const checkpoint = await readCheckpoint(checkpointPath, config);
  const {weights, state} = checkpoint;
  requireDescribable(config, weights, toolVersion);
  const optimiser = new Adam(config.optimiser);
  restoreOptimiser(optimiser, checkpoint);
  return {
    network: RegistrationNetwork.fromWeights(config.architecture, weights),
    optimiser,
    random: new Random(state.random),
    step: state.step,
    best: state.best,
    chosen: state.chosen,
    history: state.history,
  };
}

/** Free what a training holds of its engine. */
export function disposeRun({network, optimiser}: RunState): void {
  network.dispose();
  optimiser.dispose();
}
