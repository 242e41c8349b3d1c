import type {Affine, LinearRows} from '../geometry/affine.js';
import type {Triple} from '../geometry/triple.js';

/** A displacement field, and how points reach it: p -> linear u(toField p). */
export interface PlacedField {
  /** The point -> index of the field's grid. */
  readonly toField: Affine;
  /** A vector of the field -> the unit and axes of the link's result. */
  readonly linear: LinearRows;
  /** u, or the coefficients of a spline: [I, J, K, 3] (channel fastest, then k, j, i). */
  readonly field: Float32Array;
  /** 1: u is trilinear between the voxels of its grid. 3: the cubic B-spline with these coefficients. */
  readonly degree: 1 | 3;
  /** I, J, K. */
  readonly fieldShape: Triple;
}

/** One step of a map: p -> base p + linear u(toField p); without a displacement p -> base p. */
export interface MapLink {
  readonly base: Affine;
  readonly displacement: PlacedField | null;
}

/**
 * Where the voxels of a grid go: through one link after the other, at least one; the first one takes voxel indices.
 *
 * What kernels work on; `transforms` makes it.
 */
export type VoxelMap = readonly MapLink[];
