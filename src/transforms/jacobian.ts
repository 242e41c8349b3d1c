import type {KernelRunner} from '../kernels/voxel-operation.js';
import {countVoxels, isSameGrid, type Grid} from '../geometry/grid.js';
import {jacobianDeterminant} from '../ops/jacobian.js';
import {sample, volumeOfTensor} from './apply.js';
import {splineDeterminants} from './spline-jacobian.js';
import {
  compose,
  isIdentity,
  partsOf,
  type DisplacementTransform,
  type Transform,
} from './transform.js';
import {tensorOf, valuesOf} from './tensors.js';
import {inDiskOrder, inVoxels} from './vector-field.js';

/**
 * The local change of volume of a transform at every voxel of a grid: det(dT/dx), <= 0 where it folds.
 *
 * By the chain rule: the determinant of each part where the parts before it lead, multiplied. That of a field is taken on its
 * own grid (central differences, one-sided at both ends), sampled trilinearly, and 1 beyond the grid. That of a spline
 * is exact. Needs a started engine for the fields.
 *
 * @returns In the order of files: i fastest. On a field's own grid NaN where the field or a neighbour of the voxel is.
 *
 * @example
 * import {Affine, affineTransform, jacobianOn} from 'hypermorph';
 * const grid = {shape: [1, 1, 2], affine: Affine.identity} as const;
 * jacobianOn(affineTransform(Affine.scaling([2, 2, 2])), grid); // [8, 8]
 */
export function jacobianOn(transform: Transform, grid: Grid, engine?: KernelRunner): Float32Array {
  const result = new Float32Array(countVoxels(grid.shape)).fill(1);
  const parts = partsOf(transform);
  parts.forEach((part, n) => {
    if (part.kind === 'affine') {
      const {determinant} = part.affine;
      for (let v = 0; v < result.length; v++) result[v] *= determinant;
      return;
    }
    const before = compose(...parts.slice(n + 1));
    const here =
      part.kind === 'spline'
        ? splineDeterminants(part, before, grid)
        : determinantsAt(before, part, grid, engine);
    for (let v = 0; v < result.length; v++) result[v] *= here[v];
  });
  return result;
}

/** The determinant of a field where the parts before it lead, in the order of files. */
function determinantsAt(
  before: Transform,
  part: DisplacementTransform,
  grid: Grid,
  engine: KernelRunner | undefined,
): ArrayLike<number> {
  const own = part.field.grid;
  const determinants = determinantsOf(part);
  if (isIdentity(before) && isSameGrid(grid, own)) return inDiskOrder(determinants, own);
  const image = volumeOfTensor(determinants, own);
  return sample(image, before, grid, {outside: 1, ...(engine ? {engine} : {})}).data;
}

/** On the field's own grid, in the order of tensors. */
function determinantsOf({field}: DisplacementTransform): Float32Array {
  return valuesOf(() => jacobianDeterminant(tensorOf(inVoxels(field))));
}
