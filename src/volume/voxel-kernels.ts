import type {Affine, LinearRows} from '../geometry/affine.js';
import type {Triple} from '../geometry/triple.js';
import {portableIntensityRange} from './intensity-range.js';
import {portableMeasuringKernels, type MeasuringKernels} from './measuring.js';
import {
  portableSampleLabelsThroughMap,
  portableSampleOnGrid,
  portableSampleThroughMap,
  portableWorldDisplacement,
} from './sampling.js';
import type {Volume, VoxelArray} from './volume.js';

/** The voxels of an image, without its place in the world. */
export type Voxels = Pick<Volume, 'data' | 'shape'>;

/** What a voxel outside the image counts as: a number (NaN marks it), or the nearest voxel of the image. */
export type Outside = number | 'edge';

/** A displacement field on the network grid, and how voxels of another grid reach it. */
export interface PlacedField {
  /** Voxel index of the output grid -> index of the field's grid (D). */
  readonly voxelToField: Affine;
  /** [I, J, K, 3] in tensor order (channel fastest, then k, j, i), voxels of the field's grid. */
  readonly field: Float32Array;
  /** I, J, K. */
  readonly fieldShape: Triple;
}

/** The one map from a voxel i of the output grid to the voxel m of the image that is sampled: m = B i + C u(D i). */
export interface ComposedMap extends PlacedField {
  /** B: the map without the displacement. */
  readonly voxelToMoving: Affine;
  /** C: a displacement in field voxels -> in voxels of the sampled image. */
  readonly fieldToMoving: LinearRows;
}

/** What a warp file holds for a voxel i: offset = E i + G u(D i), mm. */
export interface WorldMap extends PlacedField {
  /** E: the offset without the displacement (zero where no alignment precedes the network). */
  readonly voxelToOffset: Affine;
  /** G: a displacement in field voxels -> mm along the axes of the file's convention. */
  readonly fieldToOffset: LinearRows;
}

export interface IntensityRange {
  readonly minimum: number;
  readonly maximum: number;
  /** A voxel with `percentiles.low` percent of the finite voxels at or below it: its rank is exact to 2^-32 of the range. */
  readonly low: number;
  readonly high: number;
  /** Voxels that are numbers, and voxels that are NaN or infinite. */
  readonly finite: number;
  readonly nonFinite: number;
}

/**
 * The loops over voxels; an engine may bring its own.
 *
 * Sampling, the same for every implementation: an index may lie up to half a voxel outside the outermost voxel centres and
 * then counts as on them (the voxel reaches so far); beyond, `outside` applies. Voxels that are NaN or infinite count as 0.
 * Positions are computed in float64. Nearest rounds halves up: floor(x + 1/2).
 * A field is sampled trilinearly with the same half voxel of tolerance; beyond it, u = 0.
 */
export interface VoxelKernels extends MeasuringKernels {
  /**
   * Sample an image on a grid: the value at grid index x is `volume(toVoxel x)`.
   *
   * @returns [I, J, K] in tensor order: k varies fastest.
   */
  sampleOnGrid(
    volume: Voxels,
    toVoxel: Affine,
    shape: Triple,
    options: {readonly interpolation: 'linear' | 'nearest'; readonly outside: Outside},
  ): Float32Array;

  /**
   * Sample an image through the composed map, trilinearly, for every voxel of `shape`.
   *
   * @returns One number per voxel in disk order: i varies fastest.
   */
  sampleThroughMap(
    volume: Voxels,
    map: ComposedMap,
    shape: Triple,
    options: {readonly outside: Outside},
  ): Float32Array;

  /**
   * Sample a label map through the composed map, nearest voxel, for every voxel of `shape`.
   *
   * @returns The element type of the label map, disk order.
   */
  sampleLabelsThroughMap(
    volume: Voxels,
    map: ComposedMap,
    shape: Triple,
    options: {readonly outside: Outside},
  ): VoxelArray;

  /**
   * What a warp file holds, for every voxel of `shape`.
   *
   * @returns Three components, slowest: all of the first, then the second, then the third, each in disk order; mm.
   */
  worldDisplacement(map: WorldMap, shape: Triple): Float32Array;

  /** Extremes and percentiles (0 to 100) of the finite voxels. Without a finite voxel all four are NaN. */
  intensityRange(
    data: VoxelArray,
    percentiles: {readonly low: number; readonly high: number},
  ): IntensityRange;
}

/** The kernels in plain TypeScript: they run anywhere, and every faster implementation is compared with them. */
export const portableVoxelKernels: VoxelKernels = {
  ...portableMeasuringKernels,
  sampleOnGrid: portableSampleOnGrid,
  sampleThroughMap: portableSampleThroughMap,
  sampleLabelsThroughMap: portableSampleLabelsThroughMap,
  worldDisplacement: portableWorldDisplacement,
  intensityRange: portableIntensityRange,
};
