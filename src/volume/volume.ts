import type {Grid} from '../geometry/grid.js';

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

/**
 * A scalar image in memory.
 *
 * Voxel (i, j, k) is `data[i + shape[0] * (j + shape[1] * k)]`: i varies fastest, as on disk.
 */
export interface Volume extends Grid {
  readonly data: VoxelArray;
}
