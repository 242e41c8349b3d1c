import {Affine} from '../../geometry/affine.js';
import type {Grid} from '../../geometry/grid.js';
import {mapTriple, type Triple} from '../../geometry/triple.js';
import type {KernelRunner} from '../../kernels/voxel-operation.js';
import {halfShape} from '../../optimisers/refinement/level.js';
import {HALVE} from '../../optimisers/refinement/operations.js';

/** The images of one resolution of a refinement, and where they count; null: everywhere. */
export interface LevelImages {
  readonly shape: Triple;
  readonly fixed: Float32Array;
  readonly moving: Float32Array;
  readonly fixedMask: Float32Array | null;
  readonly movingMask: Float32Array | null;
}

/** The next coarser resolution: the mean of every 2 x 2 x 2 voxels. */
export function halvedImages(
  {shape, fixed, moving, fixedMask, movingMask}: LevelImages,
  engine: KernelRunner,
): LevelImages {
  const halve = (image: Float32Array) => engine.run(HALVE, image, shape);
  return {
    shape: halfShape(shape),
    fixed: halve(fixed),
    moving: halve(moving),
    fixedMask: fixedMask && halve(fixedMask),
    movingMask: movingMask && halve(movingMask),
  };
}

/** Length of the edge of a cube as large as a voxel, mm. */
export function voxelEdge({affine}: Grid): number {
  return Math.cbrt(affine.spacing.reduce((all, size) => all * size, 1));
}

/**
 * A grid, its voxels joined by twos along every axis until they are as large as wanted.
 *
 * @param edge - As of `voxelEdge`.
 * @param fewest - So many voxels are left along every axis; an axis of one stays as it is.
 */
export function halvedTowards(edge: number, fine: Grid, fewest: number): Grid {
  const canHalve = ({shape}: Grid) => shape.every((length) => length === 1 || length >= 2 * fewest);
  let grid = fine;
  for (let n = Math.round(Math.log2(edge / voxelEdge(fine))); n > 0 && canHalve(grid); n--) {
    const factors = mapTriple(grid.shape, (length) => (length > 1 ? 2 : 1));
    const toFine = Affine.scaling(factors).withOffset(mapTriple(factors, (f) => (f - 1) / 2));
    grid = {shape: halfShape(grid.shape), affine: Affine.compose(grid.affine, toFine)};
  }
  return grid;
}
