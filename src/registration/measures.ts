import {SMALLEST_DETERMINANT} from '../ops/jacobian.js';
import type {Matrix4} from '../volume/affine.js';
import type {IntensityScale} from '../volume/intensity.js';
import type {Grid, Triple, VoxelArray} from '../volume/volume.js';
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
 * Similarity of the fixed image with the moving one before and after, over the same voxels, in one pass.
 *
 * @param before - The moving image on the fixed grid without the displacement; NaN marks what lies outside it.
 * @param after - The moved image, likewise.
 */
export function measureSimilarity(
  images: {readonly fixed: VoxelArray; readonly before: Float32Array; readonly after: Float32Array},
  scales: {readonly fixed: IntensityScale; readonly moving: IntensityScale},
): SimilarityChange {
  const {fixed, before, after} = images;
  const factorF = 1 / (scales.fixed.high - scales.fixed.low);
  const factorM = 1 / (scales.moving.high - scales.moving.low);
  let voxels = 0;
  let [sumF, sumFF] = [0, 0];
  let [sumB, sumBB, sumFB] = [0, 0, 0];
  let [sumA, sumAA, sumFA] = [0, 0, 0];
  for (let n = 0; n < fixed.length; n++) {
    const f = fixed[n] * factorF;
    const b = before[n] * factorM;
    const a = after[n] * factorM;
    const sum = f + b + a;
    if (sum - sum !== 0) continue; // NaN or infinite
    voxels++;
    sumF += f;
    sumFF += f * f;
    sumB += b;
    sumBB += b * b;
    sumFB += f * b;
    sumA += a;
    sumAA += a * a;
    sumFA += f * a;
  }
  const offset = scales.moving.low * factorM - scales.fixed.low * factorF;
  // No closure over the sums: they would live in memory instead of registers.
  const common = {voxels, sumF, sumFF};
  return {
    before: similarityOf({...common, sumM: sumB, sumMM: sumBB, sumFM: sumFB}, offset),
    after: similarityOf({...common, sumM: sumA, sumMM: sumAA, sumFM: sumFA}, offset),
    voxels,
  };
}

/** Sums over voxels of both intensities f and m, scaled, their squares and their product. */
interface Moments {
  readonly voxels: number;
  readonly sumF: number;
  readonly sumFF: number;
  readonly sumM: number;
  readonly sumMM: number;
  readonly sumFM: number;
}

/** @param offset - What f - m lacks to be the difference of the intensities as the network sees them. */
function similarityOf(moments: Moments, offset: number): Similarity {
  const {voxels, sumF, sumFF, sumM, sumMM, sumFM} = moments;
  if (voxels === 0) return {ncc: null, mse: null};
  const varianceF = sumFF / voxels - (sumF / voxels) ** 2;
  const varianceM = sumMM / voxels - (sumM / voxels) ** 2;
  const covariance = sumFM / voxels - (sumF / voxels) * (sumM / voxels);
  const product = varianceF * varianceM;
  const bias = (sumF - sumM) / voxels + offset;
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
  map: Pick<WorldMap, 'voxelToOffset'>,
  shape: Triple,
): DisplacementMeasure {
  const e = map.voxelToOffset;
  const voxels = shape[0] * shape[1] * shape[2];
  let maximum = 0;
  let sum = 0;
  for (let k = 0, n = 0; k < shape[2]; k++) {
    for (let j = 0; j < shape[1]; j++) {
      for (let i = 0; i < shape[0]; i++, n++) {
        const x = warp[n] - (e[0] * i + e[1] * j + e[2] * k + e[3]);
        const y = warp[n + voxels] - (e[4] * i + e[5] * j + e[6] * k + e[7]);
        const z = warp[n + 2 * voxels] - (e[8] * i + e[9] * j + e[10] * k + e[11]);
        const square = x * x + y * y + z * z;
        if (square > maximum) maximum = square;
        sum += Math.sqrt(square);
      }
    }
  }
  return {maximumMm: Math.sqrt(maximum), meanMm: sum / voxels};
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
): JacobianMeasure {
  const {network, fixed} = geometry;
  const toFixed = networkToFixed(geometry);
  let count = 0;
  let folds = 0;
  let minimum = Infinity;
  let maximum = -Infinity;
  let sum = 0;
  let squares = 0;
  for (let i = 0, n = 0; i < network.shape[0]; i++) {
    for (let j = 0; j < network.shape[1]; j++) {
      for (let k = 0; k < network.shape[2]; k++, n++) {
        if (!network.isFixedGrid && !isInside(toFixed, fixed, i, j, k)) continue;
        const determinant = jacobian[n];
        count++;
        if (determinant <= 0) folds++;
        if (determinant < minimum) minimum = determinant;
        if (determinant > maximum) maximum = determinant;
        const log = Math.log(Math.max(determinant, SMALLEST_DETERMINANT));
        sum += log;
        squares += log * log;
      }
    }
  }
  if (count === 0) {
    return {folds: 0, foldingFraction: null, minimum: null, maximum: null, sdLogJacobian: null};
  }
  const variance = squares / count - (sum / count) ** 2;
  return {
    folds,
    foldingFraction: folds / count,
    minimum,
    maximum,
    sdLogJacobian: Math.sqrt(Math.max(variance, 0)),
  };
}

function isInside(toVoxel: Matrix4, {shape}: Grid, i: number, j: number, k: number): boolean {
  for (let axis = 0; axis < 3; axis++) {
    const r = 4 * axis;
    const x = toVoxel[r] * i + toVoxel[r + 1] * j + toVoxel[r + 2] * k + toVoxel[r + 3];
    if (x < -0.5 || x > shape[axis] - 0.5) return false;
  }
  return true;
}
