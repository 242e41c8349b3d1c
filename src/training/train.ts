import type {TrainingConfig} from '../config/training-config.js';
import type {KernelRunner} from '../kernels/voxel-operation.js';
import type {ObjectiveOptions} from '../losses/objective.js';
import {similarityLoss} from '../losses/table.js';
import {countParameters} from '../models/weight-specs.js';
import {writeFileAtomically} from '../formats/files.js';
import {pause} from '../platform.js';
import type {OnProgress, StepLosses, ValidationRow} from '../progress.js';
import {batchInputs, disposeInputs, drawBatch, nameBatch} from './batch.js';
import {openData, type TrainingData} from './data.js';
import {recommendFrom} from './recommend.js';
import {RunFolder} from './run-folder.js';
import {disposeRun, resumeRun, startRun, type RunState} from './run-state.js';
import {saveBest, saveRun, wayOn} from './save.js';
import {watchLoss} from './loss-watch.js';
import {learningRateAt} from './schedule.js';
import {trainingStep} from './step.js';
import {startStepLog} from './step-log.js';
import {validate} from './validation.js';
import {drawValidation} from './validation-picture.js';

export interface TrainOptions {
  readonly config: TrainingConfig;
  /** Folder of the run; created. */
  readonly output: string;
  /** Go on from the folder's checkpoint. */
  readonly resume?: boolean;
  readonly engine: KernelRunner;
  /** Memory that it may take; all of the machine's unless told. */
  readonly memoryBytes?: number | undefined;
  readonly toolVersion: string;
  /** Once aborted, the step in hand is finished, a validation given up, a checkpoint written, and the training ends. */
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: OnProgress | undefined;
}

export interface TrainingSummary {
  readonly outcome: 'finished' | 'interrupted';
  readonly step: number;
  readonly model: string;
  readonly checkpoint: string;
  /** Null without validation. */
  readonly best: string | null;
}

/** What stays the same in all steps. */
interface Training extends TrainOptions {
  readonly folder: RunFolder;
  readonly data: TrainingData;
  readonly objective: ObjectiveOptions;
}

/**
 * Train a network as a configuration says.
 *
 * The same configuration and engine give the same model, also where the training was stopped and resumed in between.
 *
 * @returns Where the model lies; `interrupted` where the signal ended it, with a checkpoint to go on from.
 * @throws {HypermorphError} E_USAGE, E_CONFIG, errors of reading data; E_RANGE if the loss is no longer finite: then the
 *   last good checkpoint stays.
 */
export async function train(options: TrainOptions): Promise<TrainingSummary> {
  const {config, toolVersion, resume = false} = options;
  const folder = new RunFolder(options.output);
  const release = await folder.own();
  try {
    await folder.requireUsable({resume});
    const run = resume
      ? await resumeRun(folder.checkpoint, config, toolVersion)
      : await startRun(config, toolVersion);
    try {
      const data = await openData(options);
      await folder.begin(config, run.step);
      return await runSteps(run, {...options, folder, data, objective: objectiveOf(config)});
    } finally {
      disposeRun(run);
    }
  } finally {
    await release();
  }
}

function objectiveOf({loss, architecture}: TrainingConfig): ObjectiveOptions {
  const {similarity, penalty, smoothnessScale} = loss;
  return {
    similarity: similarityLoss(similarity),
    penalty,
    smoothnessScale: smoothnessScale ?? architecture.integrationResolution,
  };
}

async function runSteps(run: RunState, training: Training): Promise<TrainingSummary> {
  const {config, folder, signal, onProgress} = training;
  const {steps, checkpointEverySteps} = config;
  const parameters = countParameters(config.architecture);
  onProgress?.({kind: 'start', parameters, step: run.step, steps});
  // A run that was stopped during a validation has it still to do.
  if (!(await folder.hasLogged('validation', run.step))) await validateWhereDue(run, training);
  const log = startStepLog(run.step, training);
  const watch = watchLoss();
  let savedStep = -1;
  while (run.step < steps && signal?.aborted !== true) {
    const losses = await takeStep(run, training, watch);
    await log(run.step, losses);
    await validateWhereDue(run, training);
    if (run.step % checkpointEverySteps === 0) savedStep = await checkpoint(run, training);
    await pause();
  }
  if (savedStep !== run.step) await checkpoint(run, training);
  return {
    outcome: run.step < steps ? 'interrupted' : 'finished',
    step: run.step,
    model: folder.model,
    checkpoint: folder.checkpoint,
    best: run.best === null ? null : folder.best,
  };
}

/** Draw a batch and learn from it. */
async function takeStep(
  run: RunState,
  training: Training,
  watch: ReturnType<typeof watchLoss>,
): Promise<StepLosses> {
  const {config, data, objective, folder, onProgress} = training;
  const batch = await drawBatch(config, data.draw, run.random);
  const inputs = batchInputs(config, batch);
  const learningRate = learningRateAt(run.step, config);
  const {trains} = config;
  const how = {...objective, learningRate, trains};
  const losses = trainingStep(run.network, run.optimiser, inputs, how);
  disposeInputs(inputs);
  run.step++;
  const place = {step: run.step, pairs: nameBatch(batch), wayOn: await wayOn(folder)};
  const text = watch(losses.total, place);
  if (text !== null) onProgress?.({kind: 'warning', text});
  return losses;
}

/** Every so many steps, and after the last: measure, and keep the model that did best. */
async function validateWhereDue(run: RunState, training: Training): Promise<void> {
  const {config, data, folder, onProgress} = training;
  const {step} = run;
  const isDue = step > 0 && (step % config.validation.everySteps === 0 || step === config.steps);
  if (!isDue || data.validation.length === 0) return;
  const found = await validate(run.network, data.validation, training);
  if (found === null) return;
  const {rows, moved} = found;
  const best = recommendFrom(rows);
  run.chosen = best && {lambda: best.lambda, labels: best.labels};
  onProgress?.({kind: 'validation', step, rows});
  const picture = await drawValidation(data.validation[0], moved, {...training, step});
  if (picture !== null) await writeFileAtomically(folder.picture, picture);
  await folder.record({kind: 'validation', step, rows});
  const loss = validationLoss(rows, config);
  if (!(loss < (run.best ?? Infinity))) return;
  run.best = loss;
  await saveBest(run, training);
}

/** What the best model has least of: the objective, or the overlap that a labeller lacks where that alone is trained. */
function validationLoss(rows: readonly ValidationRow[], {trains}: TrainingConfig): number {
  const losses = rows.map(({total, labellerDice = 0}) =>
    trains === 'labeller' ? 1 - labellerDice : total,
  );
  return losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
}

/** Write everything to go on from; the step at which it stands. */
async function checkpoint(run: RunState, training: Training): Promise<number> {
  const {folder, onProgress} = training;
  await saveRun(run, training);
  onProgress?.({kind: 'checkpoint', step: run.step, path: folder.checkpoint});
  return run.step;
}
