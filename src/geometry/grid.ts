import {Affine} from './affine.js';
import {mapTriple, type Triple} from './triple.js';

/** Where voxels lie in the world. */
export interface Grid {
  /** Number of voxels along i, j, k. */
  readonly shape: Triple;
  /** Voxel (i, j, k) -> world, RAS mm; the coordinate is the centre of a voxel. */
  readonly affine: Affine;
}

/** Two grids whose voxels lie closer than this (in voxels) are the same grid. */
const GRID_TOLERANCE = 1e-3;

/** Number of voxels of a grid. */
export function countVoxels([i, j, k]: Triple): number {
  return i * j * k;
}

/** Whether a point, RAS mm, lies in a voxel of a grid. */
export function isWithin({shape, affine}: Grid, point: Triple): boolean {
  return isIndexWithin(shape, affine.inverse().apply(point));
}

/** The same for a voxel index: -1/2 to n - 1/2 belong to n voxels. */
export function isIndexWithin(shape: Triple, index: Triple): boolean {
  return index.every((value, axis) => value >= -0.5 && value <= shape[axis] - 0.5);
}

/** The eight outermost voxel centres of a grid, as voxel indices. */
export function cornersOf(shape: Triple): readonly Triple[] {
  const [i, j, k] = shape.map((length) => length - 1);
  const ends = (last: number): readonly number[] => [0, last];
  return ends(i).flatMap((x) => ends(j).flatMap((y) => ends(k).map((z): Triple => [x, y, z])));
}

/** The middle of the box of voxels, as a voxel index; between two voxels where a size is even. */
export function middleOf(shape: Triple): Triple {
  return mapTriple(shape, (length) => (length - 1) / 2);
}

/** The middle of the box of voxels, RAS mm. */
export function centreOf({shape, affine}: Grid): Triple {
  return affine.apply(middleOf(shape));
}

/** How far the box of voxels reaches along each axis of the world, mm. */
export function boundingSize({shape, affine: {rows}}: Grid): Triple {
  return mapTriple(shape, (_, axis) =>
    shape.reduce((sum, length, n) => sum + Math.abs(rows[4 * axis + n]) * length, 0),
  );
}

/**
 * The same box of space at another distance between voxels, about the same middle; the last voxels may reach a little further or
 * less far. An axis of one voxel stays as it is: a plane.
 *
 * @param spacing - mm along i, j, k.
 */
export function atSpacing({shape, affine}: Grid, spacing: Triple): Grid {
  const steps = affine.spacing;
  const sizes = mapTriple(shape, (length, axis) =>
    length === 1 ? 1 : Math.max(1, Math.round((length * steps[axis]) / spacing[axis])),
  );
  const factors = mapTriple(spacing, (mm, axis) => (shape[axis] === 1 ? 1 : mm / steps[axis]));
  const linear = Affine.compose(affine, Affine.scaling(factors));
  return {shape: sizes, affine: linear.taking(middleOf(sizes), centreOf({shape, affine}))};
}

/** The largest distance between the places that two maps give the same corner of a grid of this shape. */
export function largestDistance(a: Affine, b: Affine, shape: Triple): number {
  return Math.max(
    ...cornersOf(shape).map((corner) => {
      const p = a.apply(corner);
      const q = b.apply(corner);
      return Math.hypot(p[0] - q[0], p[1] - q[1], p[2] - q[2]);
    }),
  );
}

/**
 * Whether two grids have the same size and, to a thousandth of a voxel, the same place.
 *
 * @example
 * import {Affine, isSameGrid} from 'hypermorph';
 * const grid = {shape: [10, 10, 10] as const, affine: Affine.scaling([2, 2, 2])};
 * isSameGrid(grid, {...grid, affine: Affine.scaling([2, 2, 2.5])}); // false
 */
export function isSameGrid(a: Grid, b: Grid): boolean {
  if (a.shape.some((length, axis) => length !== b.shape[axis])) return false;
  const between = Affine.compose(b.affine.inverse(), a.affine); // voxel of a -> voxel of b
  return cornersOf(a.shape).every((corner) => {
    const image = between.apply(corner);
    return corner.every((position, axis) => Math.abs(position - image[axis]) <= GRID_TOLERANCE);
  });
}
