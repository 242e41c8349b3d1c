import {fileURLToPath} from 'node:url';
import {HypermorphError} from '../errors.js';
import {fileExists, readFileText, sha256OfFile} from '../formats/files.js';
import {
  describeNifti,
  readNifti,
  type NiftiImage,
  type ReadNiftiOptions,
} from '../formats/images/nifti/nifti.js';
import {decodeItkAffine} from '../formats/transforms/itk-text.js';
import type {Affine} from '../geometry/affine.js';
import {chooseHyperparameters, type NamedHyperparameters} from '../models/hyperparameters.js';
import type {ModelDescription} from '../models/model-description.js';
import {readModel, type Model} from '../models/model-file.js';
import {gridSpecOf} from '../models/network-grid.js';
import {memoryLimit} from '../platform.js';
import {ALIGNMENT_KINDS, type AlignmentKind} from '../registration/align/align-pair.js';
import {estimateRegistration} from '../registration/estimate.js';
import {inputWarnings} from '../registration/input-warnings.js';
import {layNetworkGrid} from '../registration/plan.js';
import type {NamedVolume, PerImage} from '../registration/prepare.js';
import type {NetworkGrid} from '../volume/conform.js';
import type {LabelPaths} from './output-paths.js';
import type {HashedFile, ReportInputs} from './report.js';

/** The model that comes with the package, seen from src/workflows and from dist/workflows. */
export const DEFAULT_MODEL = fileURLToPath(
  new URL('../../data/models/default.safetensors', import.meta.url),
);

/** What a registration reads, and how. */
export interface InputSettings {
  readonly fixed: string;
  readonly moving: string;
  /** A model file; without it the one that comes with the package. */
  readonly model?: string | undefined;
  /** By name; what is left out is what the model recommends. */
  readonly hyperparameters?: NamedHyperparameters | undefined;
  /** Label maps that belong to the moving image: warped with the nearest voxel and written. */
  readonly labels?: readonly LabelPaths[] | undefined;
  /**
   * How the images are brought together before anything deforms: a kind of alignment, or a transform file of ITK; by their
   * headers unless told.
   */
  readonly affine?: string | undefined;
  /** Which volume of the files that hold several, counted from 0; label maps follow the moving image. */
  readonly volume?: number | PerImage | undefined;
  /** The intensity outside the images; what their faces show unless told. */
  readonly background?: number | PerImage | undefined;
  /** Memory that the work may take, bytes; all of the machine's unless told. */
  readonly maxMemory?: number | undefined;
  /** Which placement in the headers to believe. */
  readonly geometry?: ReadNiftiOptions['geometry'];
}

/** An image that was read, with the name under which messages speak of it. */
export type InputImage = NiftiImage & NamedVolume;

/** Everything that is read before anything is computed. */
export interface RegistrationInputs {
  readonly model: Model & {readonly path: string};
  /** In the order of the model. */
  readonly hyperparameters: readonly number[];
  readonly affine: AlignmentKind | Affine;
  readonly fixed: InputImage;
  readonly moving: InputImage;
  readonly labels: readonly InputImage[];
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
export async function readInputs(settings: InputSettings): Promise<RegistrationInputs> {
  const {fixed, moving, labels = []} = settings;
  if (settings.model === undefined && !(await fileExists(DEFAULT_MODEL))) {
    throw new HypermorphError(
      'E_USAGE',
      '`model` must be given, because none came with this installation.',
    );
  }
  const reading = Promise.all([
    readImage(fixed, settings, {of: 'fixed'}),
    readImage(moving, settings, {of: 'moving'}),
    ...labels.map(({source}) => readImage(source, settings, {of: 'moving', kind: 'label'})),
  ]);
  // The images are read while the model is; what is wrong with the model is said first.
  reading.catch(() => undefined);
  const path = settings.model ?? DEFAULT_MODEL;
  const model = {...(await readModel(path)), path};
  const modelName = settings.model ?? 'the model that comes with hypermorph';
  requireSingleChannel(model, modelName);
  const hyperparameters = chooseHyperparameters(
    model.description,
    settings.hyperparameters,
    modelName,
  );
  const affine = await chooseAffine(settings.affine ?? 'headers');
  const images = await reading;
  const [fixedImage, movingImage, ...labelImages] = images;
  const named = {fixed: fixedImage, moving: movingImage, labels: labelImages};
  const {network, memoryBytes} = planGrid(named, model.description, settings.maxMemory);
  return {
    ...{model, hyperparameters, affine, ...named, network, memoryBytes},
    warnings: [...images.flatMap((image) => image.warnings), ...inputWarnings(named, network)],
  };
}

/** Lay the network's grid, and refuse what will not fit into memory before it is made. */
function planGrid(
  images: Pick<RegistrationInputs, 'fixed' | 'moving'>,
  description: ModelDescription,
  maxMemory = Infinity,
): Pick<RegistrationInputs, 'network' | 'memoryBytes'> {
  const {dimensions} = description.architecture;
  const network = layNetworkGrid(images.fixed, {dimensions, grid: gridSpecOf(description)});
  const limit = Math.min(maxMemory, memoryLimit());
  const memoryBytes = estimateRegistration(images, {...description, network, limit});
  return {network, memoryBytes};
}

/**
 * Path and hash of every input.
 *
 * @param isWanted - Hashing reads every input again; without it all hashes are empty.
 */
export async function hashInputs(
  {model, fixed, moving, labels}: RegistrationInputs,
  isWanted: boolean,
): Promise<ReportInputs> {
  const hash = async (path: string, files: readonly string[]): Promise<HashedFile> => ({
    path,
    sha256: isWanted ? await sha256OfFile(...files) : '',
  });
  return {
    fixed: await hash(fixed.path, fixed.files),
    moving: await hash(moving.path, moving.files),
    labels: await Promise.all(labels.map(({path, files}) => hash(path, files))),
    model: {
      ...(await hash(model.path, [model.path])),
      contentHash: model.description.contentHash,
    },
  };
}

/** @throws {HypermorphError} E_USAGE if it is neither a kind nor a file; E_IO if the file holds no affine. */
async function chooseAffine(asked: string): Promise<AlignmentKind | Affine> {
  const kind = ALIGNMENT_KINDS.find((name) => name === asked);
  if (kind !== undefined) return kind;
  if (await fileExists(asked)) return decodeItkAffine(await readFileText(asked), asked);
  throw new HypermorphError(
    'E_USAGE',
    `\`affine\` must be ${ALIGNMENT_KINDS.join(', ')} or a transform file of ITK, got "${asked}".`,
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
async function readImage(
  path: string,
  {geometry, ...settings}: InputSettings,
  {of, kind = 'intensity'}: {readonly of: keyof PerImage; readonly kind?: 'intensity' | 'label'},
): Promise<InputImage> {
  const volume = ofImage(settings.volume, of);
  const place = geometry === undefined ? {} : {geometry};
  const hasSeveral = volume !== undefined && (await describeNifti(path, place)).volumes > 1;
  const image = await readNifti(path, {...place, kind, ...(hasSeveral ? {volume} : {})});
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
