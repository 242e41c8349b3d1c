import type {Triple} from '../geometry/triple.js';
import type {RandomTransform} from './random-transform.js';

/** Numbers on a coarse grid, [I, J, K], k fastest. */
export interface Lattice {
  readonly data: Float32Array;
  readonly shape: Triple;
}

/** What happens to the intensities of an image: max(b v, 0)^power + noise, cut to [0, 1]. */
export interface Adjustment {
  /** b = exp(deviation · data) on every BIAS_SPACING-th voxel along each axis, and constant up to the next; null: 1. */
  readonly bias: (Lattice & {readonly deviation: number}) | null;
  readonly power: number;
  /** Voxel n gets deviation · table[(position + (n + 1) stride) mod length]; the length is a power of two. Null: 0. */
  readonly noise: {
    readonly table: Float32Array;
    readonly deviation: number;
    readonly position: number;
    readonly stride: number;
  } | null;
}

/** Voxels between the points of a bias field. */
export const BIAS_SPACING = 4;
/** Voxels between the points of a random displacement. */
export const FIELD_SPACING = 4;

/**
 * The loops over voxels of a training outside the network; an engine may bring its own. Images are [I, J, K], k fastest.
 */
export interface TrainingKernels {
  /**
   * A cubic B-spline through the points of a lattice that lie `scaleVox` apart, read at every voxel. An axis of one voxel has one
   * point; any other has the point before the first voxel and three beyond the last one's.
   *
   * @see Unser, "Splines: a perfect fit for signal and image processing", 1999, equation 8 (cubic B-spline).
   */
  splineNoise(lattice: Lattice, shape: Triple, scaleVox: number): Float32Array;

  /** Where `noise` is above `highest`, put it there and `label` into the map. */
  keepHighest(noise: Float32Array, highest: Float32Array, label: number, map: Uint16Array): void;

  /**
   * The displacement that a velocity integrates to: u = factor · noise, `steps` times u <- u + u o (id + u), edges repeated.
   *
   * @param noise - One [I, J, K] per axis; null where nothing moves.
   * @returns spacing · u, [I, J, K, 3].
   */
  integrateNoise(
    noise: readonly (Float32Array | null)[],
    shape: Triple,
    options: {readonly factor: number; readonly steps: number; readonly spacing: number},
  ): Float32Array;

  /**
   * Look up an image on its own grid through a random transform.
   *
   * `VoxelKernels` could do this too, but any field on any grid; here the field's points lie on the voxel axes, so that a row of
   * voxels shares most of the work.
   *
   * @param options.interpolation - `nearest` for labels.
   * @param options.outside - Value beyond half a voxel outside the image; `edge` repeats the outermost voxel.
   * @returns A new array of the same type and size.
   */
  sampleImage<Image extends Float32Array | Uint16Array>(
    image: Image,
    shape: Triple,
    transform: RandomTransform,
    options: {readonly interpolation: 'linear' | 'nearest'; readonly outside: number | 'edge'},
  ): Image;

  /** contrast[label] for every voxel; where the label is 0 and there is something around, that one's contrast. */
  paint(labels: Uint16Array, contrast: Float32Array, around: Scenery | null): Float32Array;

  /** Blur along every axis, in place; beyond the edge the outermost voxel repeats. `weights[x]` is for distance x on both sides. */
  blur(image: Float32Array, shape: Triple, weights: readonly number[]): void;

  /** Change intensities, in place. */
  adjust(image: Float32Array, shape: Triple, adjustment: Adjustment): void;
}

/** A label map that is painted behind another. */
export interface Scenery {
  readonly labels: Uint16Array;
  readonly contrast: Float32Array;
}

/** A grid, and the loops over its voxels. */
export interface Workbench {
  /** I, J, K. */
  readonly shape: Triple;
  readonly kernels: TrainingKernels;
}
