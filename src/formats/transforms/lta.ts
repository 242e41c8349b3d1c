import {HypermorphError} from '../../errors.js';
import {Affine, type LinearRows} from '../../geometry/affine.js';
import type {Grid} from '../../geometry/grid.js';
import type {Triple} from '../../geometry/triple.js';
import {requireUsable} from './matrix-text.js';
import {fromMatrix} from './worlds.js';

/** What the numbers of a matrix are, by the field `type`. */
const VOXELS = 0;
const MILLIMETRES = 1;

function refuse(problem: string): never {
  throw new HypermorphError('E_IO', `${problem}.`, {
    hint: 'The file must be a linear transform of FreeSurfer (.lta); lta_convert writes one.',
  });
}

/** Whether a text is a linear transform of FreeSurfer. */
export function isLta(text: string): boolean {
  return /^\s*nxforms\s*=/m.test(text) && /^\s*type\s*=/m.test(text);
}

/**
 * The affine of a linear transform of FreeSurfer (.lta), from its destination, the fixed image, to its source, the moving one:
 * the file's own matrix leads the other way.
 *
 * Read are matrices of voxels (type 0) and of RAS mm (type 1).
 *
 * @throws {HypermorphError} E_IO if it is none, without the name of the file.
 * @see FreeSurfer, `include/transform.h` (types) and the wiki page "LinearTransformArray".
 */
export function decodeLta(text: string): Affine {
  const lines = text.split(/\r?\n/).map((line) => line.replace(/#.*$/, '').trim());
  const type = numbersAfter(lines, 'type')[0];
  const start = lines.findIndex((line) => /^1\s+4\s+4$/.test(line));
  if (start < 0) refuse('must hold a matrix of 4 x 4 numbers, got none');
  const rows = lines.slice(start + 1, start + 4).map(numbersOf);
  if (rows.length < 3 || !rows.every((row) => row.length === 4 && row.every(Number.isFinite))) {
    refuse('must hold a matrix of 4 x 4 numbers, got a damaged one');
  }
  const matrix = requireUsable(Affine.fromMatrix(rows.flat()));
  if (type === MILLIMETRES) return matrix.inverse();
  if (type !== VOXELS) refuse(`the type must be 0 (voxels) or 1 (RAS mm), got ${type}`);
  return fromMatrix(matrix.inverse(), {
    fixed: requireUsable(placeIn(lines, 'dst')).inverse(),
    moving: requireUsable(placeIn(lines, 'src')).inverse(),
  });
}

function numbersOf(line: string): number[] {
  return line === '' ? [] : line.split(/\s+/).map(Number);
}

function numbersAfter(lines: readonly string[], name: string): number[] {
  const pattern = new RegExp(`^${name}\\s*=\\s*(.*)$`);
  const line = lines.find((one) => pattern.test(one));
  return numbersOf(line === undefined ? '' : line.replace(pattern, '$1'));
}

/** Voxel -> RAS mm of the image that a block of lines describes. */
function placeIn(lines: readonly string[], side: 'src' | 'dst'): Affine {
  const start = lines.findIndex((line) => line.startsWith(`${side} volume info`));
  const block = start < 0 ? [] : lines.slice(start + 1, start + 9);
  const three = (name: string): Triple => {
    const numbers = numbersAfter(block, name);
    const [x, y, z] = numbers;
    if (numbers.length === 3 && numbers.every(Number.isFinite)) return [x, y, z];
    return refuse(
      `a matrix of voxels must come with the ${side === 'src' ? 'source' : 'destination'} volume's ${name}, got none`,
    );
  };
  if (numbersAfter(block, 'valid')[0] !== 1) {
    refuse(`a matrix of voxels must come with two volumes, got none that is valid as ${side}`);
  }
  const shape = three('volume');
  const [[xr, xa, xs], [yr, ya, ys], [zr, za, zs]] = [three('xras'), three('yras'), three('zras')];
  const linear = Affine.compose(
    Affine.fromLinear([xr, yr, zr, xa, ya, za, xs, ys, zs]),
    Affine.scaling(three('voxelsize')),
  );
  return linear.taking(halfOf(shape), three('cras'));
}

/** FreeSurfer's middle of an image. */
function halfOf([i, j, k]: Triple): Triple {
  return [i / 2, j / 2, k / 2];
}

/**
 * The text of an affine from fixed to moving, as FreeSurfer's from its source, moving, to its destination, fixed, in RAS mm.
 *
 * @param images - FreeSurfer's programs want to know both.
 */
export function encodeLta(
  affine: Affine,
  images: {readonly fixed: Grid; readonly moving: Grid},
): string {
  const {rows} = affine.inverse();
  const row = (start: number) => rows.slice(start, start + 4).join(' ');
  return [
    '# transform file written by hypermorph',
    `type      = ${MILLIMETRES} # LINEAR_RAS_TO_RAS`,
    'nxforms   = 1',
    'mean      = 0.0000 0.0000 0.0000',
    'sigma     = 1.0000',
    '1 4 4',
    ...[0, 4, 8].map(row),
    '0 0 0 1',
    ...volumeInfo('src', images.moving),
    ...volumeInfo('dst', images.fixed),
    '',
  ].join('\n');
}

function volumeInfo(side: 'src' | 'dst', {shape, affine}: Grid): string[] {
  const column = (axis: 0 | 1 | 2): string => {
    const directions: LinearRows = affine.directions.linear;
    return [directions[axis], directions[axis + 3], directions[axis + 6]].join(' ');
  };
  return [
    `${side} volume info`,
    'valid = 1  # volume info valid',
    `filename = ${side === 'src' ? 'moving' : 'fixed'}`,
    `volume = ${shape.join(' ')}`,
    `voxelsize = ${affine.spacing.join(' ')}`,
    `xras   = ${column(0)}`,
    `yras   = ${column(1)}`,
    `zras   = ${column(2)}`,
    `cras   = ${affine.apply(halfOf(shape)).join(' ')}`,
  ];
}
