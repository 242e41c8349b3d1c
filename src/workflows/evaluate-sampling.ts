import {Affine} from '../geometry/affine.js';
import type {Grid} from '../geometry/grid.js';
import type {Triple} from '../geometry/triple.js';
import type {Volume, VoxelArray} from '../volume/volume.js';
import type {ComposedMap, VoxelKernels} from '../volume/voxel-kernels.js';
import type {Warp} from './evaluate-inputs.js';

/**
 * Sample an image or label map on another grid, through a warp or, without one, as the headers place it.
 *
 * @returns i fastest; outside the image NaN, of a label map 0.
 */
export function sampleOn(
  grid: Grid,
  image: Volume,
  kind: 'intensity' | 'label',
  {warp, kernels}: {readonly warp: Warp | null; readonly kernels: VoxelKernels},
): VoxelArray {
  const map = mapTo(grid, image, warp);
  return kind === 'label'
    ? kernels.sampleLabelsThroughMap(image, map, grid.shape, {outside: 0})
    : kernels.sampleThroughMap(image, map, grid.shape, {outside: NaN});
}

function mapTo(grid: Grid, image: Grid, warp: Warp | null): ComposedMap {
  const toImage = image.affine.inverse();
  const voxelToMoving = Affine.compose(toImage, grid.affine);
  const fieldToMoving = toImage.linear;
  if (warp === null) {
    const field = new Float32Array(3);
    const voxelToField = Affine.identity;
    return {voxelToMoving, fieldToMoving, voxelToField, field, fieldShape: [1, 1, 1]};
  }
  return {
    voxelToMoving,
    fieldToMoving,
    voxelToField: Affine.compose(warp.affine.inverse(), grid.affine),
    field: inTensorOrder(warp),
    fieldShape: warp.shape,
  };
}

/** [I, J, K, 3]: component fastest, then k, j, i. */
function inTensorOrder({displacement, shape}: Warp): Float32Array {
  const voxels = shape[0] * shape[1] * shape[2];
  const field = new Float32Array(3 * voxels);
  for (let k = 0, n = 0; k < shape[2]; k++) {
    for (let j = 0; j < shape[1]; j++) {
      for (let i = 0; i < shape[0]; i++, n++) {
        const target = 3 * (k + shape[2] * (j + shape[1] * i));
        field[target] = displacement[n];
        field[target + 1] = displacement[n + voxels];
        field[target + 2] = displacement[n + 2 * voxels];
      }
    }
  }
  return field;
}

/** Where a warp takes points, RAS mm; null for those outside its grid or where it holds no number. */
export function warpPoints(
  points: readonly Triple[],
  warp: Warp,
  kernels: Pick<VoxelKernels, 'sampleOnGrid'>,
): readonly (Triple | null)[] {
  const {displacement, shape, affine} = warp;
  const voxels = shape[0] * shape[1] * shape[2];
  const toVoxel = affine.inverse();
  return points.map((point) => {
    const there = Affine.translation(toVoxel.apply(point));
    const moved = point.map((value, axis) => {
      const data = displacement.subarray(axis * voxels, (axis + 1) * voxels);
      const options = {interpolation: 'linear', outside: NaN} as const;
      return value + kernels.sampleOnGrid({data, shape}, there, [1, 1, 1], options)[0];
    });
    return moved.some((value) => Number.isNaN(value)) ? null : [moved[0], moved[1], moved[2]];
  });
}
