import type {Grid} from '../geometry/grid.js';
import type {VoxelArray} from '../kernels/voxels.js';

/**
 * A scalar image in memory.
 *
 * Voxel (i, j, k) is `data[i + shape[0] * (j + shape[1] * k)]`: i varies fastest, as on disk.
 */
export interface Volume extends Grid {
  readonly data: VoxelArray;
}
