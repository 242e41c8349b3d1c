import type {Grid} from '../geometry/grid.js';
import type {Triple} from '../geometry/triple.js';
import {LOCAL_CORRELATION} from '../kernels/local-correlation.js';
import {PORTABLE} from '../kernels/voxel-operation.js';
import {jointHistogram, mutualInformation} from './mutual-information.js';

/** How alike two images are over the voxels that count in both. */
export interface Similarity {
  /** Pearson's correlation of the intensities (global normalised cross-correlation), -1 to 1; null if one is constant there. */
  readonly ncc: number | null;
  /** Mean squared difference of the intensities, in the unit they are given in. */
  readonly mse: number | null;
}

/** Sums over voxels of both intensities f and m, their squares and their product. */
export interface PairMoments {
  readonly voxels: number;
  readonly f: number;
  readonly ff: number;
  readonly m: number;
  readonly mm: number;
  readonly fm: number;
}

/** A variance below this share of the mean square is rounding. */
const FLAT = 1e-12;

/** @param offset - What f - m lacks to be the difference of the intensities that count for the mean square. */
export function similarityOf({voxels, f, ff, m, mm, fm}: PairMoments, offset = 0): Similarity {
  if (voxels === 0) return {ncc: null, mse: null};
  const varianceF = ff / voxels - (f / voxels) ** 2;
  const varianceM = mm / voxels - (m / voxels) ** 2;
  const covariance = fm / voxels - (f / voxels) * (m / voxels);
  const isConstant = varianceF <= FLAT * (ff / voxels) || varianceM <= FLAT * (mm / voxels);
  const bias = (f - m) / voxels + offset;
  // The mean square is the variance of the difference plus the square of its mean.
  const mse = Math.max(varianceF + varianceM - 2 * covariance, 0) + bias ** 2;
  return {ncc: isConstant ? null : covariance / Math.sqrt(varianceF * varianceM), mse};
}

/** All that `compareImages` says of two images. */
export interface ImageAgreement extends Similarity {
  /** Local correlation with a window of `window` voxels, each image scaled to 0 to 1 by its extremes. */
  readonly lncc: number | null;
  /** Nats, from a joint histogram of `bins` by `bins` cells. */
  readonly mi: number | null;
  /** Voxels that count: finite in both images, and inside the mask. */
  readonly voxels: number;
  readonly window: number;
  readonly bins: number;
}

export interface CompareImagesOptions {
  /** Edge of the window of the local correlation, voxels, odd. */
  readonly window?: number;
  /** Cells along each axis of the joint histogram. */
  readonly bins?: number;
  /** On the images' grid; voxels that are 0 do not count. */
  readonly mask?: ArrayLike<number>;
}

/** Window of the loss, and cells that most programs for mutual information start from. */
export const COMPARE_IMAGES_DEFAULTS = {window: 9, bins: 32} as const;

/**
 * Compare two images on one grid.
 *
 * @param images - Intensities, i fastest; NaN or infinite where there is none.
 */
export function compareImages(
  images: readonly [Float32Array, Float32Array],
  {shape}: Pick<Grid, 'shape'>,
  options: CompareImagesOptions = {},
): ImageAgreement {
  const {mask, window, bins} = {...COMPARE_IMAGES_DEFAULTS, ...options};
  const [a, b] = images;
  const counts = Float32Array.from(a, (value, n) => {
    const isNumber = value - value === 0 && b[n] - b[n] === 0;
    return isNumber && (mask === undefined || mask[n] !== 0) ? 1 : 0;
  });
  const moments = pairMoments(images, counts);
  const scaled = images.map((image) => scaleToUnit(image, counts));
  return {
    ...similarityOf(moments),
    lncc: meanCorrelation([scaled[0], scaled[1]], counts, {shape, window}),
    mi: mutualInformation(jointHistogram(images, counts, bins)),
    voxels: moments.voxels,
    window,
    bins,
  };
}

function pairMoments(
  [a, b]: readonly [Float32Array, Float32Array],
  counts: Float32Array,
): PairMoments {
  let [voxels, f, ff, m, mm, fm] = [0, 0, 0, 0, 0, 0];
  for (let n = 0; n < a.length; n++) {
    if (counts[n] === 0) continue;
    voxels++;
    f += a[n];
    ff += a[n] * a[n];
    m += b[n];
    mm += b[n] * b[n];
    fm += a[n] * b[n];
  }
  return {voxels, f, ff, m, mm, fm};
}

/** Lower bound of a window's covariance and variances (sums of products of intensities of 0 to 1), as in the loss. */
const SMALLEST_VARIANCE = 1e-5;

/** Mean squared correlation of the windows that count and show something; null where none does. */
function meanCorrelation(
  images: readonly [Float32Array, Float32Array],
  counts: Float32Array,
  {shape, window}: {readonly shape: Triple; readonly window: number},
): number | null {
  const bounds = {length: window, bound: SMALLEST_VARIANCE};
  const {sum, windows} = PORTABLE.run(LOCAL_CORRELATION, images, counts, shape, bounds);
  return windows === 0 ? null : sum / windows;
}

/** Smallest and largest voxel that counts become 0 and 1; the others are 0. */
function scaleToUnit(image: Float32Array, counts: Float32Array): Float32Array {
  let [low, high] = [Infinity, -Infinity];
  for (let n = 0; n < image.length; n++) {
    if (counts[n] === 0) continue;
    if (image[n] < low) low = image[n];
    if (image[n] > high) high = image[n];
  }
  const factor = high > low ? 1 / (high - low) : 0;
  return image.map((value, n) => (counts[n] === 0 ? 0 : (value - low) * factor));
}
