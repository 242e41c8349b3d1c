import {basename, extname, join} from 'node:path';
import {loadTrainingConfig} from '../config/load-config.js';
import type {TrainingConfig} from '../config/training-config.js';
import type {Engine, EngineName} from '../engines/engine.js';
import {startEngine} from '../engines/select.js';
import {countVoxels} from '../geometry/grid.js';
import {requireMemory, trainingBytes} from '../models/memory.js';
import {countParameters} from '../models/weight-specs.js';
import {memoryLimit} from '../platform.js';
import type {OnProgress} from '../progress.js';
import type {StoreSummary} from '../training/images.js';
import {trainingShape} from '../training/training-grid.js';
import {openData} from '../training/data.js';
import {startingWeights} from '../training/start.js';
import {train, type TrainingSummary} from '../training/train.js';
import {VERSION} from '../version.js';
import type {WorkflowCallbacks} from './register-files.js';
import {trainingReportPath, writeTrainingReport} from './training-report.js';
import {WarningLog} from './warnings.js';

export interface TrainFilesSettings {
  /** A configuration, YAML. */
  readonly config: string;
  /** Settings that replace those of the configuration, `path=value` each. */
  readonly overrides?: readonly string[] | undefined;
  /** Folder of the run; `runs/` and the name of the configuration unless told. */
  readonly output?: string | undefined;
  /** Go on from the checkpoint in that folder. */
  readonly resume?: boolean | undefined;
  readonly engine?: 'auto' | EngineName | undefined;
  readonly threads?: number | undefined;
  /** Memory that the training may take, bytes; all of the machine's unless told. */
  readonly maxMemory?: number | undefined;
}

type TrainingCallbacks = Pick<WorkflowCallbacks, 'onProgress' | 'signal'>;

/**
 * Train a model as a configuration file says; the folder of the run also holds a page about it, made anew with every checkpoint.
 *
 * @throws {HypermorphError} E_CONFIG by path and value; E_ENGINE; errors of `train`.
 *
 * @example
 * import {writeFileSync} from 'node:fs';
 * import {trainFiles} from 'hypermorph';
 * writeFileSync(
 *   'tiny.yaml',
 *   `{architecture: {dimensions: 2, unet: {encoder: [4, 4], decoder: [4, 4]}, hypernetwork: {layers: 1, units: 4}},
 *     grid: {shape: [16, 16]}, steps: 2, sources: [{kind: shapes, maps: 1, labels: 4, scaleVox: 6}],
 *     augmentation: {deformationVox: 1, deformationScaleVox: 8}}`,
 * );
 * const {outcome} = await trainFiles({config: 'tiny.yaml', output: 'run', engine: 'javascript'});
 * outcome; // 'finished'
 */
export async function trainFiles(
  settings: TrainFilesSettings,
  callbacks: TrainingCallbacks = {},
): Promise<TrainingSummary & {readonly steps: number; readonly report: string}> {
  const begun = await begin(settings, callbacks);
  const {config, output} = begun;
  let writing = Promise.resolve();
  const onProgress: OnProgress = (event) => {
    callbacks.onProgress?.(event);
    if (event.kind !== 'checkpoint') return;
    writing = writing.then(() => writeTrainingReport(output, config));
    writing.catch(() => undefined); // is said at the end
  };
  const summary = await train({
    ...{...begun, toolVersion: VERSION, ...callbacks, onProgress},
    resume: settings.resume === true,
  });
  await writing;
  return {...summary, steps: config.steps, report: trainingReportPath(output)};
}

/** What a training would do. */
export interface TrainingPlan extends StoreSummary {
  readonly config: string;
  readonly output: string;
  readonly parameters: number;
  readonly shape: readonly number[];
  readonly sources: readonly string[];
  readonly validationPairs: number;
  readonly steps: number;
}

/**
 * Check the configuration, the model to start from and all images as `trainFiles` does, without training or writing.
 *
 * @example
 * import {planTraining} from 'hypermorph';
 * import {writeFileSync} from 'node:fs';
 * writeFileSync('plan.yaml', '{grid: {shape: [32, 32, 32]}, sources: [{kind: shapes, maps: 1}], steps: 5}');
 * const {steps} = await planTraining({config: 'plan.yaml', engine: 'javascript'});
 * steps; // 5
 */
export async function planTraining(
  settings: TrainFilesSettings,
  callbacks: TrainingCallbacks = {},
): Promise<TrainingPlan> {
  const {config, engine, output, memoryBytes} = await begin(settings, callbacks);
  await startingWeights(config, VERSION);
  const {onProgress} = callbacks;
  const {images} = await openData({config, engine, memoryBytes, onProgress});
  return {
    config: settings.config,
    output,
    parameters: countParameters(config.architecture),
    shape: config.grid.shape,
    sources: config.sources.map(({kind}) => kind),
    validationPairs: config.validation.sources.length === 0 ? 0 : config.validation.pairs,
    steps: config.steps,
    ...images,
  };
}

async function begin(
  settings: TrainFilesSettings,
  {onProgress}: TrainingCallbacks,
): Promise<{
  readonly config: TrainingConfig;
  readonly engine: Engine;
  readonly output: string;
  readonly memoryBytes: number;
}> {
  const {config: path, engine: name = 'auto', threads, maxMemory = Infinity} = settings;
  const config = await loadTrainingConfig(path, settings.overrides);
  const memoryBytes = Math.min(maxMemory, memoryLimit());
  requireTrainable(config, memoryBytes);
  const engine = await startEngine({engine: name, ...(threads === undefined ? {} : {threads})});
  new WarningLog(onProgress).add(engine.warnings);
  onProgress?.({kind: 'engine', name: engine.name, description: engine.description});
  const output = settings.output ?? join('runs', basename(path, extname(path)));
  return {config, engine, output, memoryBytes};
}

/** Of a weight, its gradient and two moments. */
const WEIGHT_BYTES = 16;

/** Refuse a network or a grid that cannot fit into memory, before anything is made. */
function requireTrainable({architecture, grid, batch}: TrainingConfig, limit: number): void {
  const voxels = batch * countVoxels(trainingShape({grid, architecture}));
  const parameters = countParameters(architecture);
  const bytes = trainingBytes(architecture, voxels) + WEIGHT_BYTES * parameters;
  const what = `train: a network of ${parameters} parameters on ${batch} pairs of ${grid.shape.join('x')} voxels`;
  const hint = 'Make `grid.shape`, `batch` or `architecture` smaller.';
  requireMemory({bytes, what, hint}, limit);
}
