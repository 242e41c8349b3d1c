import {basename} from 'node:path';
import {HypermorphError} from '../errors.js';
import {fileExists} from '../formats/files.js';
import {describeImage} from '../formats/images/describe-image.js';
import {readImage} from '../formats/images/read-image.js';
import type {FileImage, ReadImageOptions} from '../formats/images/types.js';
import type {ConventionName} from '../formats/transforms/conventions.js';
import {readTransform, type ReadTransformOptions} from '../formats/transforms/read-transform.js';
import type {Affine} from '../geometry/affine.js';
import {
  chooseHyperparameters,
  nameHyperparameters,
  recommendedOn,
  type NamedHyperparameters,
} from '../models/hyperparameters.js';
import {
  ALL_STAGES,
  stagesOf,
  type ModelDescription,
  type RegistrationStages,
} from '../models/model-description.js';
import type {Model} from '../models/model-file.js';
import {gridSpecOf} from '../models/network-grid.js';
import {memoryLimit} from '../platform.js';
import {ALIGNMENT_KINDS, type AlignmentKind} from '../registration/align/align-pair.js';
import {estimateRegistration} from '../registration/estimate.js';
import {inputWarnings} from '../registration/input-warnings.js';
import {layNetworkGrid} from '../registration/plan.js';
import {
  WITHOUT_NETWORK,
  type NamedVolume,
  type PairMasks,
  type PerImage,
} from '../registration/prepare.js';
import type {NetworkGrid} from '../volume/conform.js';
import {kindOfPair, type KindOfData} from '../volume/kind-of-data.js';
import type {KeptFiles} from './kept-files.js';
import type {FilePair} from './output-paths.js';
import {chooseModelFile, type ChosenModelFile} from './shipped-models.js';
import type {HashedFile, ReportInputs} from './report.js';

/** What a registration reads, and how. */
export interface InputSettings {
  readonly fixed: string;
  readonly moving: string;
  /** A model file, the name of a model that comes with the package, or `none` to register without a network; one that comes along unless told. */
  readonly model?: string | undefined;
  /** By name; what is left out is what the model recommends. */
  readonly hyperparameters?: NamedHyperparameters | undefined;
  /** Label maps that belong to the moving image: warped with the nearest voxel and written. */
  readonly labels?: readonly FilePair[] | undefined;
  /** A label map of the fixed image, of the same numbers as the first of `labels`: outlined and compared on the page `qc`. */
  readonly fixedLabels?: string | undefined;
  /**
   * How the images are brought together before anything deforms: a kind of alignment, or a file of an affine map; what the
   * model asks for unless told, and that is `auto` but for models of other programs.
   */
  readonly affine?: string | undefined;
  /** Whose numbers that file holds, where it does not show that. */
  readonly affineConvention?: ConventionName | undefined;
  /** Optimise the velocity on the pair itself: at most so many steps at each resolution; as with `affine` unless told. */
  readonly refine?: 'auto' | 'none' | number | undefined;
  /** Keep the answer that fits best by the judge, or the last one that was made; as with `affine` unless told. */
  readonly keep?: 'best' | 'last' | undefined;
  /** Masks, each on the grid of its image: voxels of 0 do not count when the pair is aligned, refined and judged. */
  readonly fixedMask?: string | undefined;
  readonly movingMask?: string | undefined;
  /** Which volume of the files that hold several, counted from 0; label maps follow the moving image. */
  readonly volume?: number | PerImage | undefined;
  /** The intensity outside the images; what their faces show unless told. */
  readonly background?: number | PerImage | undefined;
  /** Memory that the work may take, bytes; all of the machine's unless told. */
  readonly maxMemory?: number | undefined;
  /** Which placement in the headers to believe. */
  readonly geometry?: ReadImageOptions['geometry'];
}

/** An image that was read, with the name under which messages speak of it. */
export type InputImage = FileImage & NamedVolume;

/** Everything that is read before anything is computed. */
export interface RegistrationInputs {
  /** Null: no network. */
  readonly model: (Model & ChosenModelFile) | null;
  /** In the order of the model. */
  readonly hyperparameters: readonly number[];
  /** What `hyperparameters` are. */
  readonly named: NamedHyperparameters;
  /** The kind of data for which the model recommends what they are; null where they are its usual ones, or were given. */
  readonly recommendedFor: KindOfData | null;
  readonly affine: AlignmentKind | Affine;
  /** Most steps at each resolution; null: no refinement. */
  readonly refine: 'auto' | number | null;
  readonly keep: RegistrationStages['keep'];
  readonly masks: PairMasks;
  readonly fixed: InputImage;
  readonly moving: InputImage;
  readonly labels: readonly InputImage[];
  readonly fixedLabels: InputImage | undefined;
  readonly network: NetworkGrid;
  /** Memory that the registration takes at least, bytes. */
  readonly memoryBytes: number;
  readonly warnings: readonly string[];
}

/**
 * Read the model and the images, and check what was asked for against the model.
 *
 * @throws {HypermorphError} E_IO, E_NIFTI, E_RANGE of the images; E_IO, E_WEIGHTS of the model; E_USAGE if it does not fit;
 *   E_GRID, E_SHAPE as `layNetworkGrid`; E_MEMORY if the network's grid is too large for the machine, before it is made.
 */
export async function readInputs(
  settings: InputSettings,
  kept: KeptFiles,
): Promise<RegistrationInputs> {
  const {fixed, moving, labels = [], fixedLabels, fixedMask, movingMask} = settings;
  const readMap = (of: keyof PerImage, path: string | undefined) =>
    path === undefined ? undefined : readInput(path, settings, {of, kind: 'label'});
  const reading = Promise.all([
    Promise.all([
      kept.fixed([fixed, settings.geometry, ofImage(settings.volume, 'fixed')], () =>
        readInput(fixed, settings, {of: 'fixed'}),
      ),
      readInput(moving, settings, {of: 'moving'}),
    ]),
    Promise.all(
      labels.map(({source}) => readInput(source, settings, {of: 'moving', kind: 'label'})),
    ),
    Promise.all([
      readMap('fixed', fixedMask),
      readMap('moving', movingMask),
      readMap('fixed', fixedLabels),
    ]),
  ]);
  // The images are read while the model is; what is wrong with the model is said first.
  reading.catch(() => undefined);
  const model = await readModelOf(settings, kept);
  const {specs, name, stages} = model;
  const usual = chooseHyperparameters(specs, settings.hyperparameters, name);
  const {refine = stages.refine, keep = stages.keep} = settings;
  const [[fixedImage, movingImage], labelImages, maps] = await reading;
  const [fixedMap, movingMap, fixedLabelMap] = maps;
  const kind = kindOfPair(fixedImage, movingImage);
  const chosen = chooseByKind(kind, {...settings, usual}, model);
  const {affine, warnings: affineWarnings} = await chooseAffine(settings.affine ?? stages.affine, {
    ...{fixed: fixedImage, moving: movingImage, convention: settings.affineConvention},
  });
  const images = [fixedImage, movingImage, ...labelImages, ...maps];
  const named = {fixed: fixedImage, moving: movingImage, labels: labelImages};
  const {network, memoryBytes} = planGrid(named, model.file, {...settings, refine});
  return {
    model: model.file,
    ...chosen,
    ...{affine, refine: refine === 'none' ? null : refine, keep},
    ...{...named, network, memoryBytes},
    masks: {fixed: fixedMap, moving: movingMap},
    fixedLabels: fixedLabelMap,
    warnings: [
      ...images.flatMap((image) => image?.warnings ?? []),
      ...affineWarnings,
      ...inputWarnings(named, network),
    ],
  };
}

/**
 * What was given, else what the model recommends on this kind of data, else its usual values.
 *
 * @param settings.usual - What was given, else the model's usual values.
 */
function chooseByKind(
  kind: KindOfData | null,
  {hyperparameters: given, usual}: InputSettings & {readonly usual: readonly number[]},
  {specs, name}: ChosenModel,
): Pick<RegistrationInputs, 'hyperparameters' | 'named' | 'recommendedFor'> {
  const byKind = kind === null ? null : recommendedOn(specs, kind);
  const hyperparameters = chooseHyperparameters(specs, {...byKind, ...given}, name);
  const isByKind = hyperparameters.some((value, n) => value !== usual[n]);
  const named = nameHyperparameters(specs, hyperparameters);
  return {hyperparameters, named, recommendedFor: isByKind ? kind : null};
}

/** Lay the network's grid, and refuse what will not fit into memory before it is made. */
function planGrid(
  images: Pick<RegistrationInputs, 'fixed' | 'moving'>,
  model: RegistrationInputs['model'],
  {maxMemory = Infinity, refine}: Pick<InputSettings, 'maxMemory' | 'refine'>,
): Pick<RegistrationInputs, 'network' | 'memoryBytes'> {
  const architecture = model?.description.architecture ?? null;
  const grid = model === null ? WITHOUT_NETWORK.grid : gridSpecOf(model.description);
  const network = layNetworkGrid(images.fixed, {dimensions: architecture?.dimensions ?? 3, grid});
  const limit = Math.min(maxMemory, memoryLimit());
  const memoryBytes = estimateRegistration(images, {
    ...{architecture, network, limit},
    refines: refine !== 'none',
  });
  return {network, memoryBytes};
}

/** The name that stands for no network. */
const NO_MODEL = 'none';

/** What can be chosen without a network: how smooth the refinement is. */
const OWN_HYPERPARAMETERS = {
  hyperparameters: [{name: 'lambda', minimum: 0, maximum: 1, recommended: 0.3}],
  recommended: {'CT of the lung': {overall: [0.8]}},
};

interface ChosenModel {
  readonly file: RegistrationInputs['model'];
  readonly specs: Pick<ModelDescription, 'hyperparameters' | 'recommended'>;
  /** What messages call it. */
  readonly name: string;
  readonly stages: RegistrationStages;
}

async function readModelOf(settings: InputSettings, kept: KeptFiles): Promise<ChosenModel> {
  const {model: asked} = settings;
  if (asked === NO_MODEL) {
    const name = 'a registration without a model';
    return {file: null, specs: OWN_HYPERPARAMETERS, name, stages: ALL_STAGES};
  }
  const {path, chosenFor} = await chooseModelFile(asked, settings);
  const model = await kept.model(path);
  const name = asked ?? `hypermorph's model ${basename(path, '.safetensors')}`;
  requireSingleChannel(model, name);
  const {description} = model;
  return {
    file: {...model, path, chosenFor},
    specs: description,
    name,
    stages: stagesOf(description),
  };
}

/**
 * Path and hash of every input.
 *
 * @param hashes - Hashing reads every input again; null: all hashes are empty.
 */
export async function hashInputs(
  {model, fixed, moving, labels}: RegistrationInputs,
  hashes: KeptFiles | null,
): Promise<ReportInputs> {
  const hash = async (path: string, files: readonly string[]): Promise<HashedFile> => ({
    path,
    sha256: hashes === null ? '' : await hashes.hash(files),
  });
  return {
    fixed: await hash(fixed.path, fixed.files),
    moving: await hash(moving.path, moving.files),
    labels: await Promise.all(labels.map(({path, files}) => hash(path, files))),
    model: model && {
      ...(await hash(model.path, [model.path])),
      contentHash: model.description.contentHash,
      chosenFor: model.chosenFor,
    },
  };
}

interface ChosenAffine {
  readonly affine: AlignmentKind | Affine;
  readonly warnings: readonly string[];
}

/** @throws {HypermorphError} E_USAGE if it is neither a kind nor a file, or the file holds a field; else as `readTransform`. */
async function chooseAffine(asked: string, options: ReadTransformOptions): Promise<ChosenAffine> {
  const kind = ALIGNMENT_KINDS.find((name) => name === asked);
  if (kind !== undefined) return {affine: kind, warnings: []};
  if (!(await fileExists(asked))) {
    throw new HypermorphError(
      'E_USAGE',
      `\`affine\` must be ${ALIGNMENT_KINDS.join(', ')} or a file of an affine map, got "${asked}".`,
    );
  }
  const {transform, warnings} = await readTransform(asked, options);
  if (transform.kind === 'affine') return {affine: transform.affine, warnings};
  throw new HypermorphError(
    'E_USAGE',
    `${asked}: \`affine\` must be a file of an affine map, got a transform that displaces.`,
  );
}

/** The setting for one image, where it can be one for both. */
export function ofImage(
  setting: number | PerImage | undefined,
  image: keyof PerImage,
): number | undefined {
  return typeof setting === 'object' ? setting[image] : setting;
}

/** Read an image; `volume` speaks of the files that hold several. */
async function readInput(
  path: string,
  {geometry, ...settings}: InputSettings,
  {of, kind = 'intensity'}: {readonly of: keyof PerImage; readonly kind?: 'intensity' | 'label'},
): Promise<InputImage> {
  const volume = ofImage(settings.volume, of);
  const place = geometry === undefined ? {} : {geometry};
  const hasSeveral = volume !== undefined && (await describeImage(path, place)).volumes > 1;
  const image = await readImage(path, {...place, kind, ...(hasSeveral ? {volume} : {})});
  return {...image, name: image.path};
}

function requireSingleChannel({description}: Model, modelName: string): void {
  const {movingChannels, fixedChannels} = description.architecture;
  if (movingChannels === 1 && fixedChannels === 1) return;
  throw new HypermorphError(
    'E_USAGE',
    `${modelName}: the model must take one channel per image, got ${movingChannels} for moving and ${fixedChannels} for fixed.`,
  );
}
