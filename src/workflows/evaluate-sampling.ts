import {SAMPLE_GRID} from '../kernels/sampling.js';
import type {KernelRunner} from '../kernels/voxel-operation.js';
import type {VoxelArray} from '../kernels/voxels.js';
import {Affine} from '../geometry/affine.js';
import type {Grid} from '../geometry/grid.js';
import type {Triple} from '../geometry/triple.js';
import {sample} from '../transforms/apply.js';
import {affineTransform, displacementTransform, type Transform} from '../transforms/transform.js';
import type {Volume} from '../volume/volume.js';
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
  {warp, engine}: {readonly warp: Warp | null; readonly engine: KernelRunner},
): VoxelArray {
  const isLabel = kind === 'label';
  return sample(image, warp === null ? AS_PLACED : transformOf(warp), grid, {
    interpolation: isLabel ? 'nearest' : 'linear',
    outside: isLabel ? 0 : NaN,
    engine,
  }).data;
}

const AS_PLACED = affineTransform(Affine.identity);

function transformOf({displacement: values, shape, affine}: Warp): Transform {
  return displacementTransform({grid: {shape, affine}, unit: 'mm', order: 'disk', values});
}

/** Where a warp takes points, RAS mm; null for those outside its grid or where it holds no number. */
export function warpPoints(
  points: readonly Triple[],
  warp: Warp,
  engine: KernelRunner,
): readonly (Triple | null)[] {
  const {displacement, shape, affine} = warp;
  const voxels = shape[0] * shape[1] * shape[2];
  const toVoxel = affine.inverse();
  return points.map((point) => {
    const there = Affine.translation(toVoxel.apply(point));
    const moved = point.map((value, axis) => {
      const data = displacement.subarray(axis * voxels, (axis + 1) * voxels);
      const options = {interpolation: 'linear', outside: NaN} as const;
      return value + engine.run(SAMPLE_GRID, {data, shape}, there, [1, 1, 1], options)[0];
    });
    return moved.some((value) => Number.isNaN(value)) ? null : [moved[0], moved[1], moved[2]];
  });
}
