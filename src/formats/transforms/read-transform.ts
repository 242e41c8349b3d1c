import {HypermorphError} from '../../errors.js';
import {Affine} from '../../geometry/affine.js';
import {
  affineTransform,
  splineTransform,
  type DisplacementTransform,
  type Transform,
} from '../../transforms/transform.js';
import {recogniseFile} from '../file-kinds.js';
import {isHdf5} from '../hdf5.js';
import {readField} from '../images/read-image.js';
import type {NiftiIntent} from '../images/types.js';
import {named} from '../named.js';
import {nameOf, withOpenSource, type Source} from '../source.js';
import {
  fieldConvention,
  matrixConvention,
  MATRIX_NAMES,
  turnedWhere,
  worldsOf,
  type ConventionName,
  type TransformImages,
} from './conventions.js';
import {decodeElastix, isElastix} from './elastix.js';
import {FNIRT_CUBIC, readFnirt} from './fnirt.js';
import {decodeItkHdf5} from './itk-hdf5.js';
import {decodeItkMat, isItkMat} from './itk-mat.js';
import {decodeItkText, FIRST_LINE} from './itk-text.js';
import {decodeLta, isLta} from './lta.js';
import {decodeMatrix} from './matrix-text.js';
import {decodeMghWarp} from './mgh-warp.js';
import {fromField, fromMatrix, fromOneWorld} from './worlds.js';

/** A transform from a file: fixed -> moving, RAS mm. */
export interface ReadTransform<Kind extends Transform = Transform> {
  readonly transform: Kind;
  /** Sentences for the user, each starting with the name of the file. */
  readonly warnings: readonly string[];
}

/** What a file does not say itself. */
export interface ReadTransformOptions extends TransformImages {
  /** Whose convention the numbers follow; needed where the file does not show it. */
  readonly convention?: ConventionName | undefined;
}

/** Enough of a file to recognise it. */
const START_BYTES = 540;

/**
 * Read a transform; what the file holds says the format, and with it whose convention its numbers follow.
 *
 * Read are, of ITK and ANTs, texts (.txt, .tfm), MATLAB files (.mat), HDF5 files (.h5) and fields; linear transforms of FreeSurfer
 * (.lta) and its warps (.mgz); affine and B-spline transform parameters of elastix; fields in NIfTI files whose header names ITK, RAS mm, NiftyReg, which
 * keeps grids of control points so, too, SPM or coefficients of FNIRT. Fields and
 * matrices of FSL, other fields, and texts of sixteen numbers show not whose they are: `convention` must.
 *
 * @param source - A path, or bytes and their name.
 * @param options.fixed - The image that the transform starts from, where the convention depends on it: FSL's matrices.
 * @param options.moving - The image that it leads to: FSL's matrices and warps.
 * @throws {HypermorphError} E_USAGE where the convention or an image must be given; else as the reader of the format says.
 *
 * @example
 * import {mapPoints, readTransform} from 'hypermorph';
 * const header = '#Insight Transform File V1.0\n#Transform 0\n';
 * const text = `${header}Transform: TranslationTransform_double_3_3\nParameters: 1 2 3\nFixedParameters:\n`;
 * const bytes = new TextEncoder().encode(text);
 * const {transform} = await readTransform({name: 'shift.tfm', bytes});
 * mapPoints(transform, [[0, 0, 0]]); // [[-1, -2, 3]]
 */
export async function readTransform(
  source: Source,
  options: ReadTransformOptions = {},
): Promise<ReadTransform> {
  const name = nameOf(source);
  if (/\.(nii|hdr|img|mgh|mgz|nrrd|nhdr|mha|mhd)(\.gz)?$/i.test(name))
    return readVectors(source, options);
  const bytes = await withOpenSource(source, (file) => file.read(0, file.size));
  return named(name, () => decode(bytes, name, options));
}

/** Any file that is no image; what it throws has no name of the file, its warnings have. */
async function decode(
  bytes: Uint8Array,
  name: string,
  options: ReadTransformOptions,
): Promise<ReadTransform> {
  const {convention} = options;
  const start = bytes.subarray(0, START_BYTES);
  const found = (transform: Transform, warnings: readonly string[] = []): ReadTransform => ({
    transform,
    warnings: warnings.map((text) => `${name}: ${text}`),
  });
  if (isHdf5(start)) {
    requireConvention(convention, ['itk'], 'an HDF5 file of ITK');
    return found(await decodeItkHdf5(bytes));
  }
  if (isItkMat(start)) {
    requireConvention(convention, ['itk'], 'a MATLAB file of ITK');
    return found(decodeItkMat(bytes));
  }
  const other = start.includes(0) ? (recogniseFile(start)?.name ?? 'bytes of another kind') : null;
  if (other !== null) throw new HypermorphError('E_IO', `must be a transform, got ${other}.`);
  const text = new TextDecoder().decode(bytes);
  if (text.startsWith(FIRST_LINE)) {
    requireConvention(convention, ['itk'], 'a text file of ITK');
    return found(decodeItkText(text));
  }
  if (isElastix(text)) {
    requireConvention(convention, ['itk'], 'a file of transform parameters of elastix');
    const {transform, warnings} = decodeElastix(text);
    return found(transform, warnings);
  }
  if (isLta(text)) {
    requireConvention(convention, ['freesurfer'], 'a linear transform of FreeSurfer');
    return found(affineTransform(decodeLta(text)));
  }
  return found(readMatrix(text, options));
}

function readMatrix(text: string, options: ReadTransformOptions): Transform {
  const matrix = decodeMatrix(text);
  const {convention: name} = options;
  if (name === undefined) {
    throw new HypermorphError(
      'E_USAGE',
      `\`convention\` must be one of ${MATRIX_NAMES.join(', ')}, as sixteen numbers do not say whose they are, got none.`,
      {hint: 'A FLIRT matrix is fsl; matrices of greedy and NiftyReg are RAS mm.'},
    );
  }
  const convention = matrixConvention(name);
  const worlds = worldsOf(convention, options);
  return affineTransform(fromMatrix(turnedWhere(convention, matrix), worlds));
}

/** A file that shows whose it is must not be called another's. */
function requireConvention(
  asked: ConventionName | undefined,
  possible: readonly ConventionName[],
  what: string,
): void {
  if (asked === undefined || possible.includes(asked)) return;
  throw new HypermorphError(
    'E_USAGE',
    `\`convention\` must be ${possible.join(' or ')} for ${what}, got ${asked}.`,
  );
}

async function readVectors(source: Source, options: ReadTransformOptions): Promise<ReadTransform> {
  const field = await readField(source);
  if (/\.mg[hz](\.gz)?$/i.test(nameOf(source))) {
    const transform = await named(nameOf(source), () => decodeMghWarp(source, field));
    if (transform !== null) {
      requireConvention(options.convention, ['freesurfer'], 'a warp of FreeSurfer');
      return {transform, warnings: field.warnings};
    }
  }
  const {code} = field.intent;
  if (code === FNIRT_CUBIC) {
    requireConvention(options.convention, ['fsl'], 'coefficients of FNIRT');
    // What the header says about its own place is no place.
    return {transform: await readFnirt(source, options), warnings: []};
  }
  const transform = named(nameOf(source), () => {
    if (code > FNIRT_CUBIC && code <= 2018) {
      throw new HypermorphError(
        'E_IO',
        'must hold a field or cubic coefficients of FNIRT, got others of FSL.',
        {
          hint: 'Let fnirtfileutils write the field.',
        },
      );
    }
    const name = options.convention ?? shownConvention(field.intent);
    const {kind, ...convention} = fieldConvention(name);
    // Of NiftyReg's own kinds the header tells which.
    const ofNiftyReg = name === 'niftyreg' ? NIFTYREG_KINDS[field.intent.parameters[0]] : undefined;
    // Splines reproduce places: less that of its point, a control point is a coefficient of the displacement.
    if (ofNiftyReg === 'control points')
      return splineTransform(fromOneWorld(field, Affine.identity, 'positions').field);
    // The file lies in the place of the fixed image.
    const worlds = worldsOf(convention, {...options, fixed: field});
    return fromField(field, worlds, ofNiftyReg ?? kind);
  });
  return {transform, warnings: field.warnings};
}

/** What the numbers of a file of NiftyReg are, by the first parameter of its intent; the kinds after these are velocities. */
const NIFTYREG_KINDS = ['positions', 'displacements', 'control points'] as const;

/** The convention that a header shows. E_USAGE where it shows none, E_IO where it holds no field of vectors to use. */
function shownConvention({code, name, parameters}: NiftiIntent): ConventionName {
  if (code === 1006) return 'ras';
  if (code === 1007 && name === 'NREG_TRANS') {
    if (parameters[0] in NIFTYREG_KINDS) return 'niftyreg';
    throw new HypermorphError(
      'E_IO',
      'must hold a deformation, a displacement or control points of NiftyReg, got a velocity.',
      {hint: 'Let reg_transform -def write the deformation field.'},
    );
  }
  if (code === 1007) return name === 'Mapping' ? 'spm' : 'itk';
  const choices =
    code === 2006
      ? 'fsl (relative), fsl-absolute'
      : 'itk, ras, voxels, spm, niftyreg, fsl, fsl-absolute';
  throw new HypermorphError(
    'E_USAGE',
    `\`convention\` must be one of ${choices}, as the header (intent ${code}) does not show whose field this is, got none.`,
  );
}

const TRANSFORM_WORDS = {affine: 'an affine map', spline: 'a B-spline', chain: 'a chain'} as const;

/**
 * Read a transform that is one displacement field, of any convention that needs no second image.
 *
 * @throws {HypermorphError} As `readTransform`; E_USAGE if it is another transform.
 */
export async function readWarp(
  source: Source,
  options: Pick<ReadTransformOptions, 'convention'> = {},
): Promise<ReadTransform<DisplacementTransform>> {
  const {transform, warnings} = await readTransform(source, options);
  if (transform.kind === 'displacement') return {transform, warnings};
  throw new HypermorphError(
    'E_USAGE',
    `${nameOf(source)}: must be a warp, one displacement field, got ${TRANSFORM_WORDS[transform.kind]}.`,
  );
}
