import {HypermorphError} from '../../errors.js';
import type {Affine} from '../../geometry/affine.js';
import type {Grid} from '../../geometry/grid.js';
import type {KernelRunner} from '../../kernels/voxel-operation.js';
import {partsOf, type Transform} from '../../transforms/transform.js';
import type {Bytes} from '../bytes.js';
import {gzipBytes} from '../gzip.js';
import {encodeNiftiParts} from '../images/nifti/encode.js';
import {geometryFromGrid} from '../images/nifti/geometry.js';
import type {PlacedGrid} from '../images/types.js';
import {named} from '../named.js';
import {
  fieldConvention,
  matrixConvention,
  MATRIX_NAMES,
  turnedWhere,
  worldsOf,
  type ConventionName,
} from './conventions.js';
import {encodeItkHdf5} from './itk-hdf5.js';
import {encodeItkMat} from './itk-mat.js';
import {encodeItkAffine} from './itk-text.js';
import {encodeLta} from './lta.js';
import {encodeMatrix} from './matrix-text.js';
import {encodeMghWarp} from './mgh-warp.js';
import {toField, toMatrix} from './worlds.js';

/** How a transform is to be written. */
export interface EncodeTransformOptions {
  /** For which program; ITK and ANTs unless told, FreeSurfer for .lta. */
  readonly convention?: ConventionName | undefined;
  /** The image that the transform starts from: a field lies on its grid, on that of a single field unless told. */
  readonly fixed?: (Grid & Partial<PlacedGrid>) | undefined;
  readonly moving?: Grid | undefined;
  /** What the header of a field says. */
  readonly description?: string | undefined;
  readonly engine?: KernelRunner | undefined;
}

/** A file of transforms by its name. */
interface FileKind {
  readonly names: RegExp;
  readonly holds: 'affine' | 'field' | 'chain';
  /** Unless told; undefined: must be told. */
  readonly usual: ConventionName | undefined;
  readonly conventions: readonly ConventionName[];
}

const KINDS: readonly FileKind[] = [
  {
    names: /\.nii(\.gz)?$/i,
    holds: 'field',
    usual: 'itk',
    conventions: [
      'itk',
      'greedy',
      'niftyreg',
      'fsl',
      'fsl-absolute',
      'freesurfer',
      'spm',
      'ras',
      'voxels',
    ],
  },
  {names: /\.mg[hz]$/i, holds: 'field', usual: 'freesurfer', conventions: ['freesurfer']},
  {names: /\.(h5|hdf5)$/i, holds: 'chain', usual: 'itk', conventions: ['itk']},
  {names: /\.tfm$/i, holds: 'affine', usual: 'itk', conventions: ['itk']},
  {names: /\.txt$/i, holds: 'affine', usual: 'itk', conventions: ['itk', ...MATRIX_NAMES]},
  {names: /\.mat$/i, holds: 'affine', usual: undefined, conventions: ['itk', ...MATRIX_NAMES]},
  {names: /\.lta$/i, holds: 'affine', usual: 'freesurfer', conventions: ['freesurfer']},
];

/** What a file of a transform is: by its name, and for which program. */
interface Target {
  readonly kind: FileKind;
  readonly convention: ConventionName;
}

/**
 * Check the name of a file for a transform, before any work is done.
 *
 * @throws {HypermorphError} E_USAGE for a name that no format has, or a convention that such a file does not have.
 */
export function requireTransformName(path: string, asked: ConventionName | undefined): Target {
  const kind = KINDS.find(({names}) => names.test(path));
  if (kind === undefined) {
    throw new HypermorphError(
      'E_USAGE',
      `${path}: the name of a transform must end in .nii, .nii.gz, .mgz, .h5, .tfm, .txt, .mat or .lta.`,
    );
  }
  const convention = asked ?? kind.usual;
  if (convention !== undefined && kind.conventions.includes(convention)) return {kind, convention};
  throw new HypermorphError(
    'E_USAGE',
    `${path}: the convention of such a file must be ${kind.conventions.join(', ')}, got ${convention ?? 'none'}.`,
  );
}

/**
 * The bytes of a transform file; its name says the format.
 *
 * Matrices are kept to the last digit, but fields are float32; a chain becomes one field, or stays a chain in an HDF5 file of ITK.
 *
 * @throws {HypermorphError} E_USAGE as `requireTransformName`; if the file cannot hold a field, or an image must be given.
 *
 * @example
 * import {Affine, affineTransform, encodeTransform} from 'hypermorph';
 * const shift = affineTransform(Affine.translation([1, 2, 3]));
 * const text = await encodeTransform(shift, 'shift.mat', {convention: 'greedy'});
 * String(text).split('\n')[0]; // '1 0 0 1'
 */
export async function encodeTransform(
  transform: Transform,
  path: string,
  options: EncodeTransformOptions = {},
): Promise<Bytes | string> {
  const {kind, convention} = requireTransformName(path, options.convention);
  return named(path, () => encode(transform, path, {kind, ...options, convention}));
}

type Settled = EncodeTransformOptions & Target;

/** What it throws has no name of the file. */
async function encode(
  transform: Transform,
  path: string,
  options: Settled,
): Promise<Bytes | string> {
  if (options.kind.holds === 'chain') return encodeItkHdf5(transform);
  if (options.kind.holds === 'field') {
    const parts = encodeField(transform, path, options);
    return /\.(gz|mgz)$/i.test(path) ? gzipBytes(parts) : parts;
  }
  if (transform.kind !== 'affine') {
    throw new HypermorphError(
      'E_USAGE',
      `such a file holds an affine map, got a transform that displaces; its name must end in .nii.gz or .h5.`,
    );
  }
  return encodeAffine(transform.affine, path, options);
}

function encodeAffine(affine: Affine, path: string, options: Settled): Bytes | string {
  const {convention: name, fixed, moving} = options;
  if (name === 'itk') return /\.mat$/i.test(path) ? encodeItkMat(affine) : encodeItkAffine(affine);
  if (name === 'freesurfer') {
    if (fixed !== undefined && moving !== undefined) return encodeLta(affine, {fixed, moving});
    throw new HypermorphError(
      'E_USAGE',
      `\`fixed\` and \`moving\` must be given for a linear transform of FreeSurfer, which describes both images.`,
    );
  }
  const convention = matrixConvention(name);
  return encodeMatrix(turnedWhere(convention, toMatrix(affine, worldsOf(convention, options))));
}

function encodeField(transform: Transform, path: string, options: Settled): Bytes {
  const fields = partsOf(transform).filter((part) => part.kind === 'displacement');
  const grid: (Grid & Partial<PlacedGrid>) | undefined =
    options.fixed ?? (fields.length === 1 ? fields[0].field.grid : undefined);
  if (grid === undefined) {
    throw new HypermorphError(
      'E_USAGE',
      `\`fixed\` must be given, the image on whose grid the field lies.`,
    );
  }
  const {shape} = grid;
  const {header, kind, ...convention} = fieldConvention(options.convention);
  const worlds = worldsOf(convention, {fixed: grid, moving: options.moving});
  const data = toField(transform, grid, {worlds, kind, engine: options.engine});
  const geometry = grid.geometry ?? geometryFromGrid(grid);
  if (/\.mg[hz]$/i.test(path)) {
    const {moving} = options;
    if (moving !== undefined) return encodeMghWarp(data, {fixed: {...grid, geometry}, moving});
    throw new HypermorphError(
      'E_USAGE',
      '`moving` must be given for a warp of FreeSurfer, which describes both images.',
    );
  }
  return encodeNiftiParts({...header, shape, data, geometry, description: options.description});
}
