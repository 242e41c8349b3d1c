import type {TrainingConfig} from '../config/training-config.js';
import type {OnProgress, StepLosses} from '../progress.js';
import type {RunFolder} from './run-folder.js';
import {learningRateAt} from './schedule.js';

/**
 * Report every step, and write the means of every so many to the run's log.
 *
 * @param firstStep - Steps that were done before this call of the training.
 * @returns To be called after each step, with its number counted from 1.
 */
export function startStepLog(
  firstStep: number,
  {
    config,
    folder,
    onProgress,
  }: {
    readonly config: TrainingConfig;
    readonly folder: RunFolder;
    readonly onProgress?: OnProgress | undefined;
  },
): (step: number, losses: StepLosses) => Promise<void> {
  const {steps, logEverySteps} = config;
  const start = performance.now();
  let sinceLastLine: StepLosses[] = [];
  return async (step, losses) => {
    sinceLastLine.push(losses);
    const millisecondsPerStep = (performance.now() - start) / (step - firstStep);
    onProgress?.({kind: 'step', step, steps, millisecondsPerStep, ...losses});
    if (step % logEverySteps !== 0) return;
    await folder.record({
      kind: 'step',
      step,
      ...meanOf(sinceLastLine),
      learningRate: learningRateAt(step - 1, config),
      millisecondsPerStep: Math.round(millisecondsPerStep),
    });
    sinceLastLine = [];
  };
}

function meanOf(losses: readonly StepLosses[]): StepLosses {
  const mean = (key: keyof StepLosses) =>
    losses.reduce((sum, entry) => sum + entry[key], 0) / losses.length;
  return {total: mean('total'), similarity: mean('similarity'), smoothness: mean('smoothness')};
}
