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
      ...meansOf(sinceLastLine),
      learningRate: learningRateAt(step - 1, config),
      millisecondsPerStep: Math.round(millisecondsPerStep),
    });
    sinceLastLine = [];
  };
}

function meansOf(losses: readonly StepLosses[]): StepLosses {
  const mean = (values: readonly number[]) =>
    values.reduce((sum, value) => sum + value, 0) / values.length;
  const meanOf = (key: 'total' | 'similarity' | 'smoothness') =>
    mean(losses.map((entry) => entry[key]));
  const labels = losses.flatMap((entry) => entry.labels ?? []);
  const labelling = losses.flatMap((entry) => entry.labelling ?? []);
  return {
    total: meanOf('total'),
    similarity: meanOf('similarity'),
    ...(labels.length > 0 && {labels: mean(labels)}),
    smoothness: meanOf('smoothness'),
    ...(labelling.length > 0 && {labelling: mean(labelling)}),
  };
}
