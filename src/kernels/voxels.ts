import type {Triple} from '../geometry/triple.js';

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

/** The voxels of an image, without its place in the world: voxel (i, j, k) is `data[i + shape[0] * (j + shape[1] * k)]`. */
export interface Voxels {
  /** Number of voxels along i, j, k. */
  readonly shape: Triple;
  readonly data: VoxelArray;
}

/** What a voxel outside the image counts as: a number (NaN marks it), or the nearest voxel of the image. */
export type Outside = number | 'edge';
