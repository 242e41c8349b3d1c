import {HypermorphError} from '../../errors.js';
import type {Affine} from '../../geometry/affine.js';
import type {Grid} from '../../geometry/grid.js';
import type {NiftiIntent, ImageOutput} from '../images/types.js';
import {fslWorld, LPS_WORLDS, RAS_WORLDS, type FieldKind, type Worlds} from './worlds.js';

/** The images that a transform lies between, as far as they are known. */
export interface TransformImages {
  readonly fixed?: Grid | undefined;
  readonly moving?: Grid | undefined;
}

/** The numbers of a matrix in a text, four rows of four. */
interface MatrixConvention {
  readonly worlds: WorldsOf;
  /** The matrix takes points of the moving image to the fixed one. */
  readonly leadsBack?: boolean;
}

/** The numbers of a field in a NIfTI file, and how its header says so. */
interface FieldConvention {
  readonly worlds: WorldsOf;
  readonly kind: FieldKind;
  readonly header: Pick<ImageOutput, 'intent' | 'components' | 'further'>;
}

type WorldsOf = (images: Known) => Worlds;

/** The images, asked for when they are needed. */
interface Known {
  readonly fixed: () => Grid;
  readonly moving: () => Grid;
}

interface Convention {
  /** Whose, and what the numbers are. */
  readonly meaning: string;
  /** Of texts of sixteen numbers; null: there are none. */
  readonly matrix: MatrixConvention | null;
  readonly field: FieldConvention | null;
}

const ras = () => RAS_WORLDS;
const lps = () => LPS_WORLDS;
const fsl: WorldsOf = ({fixed, moving}) => ({fixed: fslWorld(fixed()), moving: fslWorld(moving())});

/** Five axes, component last. */
const vectors = (intent: Partial<NiftiIntent>): FieldConvention['header'] => ({
  intent,
  components: 3,
});
/** Four axes, three volumes. */
const volumes = (intent: Partial<NiftiIntent>): FieldConvention['header'] => ({
  intent,
  further: {lengths: [3], steps: [1], timeUnit: 0},
});

const FSL_FIELD = volumes({code: 2006});
const RAS_FIELD: FieldConvention = {
  ...{worlds: ras, kind: 'displacements'},
  header: vectors({code: 1006}),
};

/** The program that a file is for, or from: the one place where a convention of numbers is added. */
export const CONVENTIONS = {
  itk: {
    meaning: 'ITK, ANTs, Slicer, SimpleITK, and what register writes: LPS mm',
    matrix: null,
    field: {worlds: lps, kind: 'displacements', header: vectors({code: 1007})},
  },
  greedy: {
    meaning: 'greedy: matrices in RAS mm, warps as those of ITK',
    matrix: {worlds: ras},
    field: {worlds: lps, kind: 'displacements', header: vectors({code: 1007})},
  },
  niftyreg: {
    meaning: 'NiftyReg: matrices and deformation fields (positions) in RAS mm',
    matrix: {worlds: ras},
    field: {
      ...{worlds: ras, kind: 'positions'},
      header: vectors({code: 1007, name: 'NREG_TRANS', parameters: [0, 0, 0]}),
    },
  },
  fsl: {
    meaning:
      'FSL: FLIRT matrices, moving to fixed, and relative warps, in mm of its own of both images',
    matrix: {worlds: fsl, leadsBack: true},
    field: {worlds: fsl, kind: 'displacements', header: FSL_FIELD},
  },
  'fsl-absolute': {
    meaning: 'FSL: absolute warps (positions), likewise',
    matrix: null,
    field: {worlds: fsl, kind: 'positions', header: FSL_FIELD},
  },
  freesurfer: {
    meaning:
      'FreeSurfer: linear transforms (.lta), warps (.mgz), fields of displacements in RAS mm',
    matrix: null,
    field: RAS_FIELD,
  },
  spm: {
    meaning: 'SPM: deformation fields y_ (positions) in RAS mm',
    matrix: null,
    field: {
      ...{worlds: ras, kind: 'positions'},
      header: vectors({code: 1007, name: 'Mapping'}),
    },
  },
  ras: {
    meaning: 'any program: RAS mm, displacements in fields',
    matrix: {worlds: ras},
    field: RAS_FIELD,
  },
  voxels: {
    meaning: 'VoxelMorph: displacements in voxels of one grid that both images share',
    matrix: null,
    field: {
      worlds: ({fixed}) => {
        const toVoxel = fixed().affine.inverse();
        return {fixed: toVoxel, moving: toVoxel};
      },
      kind: 'displacements',
      header: volumes({code: 0}),
    },
  },
} as const satisfies Readonly<Record<string, Convention>>;

export type ConventionName = keyof typeof CONVENTIONS;

export const CONVENTION_NAMES = Object.keys(CONVENTIONS) as readonly ConventionName[];

export function isConventionName(word: string): word is ConventionName {
  return Object.hasOwn(CONVENTIONS, word);
}

/** The conventions in which a text of sixteen numbers may be. */
export const MATRIX_NAMES = CONVENTION_NAMES.filter((name) => CONVENTIONS[name].matrix !== null);

/** @throws {HypermorphError} E_USAGE if the program keeps no matrix in such a text; without the name of the file. */
export function matrixConvention(name: ConventionName): MatrixConvention {
  const {matrix}: Convention = CONVENTIONS[name];
  if (matrix !== null) return matrix;
  throw new HypermorphError(
    'E_USAGE',
    `the convention of a text of four rows of four numbers must be ${MATRIX_NAMES.join(', ')}, got ${name}.`,
  );
}

export function fieldConvention(name: ConventionName): FieldConvention {
  return CONVENTIONS[name].field;
}

/** @throws {HypermorphError} E_USAGE if the numbers depend on an image that is not known; without the name of the file. */
export function worldsOf({worlds}: {readonly worlds: WorldsOf}, images: TransformImages): Worlds {
  const known = (side: 'fixed' | 'moving') => (): Grid => {
    const grid = images[side];
    if (grid !== undefined) return grid;
    throw new HypermorphError(
      'E_USAGE',
      `\`${side}\` must be given, the image that the transform ${side === 'fixed' ? 'starts from' : 'leads to'}: the numbers of this convention depend on it.`,
      {hint: 'In a chain: convert the file first, with both images.'},
    );
  };
  return worlds({fixed: known('fixed'), moving: known('moving')});
}

/** A map from fixed to moving as the matrix of a convention has it, or the other way round. */
export function turnedWhere({leadsBack = false}: MatrixConvention, affine: Affine): Affine {
  return leadsBack ? affine.inverse() : affine;
}
