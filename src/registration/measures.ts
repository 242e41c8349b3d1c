import {SMALLEST_DETERMINANT} from '../ops/jacobian.js';
import type {IntensityScale} from '../volume/intensity.js';
import type {MeasuringKernels} from '../volume/measuring.js';
import type {Triple} from '../geometry/triple.js';
import type {WorldMap} from '../volume/voxel-kernels.js';
import {networkToFixed, type RegistrationGeometry} from './geometry.js';

/** How alike two images are over the voxels both cover. */
export interface Similarity {
  /** Pearson's correlation of the intensities (global normalised cross-correlation), -1 to 1; null if one is constant there. */
  readonly ncc: number | null;
  /** Mean squared difference of the intensities, each image scaled as for the network. */
  readonly mse: number | null;
}

export interface SimilarityChange {
  readonly before: Similarity;
  readonly after: Similarity;
  /** Voxels of the fixed grid that count: inside the moving image before and after. */
  readonly voxels: number;
}

/**
 * Similarity of the fixed image with the moving one before and after, over the same voxels.
 *
 * @param images.before - The moving image on the fixed grid without the displacement; NaN marks what lies outside it.
 * @param images.after - The moved image, likewise.
 */
export function measureSimilarity(
  images: Parameters<MeasuringKernels['similarityMoments']>[0],
  scales: {readonly fixed: IntensityScale; readonly moving: IntensityScale},
  kernels: Pick<MeasuringKernels, 'similarityMoments'>,
): SimilarityChange {
  const fixed = 1 / (scales.fixed.high - scales.fixed.low);
  const moving = 1 / (scales.moving.high - scales.moving.low);
  const sums = kernels.similarityMoments(images, {fixed, moving});
  const {voxels, f, ff} = sums;
  const offset = scales.moving.low * moving - scales.fixed.low * fixed;
  return {
    before: similarityOf({voxels, f, ff, m: sums.b, mm: sums.bb, fm: sums.fb}, offset),
    after: similarityOf({voxels, f, ff, m: sums.a, mm: sums.aa, fm: sums.fa}, offset),
    voxels,
  };
}

/** Sums over voxels of both intensities f and m, scaled, their squares and their product. */
interface Moments {
  readonly voxels: number;
  readonly f: number;
  readonly ff: number;
  readonly m: number;
  readonly mm: number;
  readonly fm: number;
}

/** @param offset - What f - m lacks to be the difference of the intensities as the network sees them. */
function similarityOf({voxels, f, ff, m, mm, fm}: Moments, offset: number): Similarity {
  if (voxels === 0) return {ncc: null, mse: null};
  const varianceF = ff / voxels - (f / voxels) ** 2;
  const varianceM = mm / voxels - (m / voxels) ** 2;
  const covariance = fm / voxels - (f / voxels) * (m / voxels);
  const product = varianceF * varianceM;
  const bias = (f - m) / voxels + offset;
  // The mean square is the variance of the difference plus the square of its mean.
  const mse = Math.max(varianceF + varianceM - 2 * covariance, 0) + bias ** 2;
  return {ncc: product > 1e-20 ? covariance / Math.sqrt(product) : null, mse};
}

/** Lengths of the displacement over the fixed image, mm; an alignment before the network does not count. */
export interface DisplacementMeasure {
  readonly maximumMm: number;
  readonly meanMm: number;
}

/** Measure a warp file's vectors against `map.voxelToOffset`, the part that is not displacement. */
export function measureDisplacement(
  warp: Float32Array,
  {voxelToOffset}: Pick<WorldMap, 'voxelToOffset'>,
  shape: Triple,
  kernels: Pick<MeasuringKernels, 'vectorLengths'>,
): DisplacementMeasure {
  const {maximum, sum} = kernels.vectorLengths(warp, voxelToOffset, shape);
  return {maximumMm: maximum, meanMm: sum / (shape[0] * shape[1] * shape[2])};
}

/** What the Jacobian determinant says about a deformation, over the network voxels inside the fixed image. */
export interface JacobianMeasure {
  /** Voxels whose determinant is 0 or less. */
  readonly folds: number;
  /** `folds` as a share of the voxels that count, 0 to 1. This and the rest are null where no network voxel is inside. */
  readonly foldingFraction: number | null;
  readonly minimum: number | null;
  readonly maximum: number | null;
  /** Standard deviation of ln(max(J, 1e-9)). */
  readonly sdLogJacobian: number | null;
}

/** @param jacobian - [I, J, K] on the network grid, tensor order. */
export function measureJacobian(
  jacobian: Float32Array,
  geometry: RegistrationGeometry,
  kernels: Pick<MeasuringKernels, 'determinantStatistics'>,
): JacobianMeasure {
  const {network, fixed} = geometry;
  const bounds = network.isFixedGrid
    ? null
    : {toVoxel: networkToFixed(geometry), shape: fixed.shape};
  const found = kernels.determinantStatistics(
    jacobian,
    network.shape,
    bounds,
    SMALLEST_DETERMINANT,
  );
  const {voxels, folds, minimum, maximum, logSum, logSquares} = found;
  if (voxels === 0) {
    return {folds: 0, foldingFraction: null, minimum: null, maximum: null, sdLogJacobian: null};
  }
  const variance = logSquares / voxels - (logSum / voxels) ** 2;
  return {
    folds,
    foldingFraction: folds / voxels,
    minimum,
    maximum,
    sdLogJacobian: Math.sqrt(Math.max(variance, 0)),
  };
}
