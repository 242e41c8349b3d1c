import type {KernelRunner} from '../../kernels/voxel-operation.js';
import {Affine} from '../../geometry/affine.js';
import type {Grid} from '../../geometry/grid.js';
import {displacementOn} from '../../transforms/apply.js';
import {
  affineTransform,
  compose,
  displacementTransform,
  type DisplacementTransform,
  type Transform,
} from '../../transforms/transform.js';
import type {NiftiField, NiftiIntent} from '../images/nifti/types.js';
import {LPS} from './lps.js';

/** What says in a header that the vectors are displacements in ITK's sense: LPS mm, not to be turned. */
export const ITK_VECTORS: Partial<NiftiIntent> = {code: 1007};

/**
 * The voxels of a warp file as ITK, ANTs and Slicer read it: T(x) - x at every voxel x of a grid, LPS mm.
 *
 * @returns A file of three components, component slowest, to be written with `ITK_VECTORS`; a new array.
 *
 * @example
 * import {Affine, affineTransform, encodeItkWarp} from 'hypermorph';
 * const grid = {shape: [1, 1, 1], affine: Affine.identity} as const;
 * encodeItkWarp(affineTransform(Affine.translation([1, 2, 3])), grid); // [-1, -2, 3]
 */
export function encodeItkWarp(
  transform: Transform,
  {shape, affine}: Grid,
  engine?: KernelRunner,
): Float32Array {
  // The same transform and grid in a world whose first two axes run the other way.
  const turn = affineTransform(LPS);
  const turned = compose(turn, transform, turn);
  const grid = {shape, affine: Affine.compose(LPS, affine)};
  return displacementOn(turned, grid, engine).values;
}

/** A length that no displacement has, mm: programs mark voxels without one by numbers beyond it. */
const MISSING_MM = 1e9;

/**
 * The transform of a warp file in ITK's convention; NaN where the file marks that it knows no displacement.
 *
 * @param warp - Three components, LPS mm, on the grid of the fixed image. Not modified.
 *
 * @example
 * import {Affine, decodeItkWarp, mapPoints} from 'hypermorph';
 * const grid = {shape: [1, 1, 1], affine: Affine.identity} as const;
 * const warp = decodeItkWarp({...grid, data: Float32Array.of(-1, -2, 3)});
 * mapPoints(warp, [[0, 0, 0]]); // [[1, 2, 3]]
 */
export function decodeItkWarp({
  shape,
  affine,
  data,
}: Pick<NiftiField, 'shape' | 'affine' | 'data'>): DisplacementTransform {
  const values = new Float32Array(data.length);
  const turned = 2 * (data.length / 3); // numbers along left and back
  for (let n = 0; n < data.length; n++) {
    const value = n < turned ? -data[n] : data[n];
    values[n] = Math.abs(value) < MISSING_MM ? value : NaN;
  }
  return displacementTransform({grid: {shape, affine}, unit: 'mm', order: 'disk', values});
}
