import {
  SAMPLE_GRID,
  SAMPLE_MAP,
  SAMPLE_LABELS,
  MAP_OFFSETS,
  MEASURE_LENGTHS,
  followMap,
} from '../kernels/sampling.js';
import {SAMPLE_SPLINE, SPLINE_COEFFICIENTS} from '../kernels/spline.js';
import {PORTABLE, type KernelRunner} from '../kernels/voxel-operation.js';
import type {Outside, VoxelArray} from '../kernels/voxels.js';
import {Affine} from '../geometry/affine.js';
import {countVoxels, type Grid} from '../geometry/grid.js';
import type {Triple} from '../geometry/triple.js';
import type {Volume} from '../volume/volume.js';
import type {VoxelMap} from '../kernels/voxel-map.js';
import type {Transform} from './transform.js';
import type {VectorField} from './vector-field.js';
import {affineOf, toVoxelMap} from './voxel-maps.js';

/** (k, j, i) -> (i, j, k): the order of tensors of the one index is the order of files of the other. */
const REVERSED = Affine.fromLinear([0, 0, 1, 0, 1, 0, 1, 0, 0]);

/**
 * Where points go, fixed -> moving.
 *
 * @param points - RAS mm.
 * @returns As many points, RAS mm, in float64.
 *
 * @example
 * import {Affine, affineTransform, mapPoints} from 'hypermorph';
 * const turn = affineTransform(Affine.rotation(2, 90));
 * mapPoints(turn, [[1, 0, 0]])[0].map(Math.round); // [0, 1, 0]
 */
export function mapPoints(transform: Transform, points: readonly Triple[]): readonly Triple[] {
  const map = toVoxelMap(transform, {from: Affine.identity, to: Affine.identity});
  const position = new Float64Array(3);
  return points.map((point) => {
    position.set(point);
    followMap(position, map);
    return [position[0], position[1], position[2]];
  });
}

/** How the intensities of an image are looked up. */
export type ImageInterpolation = 'linear' | 'cubic';

export interface SampleOptions {
  /**
   * 'linear' and 'cubic' give float32; 'cubic' is the B-spline of degree 3 through the voxels (ANTs' BSpline, SimpleITK's
   * sitkBSpline, order 3 of SciPy), sharper, and it may overshoot at edges. For labels, which keep their element type: 'nearest', or 'majority', the label whose own image, 1
   * where the label is and 0 elsewhere, is largest there when it is looked up linearly; its borders are smooth.
   */
  readonly interpolation?: ImageInterpolation | 'nearest' | 'majority';
  /** What counts as the value beyond the image: a number (0 unless told), or 'edge' for the nearest voxel. */
  readonly outside?: Outside;
  readonly engine?: KernelRunner;
}

/**
 * Sample an image through a transform: at every voxel x of the grid stands the image at T(x).
 *
 * The image is interpolated once, from its own voxels, however many parts the transform has. Voxels that are NaN or infinite
 * count as 0.
 *
 * @param image - The moving image. Not modified.
 * @param transform - Points of the grid -> points of the image.
 * @param grid - The fixed side.
 * @returns The moved image on the grid.
 *
 * @example
 * import {Affine, affineTransform, sample} from 'hypermorph';
 * const grid = {shape: [3, 1, 1], affine: Affine.identity} as const;
 * const image = {...grid, data: Float32Array.of(1, 2, 3)};
 * sample(image, affineTransform(Affine.translation([1, 0, 0])), grid).data; // [2, 3, 0]
 */
export function sample(
  image: Volume,
  transform: Transform,
  grid: Grid,
  options: SampleOptions = {},
): Volume {
  const {shape, affine} = grid;
  return {shape, affine, data: sampleVoxels(image, transform, grid, options)};
}

function sampleVoxels(
  image: Volume,
  transform: Transform,
  {shape, affine}: Grid,
  {interpolation = 'linear', outside = 0, engine = PORTABLE}: SampleOptions,
): VoxelArray {
  const map = toVoxelMap(transform, {from: affine, to: image.affine.inverse()});
  if (interpolation === 'majority') {
    return sampleMajority(image, map, shape, {outside, engine});
  }
  if (interpolation === 'cubic') {
    const spline = {shape: image.shape, data: engine.run(SPLINE_COEFFICIENTS, image)};
    return engine.run(SAMPLE_SPLINE, spline, map, shape, {outside});
  }
  if (interpolation === 'nearest') return engine.run(SAMPLE_LABELS, image, map, shape, {outside});
  const toVoxel = affineOf(map);
  if (toVoxel === null) return engine.run(SAMPLE_MAP, image, map, shape, {outside});
  // Voxels that lie on voxels are copied. The kernel's result has its last axis fastest, so the axes are turned round.
  const reversed = Affine.compose(toVoxel, REVERSED);
  return engine.run(SAMPLE_GRID, image, reversed, [shape[2], shape[1], shape[0]], {
    interpolation,
    outside,
  });
}

/** Of two labels with the same share the smaller one. */
function sampleMajority(
  {shape: size, data}: Volume,
  map: VoxelMap,
  shape: Triple,
  {outside, engine}: {readonly outside: Outside; readonly engine: KernelRunner},
): VoxelArray {
  // What lies beyond the image and is not its edge is looked up as any voxel.
  const result = engine.run(SAMPLE_LABELS, {shape: size, data}, map, shape, {outside});
  const largest = new Float32Array(result.length);
  const isBeyond = outside === 'edge' ? 'edge' : 0;
  const own = new Float32Array(data.length);
  for (const label of [...new Set<number>(data)].sort((one, other) => one - other)) {
    for (let n = 0; n < own.length; n++) own[n] = data[n] === label ? 1 : 0;
    const shares = engine.run(SAMPLE_MAP, {shape: size, data: own}, map, shape, {
      outside: isBeyond,
    });
    for (let n = 0; n < result.length; n++) {
      if (shares[n] <= largest[n]) continue;
      largest[n] = shares[n];
      result[n] = label;
    }
  }
  return result;
}

/** An array [I, J, K] in the order of tensors as an image: its axes are those of the grid, turned round. */
export function volumeOfTensor(values: Float32Array, grid: Grid): Volume {
  return {...turnedRound(grid), data: values};
}

/** The same voxels, of which the order of files is that of the grid's tensors. */
export function turnedRound({shape: [i, j, k], affine}: Grid): Grid {
  return {shape: [k, j, i], affine: Affine.compose(affine, REVERSED)};
}

/**
 * How far a transform takes each voxel of a grid: T(x) - x, in mm.
 *
 * @returns In the order of files; a new array.
 *
 * @example
 * import {Affine, affineTransform, displacementOn} from 'hypermorph';
 * const grid = {shape: [2, 1, 1], affine: Affine.scaling([3, 3, 3])} as const;
 * const field = displacementOn(affineTransform(Affine.scaling([2, 1, 1])), grid);
 * field.values; // [0, 3, 0, 0, 0, 0]
 */
export function displacementOn(
  transform: Transform,
  grid: Grid,
  engine: KernelRunner = PORTABLE,
): VectorField<'mm', 'disk'> {
  const {map, origin} = offsetsFrom(Affine.identity, transform, grid);
  return {
    grid,
    unit: 'mm',
    order: 'disk',
    values: engine.run(MAP_OFFSETS, map, origin, grid.shape),
  };
}

/** Lengths of a displacement over the voxels of a grid, mm. */
export interface DisplacementMeasure {
  readonly maximumMm: number;
  readonly meanMm: number;
}

/**
 * Largest and mean length of T(x) - A x over the voxels x of a grid, mm: what a transform does beyond an affine map A.
 *
 * @param affine - What does not count; the identity unless told.
 *
 * @example
 * import {Affine, affineTransform, measureDisplacement} from 'hypermorph';
 * const grid = {shape: [2, 1, 1], affine: Affine.scaling([3, 3, 3])} as const;
 * const stretch = affineTransform(Affine.scaling([2, 1, 1]));
 * measureDisplacement(stretch, grid); // {maximumMm: 3, meanMm: 1.5}
 */
export function measureDisplacement(
  transform: Transform,
  grid: Grid,
  {affine = Affine.identity, engine = PORTABLE}: {affine?: Affine; engine?: KernelRunner} = {},
): DisplacementMeasure {
  const {map, origin} = offsetsFrom(affine, transform, grid);
  const {maximum, sum} = engine.run(MEASURE_LENGTHS, map, origin, grid.shape);
  return {maximumMm: maximum, meanMm: sum / countVoxels(grid.shape)};
}

/** The map of the voxels of a grid, and what is to be taken from it, so that T(x) - A x is left. */
function offsetsFrom(
  affine: Affine,
  transform: Transform,
  grid: Grid,
): {readonly map: VoxelMap; readonly origin: Affine} {
  const map = toVoxelMap(transform, {from: grid.affine, to: Affine.identity});
  const origin = Affine.compose(affine, grid.affine);
  const [{base, displacement}] = map;
  // With one link the difference is one of matrices: what moves nothing then gives exactly nothing.
  if (map.length > 1) return {map, origin};
  const difference = Affine.fromMatrix(base.rows.map((value, n) => value - origin.rows[n]));
  return {map: [{base: difference, displacement}], origin: Affine.scaling([0, 0, 0])};
}
