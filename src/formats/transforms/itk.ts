import type {Grid} from '../../geometry/grid.js';
import type {KernelRunner} from '../../kernels/voxel-operation.js';
import type {DisplacementTransform, Transform} from '../../transforms/transform.js';
import type {NiftiIntent} from '../images/types.js';
import {fromOneWorld, LPS, LPS_WORLDS, toField, type FieldOnGrid} from './worlds.js';

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
  grid: Grid,
  engine?: KernelRunner,
): Float32Array {
  return toField(transform, grid, {worlds: LPS_WORLDS, kind: 'displacements', engine});
}

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
export function decodeItkWarp(warp: FieldOnGrid): DisplacementTransform {
  return fromOneWorld(warp, LPS, 'displacements');
}
