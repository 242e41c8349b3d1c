import {fileURLToPath} from 'node:url';
import type {Engine} from '../../../engines/engine.js';
import {HypermorphError} from '../../../errors.js';
import type {Bytes} from '../../../formats/bytes.js';
import {fileExists, sha256OfFile, writeFilesAtomically} from '../../../formats/files.js';
import {gzipBytes} from '../../../formats/gzip.js';
import {describeNifti, readNifti, type NiftiImage} from '../../../formats/images/nifti/nifti.js';
import {readModel, type Model} from '../../../models/model-file.js';
import {
  chooseHyperparameters,
  gridSpecOf,
  requireSingleChannel,
} from '../../../registration/model.js';
import {planNetworkGrid, type WantedFields} from '../../../registration/plan.js';
import {encodeRegistration} from '../../../registration/outputs.js';
import type {NamedVolume, Registration} from '../../../registration/register-pair.js';
import {
  buildReport,
  type HashedFile,
  type Report,
  type ReportInputs,
} from '../../../registration/report.js';
import {Stages, type ProgressEvent, type StageRecord} from '../../../registration/stages.js';
import type {RegisterOptions} from './options.js';
import type * as computingModule from '../../computing.js';
import type {CliContext} from '../../context.js';
import {createLogger} from '../../logger.js';
import {writeJson, writeTable, type Row} from '../../output.js';
import {createProgressBar, type ProgressBar} from '../../progress.js';
import {planPaths, type RegisterPaths} from './paths.js';
import {listOutputs, outputRows, tableOf} from './results.js';
import {parseThreads} from '../../threads.js';

/** The model that comes with the package, seen from src/cli and from dist/cli. */
const DEFAULT_MODEL = fileURLToPath(
  new URL('../../../../data/models/default.safetensors', import.meta.url),
);

type Computing = typeof computingModule;

interface OutputFile {
  readonly path: string;
  readonly content: Bytes | string;
}

/** All that is known before anything is computed. */
interface Preparation {
  readonly paths: RegisterPaths;
  readonly model: Model & {readonly path: string};
  readonly hyperparameters: readonly number[];
  readonly fixed: NiftiImage;
  readonly moving: NiftiImage;
  readonly labels: readonly NiftiImage[];
}

/** The command `register`: read, register, write all files or none, say what happened. */
export async function run(
  options: RegisterOptions,
  context: CliContext,
  [fixedPath, movingPath]: readonly string[],
): Promise<void> {
  const start = performance.now();
  const logger = await createLogger(context, options);
  const threads = parseThreads('register', options.threads);
  const paths = await planPaths(
    [fixedPath, movingPath, options.model ?? DEFAULT_MODEL],
    movingPath,
    options,
  );
  const stages = new Stages(4, {memory: memoryInUse, signal: context.signal});
  const reading = stages.run('read', () =>
    prepare({fixed: fixedPath, moving: movingPath}, options, paths),
  );
  const loading = import('../../computing.js');
  loading.catch(() => undefined); // what is wrong with the inputs is said first
  const prepared = await reading;
  const {fixed, moving, labels} = prepared;
  const readWarnings = [...new Set([fixed, moving, ...labels].flatMap((image) => image.warnings))];
  readWarnings.forEach((warning) => logger.warn(warning));
  if (options.dryRun === true) return describePlan(prepared, options, context);

  const computing = await loading;
  const engine = await stages.run('engine', () =>
    computing.startEngine({engine: options.engine, precision: options.precision, ...threads}),
  );
  engine.warnings.forEach((warning) => logger.warn(warning));
  logger.debug(`engine ${engine.name}: ${engine.description}`);
  const registration = await registerWith({...computing, engine}, prepared, {options, context});
  registration.summary.warnings.forEach((warning) => logger.warn(warning));

  const warnings = [...readWarnings, ...engine.warnings, ...registration.summary.warnings];
  const [files, hashes] = await stages.run('encode', () =>
    Promise.all([encodeFiles(registration, prepared, engine), hashInputs(prepared, options)]),
  );
  const usage = () => ({seconds: (performance.now() - start) / 1000, peakMemoryMib: peakMemory()});
  const describeRun = () =>
    describe(registration, prepared, {
      ...{align: options.align, engine, hashes, warnings},
      stages: stages.records,
      ...usage(),
    });
  if (paths.report !== undefined) {
    files.push({path: paths.report, content: `${JSON.stringify(describeRun(), null, 2)}\n`});
  }
  await stages.run('write', () => writeFilesAtomically(files));
  const report = describeRun(); // with the time of writing, which the report's file cannot hold
  if (paths.isDefault) logger.info(`The moved image is in ${paths.outputs.moved!}.`);
  if (options.json === true) writeJson(context.stdout, report);
  else writeTable(context.stdout, tableOf(report));
}

function memoryInUse(): number {
  return process.memoryUsage.rss();
}

/** MiB. */
function peakMemory(): number {
  return Math.round(process.resourceUsage().maxRSS / 1024);
}

/** Read the model and the images, and check every option against them. */
async function prepare(
  inputs: {readonly fixed: string; readonly moving: string},
  options: RegisterOptions,
  paths: RegisterPaths,
): Promise<Preparation> {
  const modelPath = options.model ?? DEFAULT_MODEL;
  if (options.model === undefined && !(await fileExists(DEFAULT_MODEL))) {
    throw new HypermorphError(
      'E_USAGE',
      'register: a model must be given with --model, because none came with this installation.',
    );
  }
  const images = Promise.all([
    readImage(inputs.fixed, options),
    readImage(inputs.moving, options),
    ...paths.labels.map(({source}) => readImage(source, options, 'label')),
  ]);
  // The images are read while the model is; what is wrong with the model is said first.
  images.catch(() => undefined);
  const model = {...(await readModel(modelPath)), path: modelPath};
  const modelName = options.model ?? 'the model that comes with hypermorph';
  requireSingleChannel(model.description, modelName);
  const given = {lambda: options.lambda, named: options.hyper};
  const hyperparameters = chooseHyperparameters(model.description, given, modelName);
  const [fixed, moving, ...labels] = await images;
  return {paths, model, hyperparameters, fixed, moving, labels};
}

/** Read an image; `--volume` speaks of the files that hold several. */
async function readImage(
  path: string,
  {geometry, volume}: RegisterOptions,
  kind: 'intensity' | 'label' = 'intensity',
): Promise<NiftiImage> {
  if (volume === undefined) return readNifti(path, {geometry, kind});
  const index = Number(volume);
  if (!Number.isInteger(index) || index < 0) {
    throw new HypermorphError(
      'E_USAGE',
      `register: --volume must be a whole number from 0, got "${volume}".`,
    );
  }
  const {volumes} = await describeNifti(path, {geometry});
  return readNifti(path, {geometry, kind, volume: volumes > 1 ? index : undefined});
}

/** `--dry-run`: what would be done. */
function describePlan(prepared: Preparation, options: RegisterOptions, context: CliContext): void {
  const {fixed, moving, model, paths} = prepared;
  const {dimensions} = model.description.architecture;
  const grid = planNetworkGrid(
    {fixed: nameVolume(fixed), moving: nameVolume(moving), labels: prepared.labels.map(nameVolume)},
    {dimensions, grid: gridSpecOf(model.description)},
    {outputs: wantedFields(options), assumeOrientation: options.assumeOrientation},
  );
  const plan = {
    dryRun: true,
    fixed: fixed.path,
    moving: moving.path,
    model: model.path,
    hyperparameters: nameHyperparameters(prepared),
    networkShape: grid.shape,
    outputs: listOutputs(paths),
  };
  if (options.json === true) return writeJson(context.stdout, plan);
  writeTable(context.stdout, [
    ['fixed', `${plan.fixed} (${fixed.shape.join('x')})`],
    ['moving', `${plan.moving} (${moving.shape.join('x')})`],
    ['model', plan.model],
    ...Object.entries(plan.hyperparameters).map(([name, value]): Row => [name, String(value)]),
    ['network grid', plan.networkShape.join('x')],
    ...outputRows(plan.outputs).map(([name, value]): Row => [`would write ${name}`, value]),
  ]);
}

async function registerWith(
  {
    engine,
    registerPair,
    RegistrationNetwork,
  }: Pick<Computing, 'registerPair' | 'RegistrationNetwork'> & {readonly engine: Engine},
  {model, fixed, moving, labels, hyperparameters}: Preparation,
  {options, context}: {readonly options: RegisterOptions; readonly context: CliContext},
): Promise<Registration> {
  const {description, weights} = model;
  const network = RegistrationNetwork.fromWeights(description.architecture, weights);
  const bar = createProgressBar(context.stderr, options.quiet !== true && options.json !== true);
  try {
    return await registerPair({
      fixed: nameVolume(fixed),
      moving: nameVolume(moving),
      labels: labels.map(nameVolume),
      model: {
        network,
        grid: gridSpecOf(description),
        normalisation: description.normalisation,
      },
      engine,
      hyperparameters,
      align: options.align,
      assumeOrientation: options.assumeOrientation === true,
      outputs: wantedFields(options),
      onProgress: (event) => drawProgress(bar, event),
      memory: memoryInUse,
      signal: context.signal,
    });
  } finally {
    bar.clear();
    network.dispose();
  }
}

function wantedFields(options: RegisterOptions): WantedFields {
  return {
    warp: options.warp !== undefined,
    inverseWarp: options.inverseWarp !== undefined,
    jacobian: options.jacobian !== undefined,
    velocity: options.svf !== undefined,
  };
}

function nameVolume(image: NiftiImage): NamedVolume {
  return {...image, name: image.path};
}

/** What each stage does, for the progress bar, and its usual share of the time. */
const STAGE_TEXTS: Readonly<Record<string, string>> = {
  align: 'placing the network grid',
  conform: 'conforming both images',
  predict: 'running the network',
  sample: 'sampling the moving image',
  place: 'placing the fields',
  measure: 'measuring the result',
};

function drawProgress(bar: ProgressBar, {stage, finished, total}: ProgressEvent): void {
  if (stage !== null) bar.update(finished / total, STAGE_TEXTS[stage] ?? stage);
}

async function encodeFiles(
  registration: Registration,
  {fixed, moving, paths}: Preparation,
  engine: Engine,
): Promise<OutputFile[]> {
  const files = [
    ...encodeRegistration(registration, {fixed, moving}, paths.outputs, engine.voxelKernels),
  ];
  return Promise.all(
    files.map(async ({path, content}) => ({
      path,
      content: /\.gz$/i.test(path) ? await gzipBytes(content) : content,
    })),
  );
}

/** Path and hash of every input. */
type InputHashes = Pick<ReportInputs, 'fixed' | 'moving' | 'labels'> & {readonly model: HashedFile};

async function hashInputs(
  {model, fixed, moving, labels, paths}: Preparation,
  options: RegisterOptions,
): Promise<InputHashes> {
  // Hashing reads every input again; only a report says the result.
  const isWanted = options.json === true || paths.report !== undefined;
  const hash = async (path: string, files: readonly string[]): Promise<HashedFile> => ({
    path,
    sha256: isWanted ? await sha256OfFile(...files) : '',
  });
  return {
    fixed: await hash(fixed.path, fixed.files),
    moving: await hash(moving.path, moving.files),
    labels: await Promise.all(labels.map(({path, files}) => hash(path, files))),
    model: await hash(model.path, [model.path]),
  };
}

function describe(
  {summary}: Registration,
  {model, paths, hyperparameters}: Preparation,
  run: Pick<ReportInputs, 'seconds' | 'peakMemoryMib' | 'warnings' | 'engine' | 'align'> & {
    readonly stages: readonly StageRecord[];
    readonly hashes: InputHashes;
  },
): Report {
  const {stages, hashes, engine, ...rest} = run;
  const [read, start, ...after] = stages;
  return buildReport({
    ...rest,
    ...hashes,
    model: {...hashes.model, description: model.description},
    engine: {name: engine.name, description: engine.description},
    hyperparameters,
    outputs: listOutputs(paths),
    summary: {...summary, stages: [read, start, ...summary.stages, ...after]},
  });
}

function nameHyperparameters({model, hyperparameters}: Preparation): Record<string, number> {
  const {hyperparameters: specs} = model.description;
  return Object.fromEntries(specs.map(({name}, n) => [name, hyperparameters[n]]));
}
