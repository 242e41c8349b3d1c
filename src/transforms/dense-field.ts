import {Affine} from '../geometry/affine.js';
import {mapTriple} from '../geometry/triple.js';
import type {Grid} from '../geometry/grid.js';
import {displacementOn} from './apply.js';
import {
  displacementTransform,
  type DisplacementTransform,
  type SplineTransform,
} from './transform.js';

/** Voxels of a field that stands for a spline are no further apart, mm: between them it is linear. */
const DENSE_MM = 2;

/** A grid on all that a spline displaces: its points, and others between them. */
export function denseGridOf({coefficients}: SplineTransform): Grid {
  const {shape, affine} = coefficients.grid;
  const parts = mapTriple(affine.spacing, (mm) => Math.max(1, Math.ceil(mm / DENSE_MM)));
  const shares = mapTriple(parts, (count) => 1 / count);
  return {
    shape: mapTriple(shape, (length, axis) => Math.max(1, (length - 3) * parts[axis] + 1)),
    affine: Affine.compose(affine, Affine.translation([1, 1, 1]), Affine.scaling(shares)),
  };
}

/** The displacement of a spline at the voxels of such a grid: what is searched voxel by voxel. */
export function denseFieldOf(spline: SplineTransform): DisplacementTransform {
  return displacementTransform(displacementOn(spline, denseGridOf(spline)));
}
