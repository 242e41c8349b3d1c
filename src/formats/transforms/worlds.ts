import {Affine} from '../../geometry/affine.js';
import type {Grid} from '../../geometry/grid.js';
import type {KernelRunner} from '../../kernels/voxel-operation.js';
import {displacementOn} from '../../transforms/apply.js';
import {
  affineTransform,
  compose,
  displacementTransform,
  type DisplacementTransform,
  type Transform,
} from '../../transforms/transform.js';

/**
 * How a program writes down points: RAS mm -> its own numbers, of the fixed and of the moving image.
 *
 * A matrix or a field of the program takes the one kind of numbers to the other; all conventions of transforms are this, and
 * whether a field holds displacements or positions.
 */
export interface Worlds {
  readonly fixed: Affine;
  readonly moving: Affine;
}

/** Millimetres to the right, front and up <-> to the left, back and up, as ITK has them. */
export const LPS = Affine.scaling([-1, -1, 1]);

/** RAS mm as they are: greedy's matrices, NiftyReg, SPM, FreeSurfer. */
export const RAS_WORLDS: Worlds = {fixed: Affine.identity, moving: Affine.identity};
export const LPS_WORLDS: Worlds = {fixed: LPS, moving: LPS};

/**
 * FSL's millimetres: voxel index times spacing, from the first voxel of an image, or along i from its last voxel where the image
 * is right-handed. What they mean depends on the image.
 *
 * @see Jenkinson et al., NeuroImage 17 (2002) 825 (FLIRT); FSL's documentation of FLIRT, "coordinate systems".
 */
export function fslWorld(grid: Grid): Affine {
  const {affine} = grid;
  return Affine.compose(fslFromVoxels(grid), affine.inverse());
}

function fslFromVoxels({shape, affine}: Grid): Affine {
  const [x, y, z] = affine.spacing;
  return affine.determinant > 0
    ? Affine.scaling([-x, y, z]).withOffset([(shape[0] - 1) * x, 0, 0])
    : Affine.scaling([x, y, z]);
}

/** The transform of a matrix that takes a program's fixed numbers to its moving ones. */
export function fromMatrix(matrix: Affine, {fixed, moving}: Worlds): Affine {
  return Affine.compose(moving.inverse(), matrix, fixed);
}

/** The matrix of a transform in a program's numbers. */
export function toMatrix(affine: Affine, {fixed, moving}: Worlds): Affine {
  return Affine.compose(moving, affine, fixed.inverse());
}

/** Whether a field holds, for each voxel of the fixed image, how far to go or where to go. */
export type FieldKind = 'displacements' | 'positions';

/** A length that no displacement has, mm: programs mark voxels without one by numbers beyond it. */
const MISSING_MM = 1e9;

/** Three components, slowest, on the grid of the fixed image or on another one in its place. */
export type FieldOnGrid = Grid & {readonly data: Float32Array};

/**
 * The transform of a field in a program's numbers; NaN where it marks that it knows no displacement. The field is not modified.
 */
export function fromField(field: FieldOnGrid, worlds: Worlds, kind: FieldKind): Transform {
  const {fixed, moving} = worlds;
  if (fixed.equals(moving)) return fromOneWorld(field, fixed, kind);
  const {shape, affine} = field;
  // The grid as the program writes down the places of its voxels; the field moves them there.
  const grid = {shape, affine: Affine.compose(fixed, affine)};
  const placed = fromOneWorld({...grid, data: field.data}, Affine.identity, kind);
  return compose(affineTransform(moving.inverse()), placed, affineTransform(fixed));
}

/** The same where one kind of numbers serves for both images: the field stays one. */
export function fromOneWorld(
  {shape, affine, data}: FieldOnGrid,
  world: Affine,
  kind: FieldKind,
): DisplacementTransform {
  const values = data.map((value) => (Math.abs(value) < MISSING_MM ? value : NaN));
  if (kind === 'positions') addPlaces(values, {shape, affine: Affine.compose(world, affine)}, -1);
  if (!world.equals(Affine.identity)) turn(values, world.inverse());
  return displacementTransform({grid: {shape, affine}, unit: 'mm', order: 'disk', values});
}

/** The field of a transform in a program's numbers, three components, slowest, on a grid in the place of the fixed image. */
export function toField(
  transform: Transform,
  grid: Grid,
  {
    worlds: {fixed, moving},
    kind,
    engine,
  }: {
    readonly worlds: Worlds;
    readonly kind: FieldKind;
    readonly engine?: KernelRunner | undefined;
  },
): Float32Array {
  const place = {shape: grid.shape, affine: Affine.compose(fixed, grid.affine)};
  const own = compose(affineTransform(moving), transform, affineTransform(fixed.inverse()));
  const {values} = displacementOn(own, place, engine);
  if (kind === 'positions') addPlaces(values, place);
  return values;
}

/** Numbers along the three axes of space are turned from one kind into another, in place. */
function turn(values: Float32Array, {linear: [a, b, c, d, e, f, g, h, i]}: Affine): void {
  const voxels = values.length / 3;
  for (let n = 0, m = voxels, o = 2 * voxels; n < voxels; n++, m++, o++) {
    const [x, y, z] = [values[n], values[m], values[o]];
    values[n] = a * x + b * y + c * z;
    values[m] = d * x + e * y + f * z;
    values[o] = g * x + h * y + i * z;
  }
}

/** Add where each voxel lies, in place. */
function addPlaces(values: Float32Array, {shape, affine: {rows: r}}: Grid, sign: 1 | -1 = 1): void {
  const voxels = values.length / 3;
  let n = 0;
  for (let k = 0; k < shape[2]; k++) {
    for (let j = 0; j < shape[1]; j++) {
      for (let i = 0; i < shape[0]; i++, n++) {
        values[n] += sign * (r[0] * i + r[1] * j + r[2] * k + r[3]);
        values[n + voxels] += sign * (r[4] * i + r[5] * j + r[6] * k + r[7]);
        values[n + 2 * voxels] += sign * (r[8] * i + r[9] * j + r[10] * k + r[11]);
      }
    }
  }
}
