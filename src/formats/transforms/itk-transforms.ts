import {Affine} from '../../geometry/affine.js';
import {countVoxels, type Grid} from '../../geometry/grid.js';
import type {Triple} from '../../geometry/triple.js';
import {
  affineTransform,
  compose,
  displacementTransform,
  splineTransform,
  type SimpleTransform,
  type Transform,
} from '../../transforms/transform.js';
import type {FieldUnit, VectorField} from '../../transforms/vector-field.js';
import {affineOfEntry, COMPOSITE, refuse, type ItkEntry} from './itk-entries.js';
import {requireUsable} from './matrix-text.js';
import {fromMatrix, LPS, LPS_WORLDS, toMatrix} from './worlds.js';

const FIELD = 'DisplacementFieldTransform';
const SPLINE = 'BSplineTransform';

/**
 * The transform of the entries of a file of ITK: affine maps, displacement fields and cubic B-splines, one or a composite.
 *
 * @throws {HypermorphError} E_IO if there is none, or one of another kind; without the name of the file.
 * @see ITK, `itkDisplacementFieldTransform.h` and `itkBSplineTransform.h`: fixed parameters are the size, origin, spacing and direction, row
 *   by row, of the field or of the grid of coefficients; parameters of a spline are all along x, then y, then z.
 */
export function transformOfEntries(entries: readonly ItkEntry[]): Transform {
  const parts = entries.filter(({kind}) => kind !== COMPOSITE);
  if (parts.length === 0) refuse('must hold a transform, got none');
  // Of a composite the last one is applied first, as it was added.
  return compose(...parts.map(transformOf));
}

function transformOf(entry: ItkEntry): SimpleTransform {
  if (entry.kind === FIELD) {
    return displacementTransform(vectorsOf(entry, {each: 3, component: 1}));
  }
  if (entry.kind === SPLINE) return splineTransform(splineOf(entry));
  return affineTransform(fromMatrix(requireUsable(affineOfEntry(entry)), LPS_WORLDS));
}

/** Coefficients, in LPS mm as ITK and elastix have them, in RAS mm. */
export function splineOf(entry: ItkEntry): VectorField<'mm', 'tensor'> {
  const [i, j, k] = entry.fixed;
  return vectorsOf(entry, {each: 1, component: i * j * k});
}

/** How vectors lie in the parameters: elements from one to the next, which runs i fastest, and from component to component. */
interface Layout {
  readonly each: number;
  readonly component: number;
}

function vectorsOf({parameters, fixed}: ItkEntry, layout: Layout): VectorField<'mm', 'tensor'> {
  const [i, j, k, ox, oy, oz, x, y, z, ...direction] = fixed;
  const [xx, xy, xz, yx, yy, yz, zx, zy, zz] = direction;
  const shape: Triple = [i, j, k];
  const isSound =
    direction.length === 9 && shape.every((length) => Number.isInteger(length) && length >= 1);
  if (!isSound) {
    refuse('a field must say its size, origin, spacing and direction, got other fixed parameters');
  }
  const count = 3 * countVoxels(shape);
  if (parameters.length !== count) {
    refuse(
      `a field of ${shape.join(' x ')} voxels must hold ${count} numbers, got ${parameters.length}`,
    );
  }
  const linear = Affine.fromLinear([xx, xy, xz, yx, yy, yz, zx, zy, zz]);
  const lps = Affine.compose(linear, Affine.scaling([x, y, z])).withOffset([ox, oy, oz]);
  const grid: Grid = {shape, affine: requireUsable(Affine.compose(LPS, lps))};
  const values = new Float32Array(count);
  const {component} = layout;
  eachVector(shape, layout, (file, tensor) => {
    values[tensor] = -parameters[file];
    values[tensor + 1] = -parameters[file + component];
    values[tensor + 2] = parameters[file + 2 * component];
  });
  return {grid, unit: 'mm', order: 'tensor', values};
}

/** The first number of each vector: i fastest in the file, k fastest in tensors. */
function eachVector(
  [i, j, k]: Triple,
  {each}: Layout,
  use: (file: number, tensor: number) => void,
): void {
  let tensor = 0;
  for (let x = 0; x < i; x++) {
    for (let y = 0; y < j; y++) {
      for (let z = 0; z < k; z++, tensor += 3) use(each * (x + i * (y + j * z)), tensor);
    }
  }
}

/** The entry of a transform, in LPS mm; fields and coefficients are float32. */
export function entryOf(part: SimpleTransform): ItkEntry {
  if (part.kind === 'affine') {
    const {linear, offset} = toMatrix(part.affine, LPS_WORLDS);
    return {kind: 'AffineTransform', parameters: [...linear, ...offset], fixed: [0, 0, 0]};
  }
  if (part.kind === 'displacement') {
    return {kind: FIELD, ...vectorEntry(part.field, {each: 3, component: 1})};
  }
  const {coefficients} = part;
  const component = countVoxels(coefficients.grid.shape);
  return {kind: SPLINE, ...vectorEntry(coefficients, {each: 1, component})};
}

function vectorEntry(
  {grid, unit, values}: VectorField<FieldUnit, 'tensor'>,
  layout: Layout,
): Omit<ItkEntry, 'kind'> {
  const {shape, affine} = grid;
  const place = Affine.compose(LPS, affine);
  const {linear: l} = unit === 'voxels' ? place : LPS;
  const parameters = new Float32Array(values.length);
  const {component} = layout;
  eachVector(shape, layout, (file, tensor) => {
    const [x, y, z] = [values[tensor], values[tensor + 1], values[tensor + 2]];
    parameters[file] = l[0] * x + l[1] * y + l[2] * z;
    parameters[file + component] = l[3] * x + l[4] * y + l[5] * z;
    parameters[file + 2 * component] = l[6] * x + l[7] * y + l[8] * z;
  });
  const fixed = [...shape, ...place.offset, ...place.spacing, ...place.directions.linear];
  return {parameters, fixed};
}
