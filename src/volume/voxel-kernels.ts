import type {Affine} from '../geometry/affine.js';
import type {Triple} from '../geometry/triple.js';
import {portableIntensityRange} from './intensity-range.js';
import {portableMeasuringKernels, type MeasuringKernels} from './measuring.js';
import {
  portableMapOffsets,
  portableMeasureLengths,
  portableSampleLabelsThroughMap,
  portableSampleOnGrid,
  portableSampleThroughMap,
} from './sampling.js';
import type {VoxelMap} from './voxel-map.js';
import type {Volume, VoxelArray} from './volume.js';

/** The voxels of an image, without its place in the world. */
export type Voxels = Pick<Volume, 'data' | 'shape'>;

/** What a voxel outside the image counts as: a number (NaN marks it), or the nearest voxel of the image. */
export type Outside = number | 'edge';

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
   * Sample an image at the places where a map takes voxels, trilinearly, for every voxel of `shape`.
   *
   * @returns One number per voxel in disk order: i varies fastest.
   */
  sampleThroughMap(
    volume: Voxels,
    map: VoxelMap,
    shape: Triple,
    options: {readonly outside: Outside},
  ): Float32Array;

  /**
   * Sample a label map at the places where a map takes voxels, nearest voxel, for every voxel of `shape`.
   *
   * @returns The element type of the label map, disk order.
   */
  sampleLabelsThroughMap(
    volume: Voxels,
    map: VoxelMap,
    shape: Triple,
    options: {readonly outside: Outside},
  ): VoxelArray;

  /**
   * How far a map takes every voxel v of `shape`: map(v) - origin v.
   *
   * @returns Three components, slowest: all of the first, then the second, then the third, each in disk order.
   */
  mapOffsets(map: VoxelMap, origin: Affine, shape: Triple): Float32Array;

  /** Largest length of these offsets, and their sum. */
  measureLengths(
    map: VoxelMap,
    origin: Affine,
    shape: Triple,
  ): {readonly maximum: number; readonly sum: number};

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
  mapOffsets: portableMapOffsets,
  measureLengths: portableMeasureLengths,
  intensityRange: portableIntensityRange,
};
