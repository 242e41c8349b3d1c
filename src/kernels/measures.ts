import type {Affine} from '../geometry/affine.js';
import type {Triple} from '../geometry/triple.js';
import type {VoxelOperation} from './voxel-operation.js';
import type {VoxelArray} from './voxels.js';

/** Sums over voxels: of the intensities f (fixed), b (before) and a (after), of their squares and of their products. */
export interface SimilarityMoments {
  readonly voxels: number;
  readonly f: number;
  readonly ff: number;
  readonly b: number;
  readonly bb: number;
  readonly fb: number;
  readonly a: number;
  readonly aa: number;
  readonly fa: number;
}

/** A determinant below which a place counts as squeezed together. */
export const SQUEEZED = 0.2;

/** What a set of Jacobian determinants looks like. */
export interface DeterminantStatistics {
  /** Determinants that count. */
  readonly voxels: number;
  /** Those that are 0 or less. */
  readonly folds: number;
  /** Those that are less than `SQUEEZED`, folds among them. */
  readonly squeezed: number;
  /** Of l = ln(max(determinant, floor)), and of its square. */
  readonly logSum: number;
  readonly logSquares: number;
  /** Infinity where none counts. */
  readonly minimum: number;
  /** -Infinity where none counts. */
  readonly maximum: number;
}

/** The fixed image, and the moving one on its grid before and after the registration. */
export interface ComparedImages {
  readonly fixed: VoxelArray;
  readonly before: Float32Array;
  readonly after: Float32Array;
}

/**
 * Moments of three images on one grid, over the voxels where all of them are finite, in one pass. Sums are float64.
 *
 * `factors`: what the intensities are multiplied with; `moving` for `before` and `after`.
 */
export const SUM_MOMENTS: VoxelOperation<
  [images: ComparedImages, factors: {readonly fixed: number; readonly moving: number}],
  SimilarityMoments
> = {name: 'sumMoments', portable: sumMoments};

function sumMoments(
  {fixed, before, after}: ComparedImages,
  factors: {readonly fixed: number; readonly moving: number},
): SimilarityMoments {
  const [factorF, factorM] = [factors.fixed, factors.moving];
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
  return {
    ...{voxels, f: sumF, ff: sumFF},
    ...{b: sumB, bb: sumBB, fb: sumFB},
    ...{a: sumA, aa: sumAA, fa: sumFA},
  };
}

/** Only voxels v count whose `toVoxel` v lies within half a voxel of a grid of that shape. */
export interface Bounds {
  readonly toVoxel: Affine;
  readonly shape: Triple;
}

/**
 * How Jacobian determinants are distributed.
 *
 * `determinants`: [I, J, K] in tensor order (k fastest). `bounds`: null where all count. `floor`: smallest number whose logarithm
 * is taken, > 0.
 */
export const MEASURE_DETERMINANTS: VoxelOperation<
  [determinants: Float32Array, shape: Triple, bounds: Bounds | null, floor: number],
  DeterminantStatistics
> = {name: 'measureDeterminants', portable: measureDeterminants};

function measureDeterminants(
  determinants: Float32Array,
  shape: Triple,
  bounds: Bounds | null,
  floor: number,
): DeterminantStatistics {
  let [voxels, folds, squeezed, logSum, logSquares] = [0, 0, 0, 0, 0];
  let [minimum, maximum] = [Infinity, -Infinity];
  for (let i = 0, n = 0; i < shape[0]; i++) {
    for (let j = 0; j < shape[1]; j++) {
      for (let k = 0; k < shape[2]; k++, n++) {
        if (bounds !== null && !isInside(bounds.toVoxel, bounds.shape, i, j, k)) continue;
        const determinant = determinants[n];
        voxels++;
        if (determinant <= 0) folds++;
        if (determinant < SQUEEZED) squeezed++;
        if (determinant < minimum) minimum = determinant;
        if (determinant > maximum) maximum = determinant;
        const log = Math.log(Math.max(determinant, floor));
        logSum += log;
        logSquares += log * log;
      }
    }
  }
  return {voxels, folds, squeezed, logSum, logSquares, minimum, maximum};
}

function isInside({rows}: Affine, shape: Triple, i: number, j: number, k: number): boolean {
  for (let axis = 0; axis < 3; axis++) {
    const r = 4 * axis;
    const x = rows[r] * i + rows[r + 1] * j + rows[r + 2] * k + rows[r + 3];
    if (x < -0.5 || x > shape[axis] - 0.5) return false;
  }
  return true;
}
