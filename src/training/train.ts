import * as tf from '@tensorflow/tfjs-core';
import type {KernelRunner} from '../kernels/voxel-operation.js';
import type {TrainingConfig} from '../config/training-config.js';
import {HypermorphError} from '../errors.js';
import type {ObjectiveOptions} from '../losses/objective.js';
import {similarityLoss} from '../losses/table.js';
import {writeModel, type ModelWeights} from '../models/model-file.js';
import {RegistrationNetwork} from '../models/registration-network.js';
import {countParameters} from '../models/weight-specs.js';
import {pause} from '../platform.js';
import type {OnProgress, StepLosses} from '../progress.js';
import {Random} from '../random.js';
import {Adam} from '../optimisers/adam.js';
import {
  readCheckpoint,
  requireFinite,
  restoreOptimiser,
  restoreRandom,
  weightsOf,
  writeCheckpoint,
} from './checkpoint.js';
import {describeTraining} from './describe.js';
import {ImageStore} from './images.js';
import {drawLambda} from './lambda.js';
import {LossWindow} from './loss-window.js';
import type {ImagePair} from './make-pair.js';
import {openSources, type PairSource} from './pair-source.js';
import {RunFolder} from './run-folder.js';
import {learningRateAt} from './schedule.js';
import {requireDescribable, startingWeights} from './start.js';
import {trainingStep} from './step.js';
import {trainingShape} from './training-grid.js';
import {imageTensor, validate} from './validation.js';

export interface TrainOptions {
  readonly config: TrainingConfig;
  /** Folder of the run; created. */
  readonly output: string;
  /** Go on from the folder's checkpoint. */
  readonly resume?: boolean;
  readonly engine: KernelRunner;
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
  const folder = new RunFolder(options.output);
  await folder.requireUsable({resume: options.resume === true});
  const data = await openData(options);
  const run = await TrainingRun.begin(folder, data, options);
  try {
    await folder.begin(options.config, run.step);
    return await run.go();
  } finally {
    run.dispose();
  }
}

/** The pairs of a training. */
export interface TrainingData {
  readonly draw: PairSource;
  readonly validation: readonly ImagePair[];
}

/** Read all images that a configuration names; what a dry run does too. */
export async function openData(
  options: Pick<TrainOptions, 'config' | 'engine' | 'onProgress'>,
): Promise<TrainingData> {
  const {config, engine, onProgress} = options;
  const store = new ImageStore(config, engine);
  const draw = await openSources(config.sources, config, {
    store,
    engine,
    where: 'sources',
    augment: true,
  });
  const validation: ImagePair[] = [];
  if (config.validation.sources.length > 0) {
    const drawValidation = await openSources(config.validation.sources, config, {
      store,
      engine,
      where: 'validation.sources',
      augment: false,
    });
    const random = new Random(config.seed);
    for (let n = 0; n < config.validation.pairs; n++) validation.push(drawValidation(random));
  }
  for (const text of store.warnings) onProgress?.({kind: 'warning', text});
  return {draw, validation};
}

/** The objective that a configuration asks for. */
export function objectiveOf({loss, architecture}: TrainingConfig): ObjectiveOptions {
  const {similarity, penalty, smoothnessScale} = loss;
  return {
    similarity: similarityLoss(similarity),
    penalty,
    smoothnessScale: smoothnessScale ?? architecture.integrationResolution,
  };
}

class TrainingRun {
  readonly #options: TrainOptions;
  readonly #folder: RunFolder;
  readonly #data: TrainingData;
  readonly #network: RegistrationNetwork;
  readonly #optimiser: Adam;
  readonly #random: Random;
  readonly #objective: ObjectiveOptions;
  #step: number;
  #best: number | null;
  #savedStep: number;
  #hasCheckpoint: boolean;

  static async begin(
    folder: RunFolder,
    data: TrainingData,
    options: TrainOptions,
  ): Promise<TrainingRun> {
    const {config} = options;
    const {architecture} = config;
    const optimiser = new Adam(config.optimiser);
    if (options.resume !== true) {
      const weights = await startingWeights(config, options.toolVersion);
      const network = RegistrationNetwork.fromWeights(architecture, weights);
      return new TrainingRun(options, folder, data, {
        network,
        optimiser,
        random: new Random(config.seed),
        step: 0,
        best: null,
      });
    }
    const checkpoint = await readCheckpoint(folder.checkpoint, architecture);
    requireDescribable(config, checkpoint.weights, options.toolVersion);
    restoreOptimiser(optimiser, checkpoint);
    return new TrainingRun(options, folder, data, {
      network: RegistrationNetwork.fromWeights(architecture, checkpoint.weights),
      optimiser,
      random: restoreRandom(checkpoint.state),
      step: checkpoint.state.step,
      best: checkpoint.state.best,
    });
  }

  private constructor(
    options: TrainOptions,
    folder: RunFolder,
    data: TrainingData,
    start: {
      readonly network: RegistrationNetwork;
      readonly optimiser: Adam;
      readonly random: Random;
      readonly step: number;
      readonly best: number | null;
    },
  ) {
    this.#options = options;
    this.#folder = folder;
    this.#data = data;
    this.#network = start.network;
    this.#optimiser = start.optimiser;
    this.#random = start.random;
    this.#objective = objectiveOf(options.config);
    this.#step = start.step;
    this.#best = start.best;
    this.#savedStep = -1;
    this.#hasCheckpoint = options.resume === true;
  }

  /** Steps done. */
  get step(): number {
    return this.#step;
  }

  async go(): Promise<TrainingSummary> {
    const {config, signal, onProgress} = this.#options;
    const {steps, checkpointEverySteps, logEverySteps} = config;
    onProgress?.({
      kind: 'start',
      parameters: countParameters(config.architecture),
      step: this.#step,
      steps,
    });
    const window = new LossWindow();
    // A run that was stopped during a validation has it still to do.
    if (!(await this.#folder.hasLogged('validation', this.#step))) await this.#validateWhereDue();
    const firstStep = this.#step;
    const start = performance.now();
    while (this.#step < steps && signal?.aborted !== true) {
      const losses = this.#runStep();
      this.#step++;
      window.add(losses);
      const millisecondsPerStep = (performance.now() - start) / (this.#step - firstStep);
      onProgress?.({kind: 'step', step: this.#step, steps, millisecondsPerStep, ...losses});
      if (this.#step % logEverySteps === 0) {
        await this.#folder.record({
          kind: 'step',
          step: this.#step,
          ...window.take(),
          learningRate: learningRateAt(this.#step - 1, config),
          millisecondsPerStep: Math.round(millisecondsPerStep),
        });
      }
      await this.#validateWhereDue();
      if (this.#step % checkpointEverySteps === 0) await this.#save();
      await pause();
    }
    if (this.#savedStep !== this.#step) await this.#save();
    const {model, checkpoint, best} = this.#folder;
    const outcome = this.#step < steps ? 'interrupted' : 'finished';
    return {
      outcome,
      step: this.#step,
      model,
      checkpoint,
      best: this.#best === null ? null : best,
    };
  }

  dispose(): void {
    this.#network.dispose();
    this.#optimiser.dispose();
  }

  #runStep(): StepLosses {
    const {config} = this.#options;
    const pairs = Array.from({length: config.batch}, () => this.#data.draw(this.#random));
    const lambdas = pairs.map(() => drawLambda(config.lambda, this.#random));
    const shape = trainingShape(config);
    const inputs = {
      moving: imageTensor(
        pairs.map(({moving}) => moving),
        shape,
        config.architecture.dimensions,
      ),
      fixed: imageTensor(
        pairs.map(({fixed}) => fixed),
        shape,
        config.architecture.dimensions,
      ),
      lambda: tf.tensor1d(lambdas, 'float32'),
    };
    const losses = trainingStep(this.#network, this.#optimiser, inputs, {
      ...this.#objective,
      learningRate: learningRateAt(this.#step, config),
    });
    tf.dispose(inputs);
    if (!Number.isFinite(losses.total)) {
      const names = pairs.map(({name}, n) => `${name} at lambda ${lambdas[n].toFixed(3)}`);
      throw new HypermorphError(
        'E_RANGE',
        `training: the loss must be finite, got ${losses.total} in step ${this.#step + 1} (${names.join('; ')}).`,
        {
          hint: this.#wayOn(),
        },
      );
    }
    return losses;
  }

  /** What to do once the numbers are no longer finite. */
  #wayOn(): string {
    return this.#hasCheckpoint
      ? `The last good checkpoint stays in ${this.#folder.checkpoint}; lower optimiser.learningRate and resume the run.`
      : 'Lower optimiser.learningRate and start again; there is no checkpoint yet.';
  }

  async #save(): Promise<void> {
    const weights = await weightsOf(this.#network);
    requireFinite(weights, {step: this.#step, hint: this.#wayOn()});
    await writeCheckpoint(this.#folder.checkpoint, weights, this.#optimiser, {
      step: this.#step,
      random: this.#random.state,
      best: this.#best,
    });
    await this.#writeModel(this.#folder.model, weights);
    this.#savedStep = this.#step;
    this.#hasCheckpoint = true;
    this.#options.onProgress?.({
      kind: 'checkpoint',
      step: this.#step,
      path: this.#folder.checkpoint,
    });
  }

  async #writeModel(path: string, weights: ModelWeights): Promise<void> {
    const {config, toolVersion} = this.#options;
    const description = describeTraining(config, {
      steps: this.#step,
      toolVersion,
      date: new Date(),
    });
    await writeModel(path, {description, weights}, {storage: config.storage});
  }

  /** Every so many steps, and after the last. */
  async #validateWhereDue(): Promise<void> {
    const {steps, validation} = this.#options.config;
    if (this.#step === 0 || this.#data.validation.length === 0) return;
    if (this.#step % validation.everySteps === 0 || this.#step === steps) await this.#validate();
  }

  async #validate(): Promise<void> {
    const {config, engine, signal, onProgress} = this.#options;
    const rows = await validate(this.#network, this.#data.validation, {
      lambdas: config.validation.lambdas,
      shape: trainingShape(config),
      objective: this.#objective,
      engine,
      pause,
      signal,
    });
    if (rows === null) return;
    onProgress?.({kind: 'validation', step: this.#step, rows});
    await this.#folder.record({kind: 'validation', step: this.#step, rows});
    const mean = rows.reduce((sum, {total}) => sum + total, 0) / rows.length;
    if (!(mean < (this.#best ?? Infinity))) return;
    this.#best = mean;
    await this.#writeModel(this.#folder.best, await weightsOf(this.#network));
  }
}
