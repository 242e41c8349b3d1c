import {Affine} from '../../geometry/affine.js';
import {mapTriple, type Triple} from '../../geometry/triple.js';
import {
  affineTransform,
  compose,
  splineTransform,
  type Transform,
} from '../../transforms/transform.js';
import {readField} from '../images/read-image.js';
import type {FileField} from '../images/types.js';
import {named} from '../named.js';
import {nameOf, type Source} from '../source.js';
import {matrixConvention, worldsOf, type TransformImages} from './conventions.js';
import {requireUsable} from './matrix-text.js';

/** Intent of coefficients of cubic B-splines. */
export const FNIRT_CUBIC = 2007;
/** Beyond those of the file all coefficients are 0: as many as reach half a voxel beyond the image. */
const PADDING = 2;

/**
 * The transform of a file of coefficients of FNIRT, fixed -> moving: x -> A x + d(x) in FSL's mm, where A is the inverse of the matrix with
 * which FNIRT began, and d the cubic B-spline whose second coefficient lies on the first voxel of the fixed image.
 *
 * The header holds the matrix in the place of the sform, voxels of the fixed image from one coefficient to the next in that of the voxel sizes,
 * and the voxel sizes of the image that FNIRT was given as parameters of the intent.
 *
 * @throws {HypermorphError} As `readField`; E_USAGE if an image is not known.
 * @see Andersson, Jenkinson, Smith, FMRIB technical report TR07JA2 (the spline); fslpy, `fsl.transform.fnirt` (the header).
 */
export async function readFnirt(source: Source, images: TransformImages): Promise<Transform> {
  const [bySform, byQform] = await Promise.all([
    readField(source, {geometry: 'sform'}),
    readField(source, {geometry: 'qform'}),
  ]);
  return named(nameOf(source), () => decode(bySform, byQform.affine.spacing, images));
}

function decode(field: FileField, steps: Triple, images: TransformImages): Transform {
  const worlds = worldsOf(matrixConvention('fsl'), images);
  const fixed = images.fixed!; // or its world would not be known
  const toFixed = field.affine;
  const knots = mapTriple(
    steps,
    (step, axis) => (step * field.intent.parameters[axis]) / fixed.affine.spacing[axis],
  );
  const first: Triple = [-PADDING - 1, -PADDING - 1, -PADDING - 1];
  const toVoxel = Affine.compose(Affine.scaling(knots), Affine.translation(first));
  const affine = requireUsable(Affine.compose(worlds.fixed, fixed.affine, toVoxel));
  const shape = mapTriple(field.shape, (length) => length + 2 * PADDING);
  const spline = splineTransform({
    ...{grid: {shape, affine}, unit: 'mm', order: 'disk'},
    values: padded(field, toFixed),
  });
  // A x + d = A (x + A^-1 d)
  const toMoving = Affine.compose(worlds.moving.inverse(), toFixed.inverse());
  return compose(affineTransform(toMoving), spline, affineTransform(worlds.fixed));
}

/** Vectors turned by a matrix, with zeros around them; component slowest. */
function padded({shape, data}: FileField, {linear}: Affine): Float32Array {
  const [i, j, k] = shape;
  const [wide, high, deep] = mapTriple(shape, (length) => length + 2 * PADDING);
  const [from, to] = [i * j * k, wide * high * deep];
  const result = new Float32Array(3 * to);
  for (let n = 0; n < from; n++) {
    const [x, y, z] = [n % i, Math.floor(n / i) % j, Math.floor(n / (i * j))];
    const at = x + PADDING + wide * (y + PADDING + high * (z + PADDING));
    for (let c = 0; c < 3; c++) {
      result[at + c * to] =
        linear[3 * c] * data[n] +
        linear[3 * c + 1] * data[n + from] +
        linear[3 * c + 2] * data[n + 2 * from];
    }
  }
  return result;
}
