import type {Matrix4} from './affine.js';

/** Lengths along the voxel axes i, j, k (or any three numbers per axis). */
export type Triple = readonly [number, number, number];

/** The element types a volume can hold; intensities are decoded to float32, labels keep an integer type. */
export type VoxelArray =
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | Float32Array
  | Float64Array;

/** Where the voxels lie in the world. */
export interface Grid {
  /** Number of voxels along i, j, k. */
  readonly shape: Triple;
  /** Voxel (i, j, k) -> world, RAS mm; the coordinate is the centre of a voxel. */
  readonly affine: Matrix4;
}

/**
 * A scalar image in memory.
 *
 * Voxel (i, j, k) is `data[i + shape[0] * (j + shape[1] * k)]`: i varies fastest, as on disk.
 */
export interface Volume extends Grid {
  readonly data: VoxelArray;
}
