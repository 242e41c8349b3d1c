import {HypermorphError} from '../errors.js';
import type {EngineName, Precision} from '../engines/engine.js';
import type {Bytes} from '../formats/bytes.js';
import {writeFilesAtomically} from '../formats/files.js';
import {gzipBytes} from '../formats/gzip.js';
import {isCompressedName} from '../formats/images/write-image.js';
import type {NamedHyperparameters} from '../models/hyperparameters.js';
import type {OnProgress} from '../progress.js';
import {encodeItkAffine} from '../formats/transforms/itk-text.js';
import {Affine} from '../geometry/affine.js';
import type {AlignmentKind} from '../registration/align/align-pair.js';
import {OUTPUT_KEYS, type OutputKey} from '../registration/outputs.js';
import {requirePlacement} from '../registration/plan.js';
import {foreseeWarnings, WITHOUT_NETWORK, type PerImage} from '../registration/prepare.js';
import type {PairRefinement} from '../registration/refine/refine-pair.js';
import {StageLog} from '../registration/stages.js';
import type {Triple} from '../geometry/triple.js';
import type {ImageInterpolation} from '../transforms/apply.js';
import {encodeRegistration} from './encode-outputs.js';
import {KeptFiles} from './kept-files.js';
import {listOutputs, planPaths, type OutputFile, type OutputPaths} from './output-paths.js';
import {
  hashInputs,
  ofImage,
  readInputs,
  type InputSettings,
  type RegistrationInputs,
} from './registration-inputs.js';
import {buildReport, type Report} from './report.js';
import {modelFiles} from './shipped-models.js';
import {WarningLog} from './warnings.js';

export interface RegisterFilesSettings extends InputSettings {
  /** Where each result goes; without any (and without label maps) the moved image, `<moving>_moved.nii.gz`. */
  readonly outputs?: Readonly<Partial<Record<OutputKey, string | undefined>>> | undefined;
  /** How the moving image is looked up for the moved one; 'linear' unless told. */
  readonly interpolation?: ImageInterpolation | undefined;
  /** Where the report goes, as JSON. */
  readonly report?: string | undefined;
  /** Where the affine goes that brought the images together, as a text file of ITK. */
  readonly affineOut?: string | undefined;
  /** Where the page goes on which a person judges the result. */
  readonly qc?: string | undefined;
  /** Where a small picture of the result goes, beside such a page: PNG. */
  readonly thumbnail?: string | undefined;
  /** Write fields of the world although a header does not say where its voxels lie. */
  readonly assumeOrientation?: boolean | undefined;
  /** What computes; the fastest that loads unless told. */
  readonly engine?: 'auto' | EngineName | undefined;
  readonly precision?: Precision | undefined;
  readonly threads?: number | undefined;
  /** Hash the inputs for the report; true unless told. */
  readonly hashes?: boolean | undefined;
}

/** How a caller watches and stops long work. */
export interface WorkflowCallbacks {
  readonly onProgress?: OnProgress | undefined;
  /** Once aborted, the work ends before its next stage, and nothing is written. */
  readonly signal?: AbortSignal | undefined;
  /** Memory of the process, MiB. */
  readonly memory?: {readonly inUse: () => number; readonly peak: () => number} | undefined;
}

/** How the files of a registration are written. */
interface WritingOptions {
  /** As in `writeFilesAtomically`. */
  readonly writer?: string | undefined;
}

/**
 * Register two image files: read, register, write all files or none.
 *
 * @returns What was done and how well it went; where the report is written too, its file lacks only the time of writing it.
 * @throws {HypermorphError} Errors of reading and of `registerPair`; E_USAGE about names of files; E_ENGINE; E_INTERRUPTED.
 *
 * @example
 * import {registerFiles} from 'hypermorph';
 * const report = await registerFiles({
 *   fixed: 'fixed.nii.gz',
 *   moving: 'moving.nii.gz',
 *   model: 'model.safetensors',
 *   hyperparameters: {lambda: 0.3},
 *   outputs: {moved: 'moved.nii.gz', warp: 'warp.nii.gz'},
 *   engine: 'javascript',
 * });
 * report.outputs; // {moved: 'moved.nii.gz', warp: 'warp.nii.gz'}
 */
export async function registerFiles(
  settings: RegisterFilesSettings,
  callbacks: WorkflowCallbacks = {},
): Promise<Report> {
  const kept = new KeptFiles();
  return registerWith(kept, settings, callbacks).finally(() => kept.dispose());
}

/** The same for one of several registrations, which share what they keep. */
export async function registerWith(
  kept: KeptFiles,
  settings: RegisterFilesSettings,
  callbacks: WorkflowCallbacks & WritingOptions = {},
): Promise<Report> {
  const start = performance.now();
  const {onProgress, signal, memory, writer} = callbacks;
  const paths = await planPathsOf(settings);
  const stages = new StageLog({onProgress, signal, memoryMib: memory?.inUse});
  const warnings = new WarningLog(onProgress);
  const reading = stages.run('read', () => readInputs(settings, kept));
  const loading = import('./computing.js');
  loading.catch(() => undefined); // what is wrong with the inputs is said first
  const inputs = await reading;
  warnings.add(inputs.warnings);

  const {startEngine, openModel, registerPair} = await loading;
  const engine = await stages.run('engine', () => startEngine(engineOptions(settings)));
  warnings.add(engine.warnings);
  onProgress?.({kind: 'engine', name: engine.name, description: engine.description});
  const {assumeOrientation = false, interpolation = 'linear'} = settings;
  const {fixed, moving, labels, hyperparameters, affine, keep, masks} = inputs;
  const background = backgroundsOf(settings);
  const outputs = wantedOutputs(paths);
  const model = inputs.model && (await kept.open(inputs.model, engine.name, openModel));
  const look =
    paths.qc === undefined
      ? null
      : new (await import('./qc-files.js')).QcLook(engine, {
          ...{moving: labels[0], fixed: inputs.fixedLabels},
        });
  const registration = await registerPair({
    ...{fixed, moving, labels, masks, engine, affine, keep},
    ...{background, assumeOrientation, interpolation, outputs, stages, signal},
    model: model ?? WITHOUT_NETWORK,
    hyperparameters: model === null ? [] : hyperparameters,
    refine: refinementOf(inputs),
    onFound: look?.see,
  });
  warnings.add(registration.summary.warnings);

  const {files, hashed} = await stages.run('encode', async () => ({
    files: await compressed([...encodeRegistration(registration, inputs, paths, engine)]),
    hashed: await hashInputs(inputs, settings.hashes === false ? null : kept),
  }));
  const describe = () =>
    buildReport(hashed, registration.summary, {
      engine: {name: engine.name, description: engine.description},
      ...{hyperparameters: inputs.named, recommendedFor: inputs.recommendedFor, interpolation},
      ...{outputs: listOutputs(paths), stages: stages.records, warnings: warnings.texts},
      seconds: (performance.now() - start) / 1000,
      peakMemoryMib: memory?.peak() ?? null,
    });
  const report = paths.report === undefined ? [] : [jsonFile(paths.report, describe())];
  const found = Affine.fromMatrix(registration.summary.affine.matrix);
  const texts =
    paths.affine === undefined ? [] : [{path: paths.affine, content: encodeItkAffine(found)}];
  await stages.run('write', async () => {
    const pages = look === null ? [] : await look.filesOf(paths, describe());
    await writeFilesAtomically([...files, ...texts, ...report, ...pages], {writer});
  });
  return describe(); // with the time of writing, which the report's file cannot hold
}

/** What a registration would do. */
export interface RegistrationPlan {
  readonly fixed: {readonly path: string; readonly shape: Triple};
  readonly moving: {readonly path: string; readonly shape: Triple};
  /** Null: none. */
  readonly model: string | null;
  readonly hyperparameters: NamedHyperparameters;
  /** As in the report. */
  readonly recommendedFor: Report['recommendedFor'];
  readonly affine: AlignmentKind | 'given';
  /** Most steps at each resolution; null: no refinement. */
  readonly refine: 'auto' | number | null;
  readonly keep: 'best' | 'last';
  readonly networkShape: Triple;
  /** An estimate from sizes: what the registration takes at least. */
  readonly memoryBytes: number;
  readonly outputs: Readonly<Record<string, string | readonly string[]>>;
}

/**
 * Check settings, model, images and names of outputs as `registerFiles` does, without registering or writing anything.
 *
 * @example
 * import {planRegistration} from 'hypermorph';
 * const files = {fixed: 'fixed.nii.gz', moving: 'moving.nii.gz', model: 'model.safetensors'};
 * const plan = await planRegistration(files);
 * plan.outputs; // {moved: 'moving_moved.nii.gz'}
 */
export async function planRegistration(
  settings: RegisterFilesSettings,
  callbacks: Pick<WorkflowCallbacks, 'onProgress'> = {},
): Promise<RegistrationPlan> {
  return planWith(new KeptFiles(), settings, callbacks);
}

/** The same for one of several registrations. */
export async function planWith(
  kept: KeptFiles,
  settings: RegisterFilesSettings,
  {onProgress}: Pick<WorkflowCallbacks, 'onProgress'>,
): Promise<RegistrationPlan> {
  const paths = await planPathsOf(settings);
  const inputs = await readInputs(settings, kept);
  const {fixed, moving, labels, model, affine, refine, keep, network, memoryBytes} = inputs;
  const {normalisation} = model?.description ?? WITHOUT_NETWORK;
  const background = backgroundsOf(settings);
  const foreseen = foreseeWarnings({fixed, moving}, {affine, background, normalisation});
  new WarningLog(onProgress).add([...inputs.warnings, ...foreseen]);
  const images = [fixed, moving, ...labels];
  if (settings.assumeOrientation !== true) requirePlacement(images, wantedOutputs(paths));
  return {
    fixed: {path: fixed.path, shape: fixed.shape},
    moving: {path: moving.path, shape: moving.shape},
    model: model?.path ?? null,
    ...{hyperparameters: inputs.named, recommendedFor: inputs.recommendedFor},
    ...{affine: affine instanceof Affine ? 'given' : affine, refine, keep},
    networkShape: network.shape,
    memoryBytes,
    outputs: listOutputs(paths),
  };
}

/** Weight of the smoothness in a refinement after a model that has none. */
const USUAL_LAMBDA = 0.3;

/** The refinement that was asked for; its smoothness is weighed as the network's. */
function refinementOf({refine, hyperparameters}: RegistrationInputs): PairRefinement | null {
  if (refine === null) return null;
  const [lambda = USUAL_LAMBDA] = hyperparameters;
  return {lambda, ...(refine === 'auto' ? {} : {iterations: refine})};
}

function backgroundsOf({background}: RegisterFilesSettings): PerImage {
  return {fixed: ofImage(background, 'fixed'), moving: ofImage(background, 'moving')};
}

function planPathsOf(settings: RegisterFilesSettings): Promise<OutputPaths> {
  const {fixedLabels, labels = [], qc} = settings;
  if (fixedLabels !== undefined && (labels.length === 0 || qc === undefined)) {
    throw new HypermorphError(
      'E_USAGE',
      'register: `labels` and `qc` must be given with `fixedLabels`, which are compared on that page.',
    );
  }
  return planPaths(inputFiles(settings), settings.moving, settings);
}

/** Every file that a registration reads. An affine may also be a kind, and a model none: no file is called so. */
export function inputFiles({model, ...settings}: RegisterFilesSettings): string[] {
  const {fixed, moving, labels = [], fixedLabels, affine, fixedMask, movingMask} = settings;
  const sources = labels.map(({source}) => source);
  return [
    fixed,
    moving,
    ...modelFiles(model),
    affine,
    fixedMask,
    movingMask,
    fixedLabels,
    ...sources,
  ].filter((path) => path !== undefined);
}

function wantedOutputs({outputs}: OutputPaths): readonly OutputKey[] {
  return OUTPUT_KEYS.filter((key) => outputs[key] !== undefined);
}

function engineOptions({engine = 'auto', precision = 'float32', threads}: RegisterFilesSettings) {
  return {engine, precision, ...(threads === undefined ? {} : {threads})};
}

/** Files whose name says so, compressed. */
function compressed(
  files: readonly {readonly path: string; readonly content: Bytes}[],
): Promise<OutputFile[]> {
  return Promise.all(
    files.map(async ({path, content}) => ({
      path,
      content: isCompressedName(path) ? await gzipBytes(content) : content,
    })),
  );
}

function jsonFile(path: string, value: unknown): OutputFile {
  return {path, content: `${JSON.stringify(value, null, 2)}\n`};
}
