import type {Triple} from '../geometry/triple.js';
import type {DeterminantStatistics} from '../kernels/measures.js';

/** Logarithms of determinants are taken of at least this: folds have none. */
export const SMALLEST_DETERMINANT = 1e-9;

/** What the Jacobian determinant says about a deformation. */
export interface JacobianMeasure {
  /** Voxels whose determinant is 0 or less. */
  readonly folds: number;
  /** `folds` as a share of the voxels that count, 0 to 1. This and the rest are null where none counts. */
  readonly foldingFraction: number | null;
  /** Share of the voxels whose determinant is less than `SQUEEZED`, 0 to 1. */
  readonly squeezedFraction: number | null;
  readonly minimum: number | null;
  readonly maximum: number | null;
  /** Standard deviation of ln(max(J, 1e-9)). */
  readonly sdLogJacobian: number | null;
}

/** The figures that sums over determinants give. */
export function jacobianMeasureOf(found: DeterminantStatistics): JacobianMeasure {
  const {voxels, folds, squeezed, minimum, maximum, logSum, logSquares} = found;
  if (voxels === 0) {
    return {
      folds: 0,
      ...{foldingFraction: null, squeezedFraction: null},
      ...{minimum: null, maximum: null, sdLogJacobian: null},
    };
  }
  const variance = logSquares / voxels - (logSum / voxels) ** 2;
  return {
    folds,
    foldingFraction: folds / voxels,
    squeezedFraction: squeezed / voxels,
    minimum,
    maximum,
    sdLogJacobian: Math.sqrt(Math.max(variance, 0)),
  };
}

/**
 * Learn2Reg's SDlogJ: the standard deviation of ln(clip(J + 3, 1e-9, 1e9)) over the voxels that are at least two from every
 * face. The 3 keeps folds from dominating, and makes the number several times smaller than `sdLogJacobian`.
 *
 * @param determinants - One per voxel, i fastest; those that are not finite do not count.
 * @returns Null where the grid has no such voxel.
 * @see Hering et al., IEEE Transactions on Medical Imaging 42, 2023 (the challenge); the formula is that of its evaluation.
 */
export function learn2regSdLogJacobian(determinants: Float32Array, shape: Triple): number | null {
  const MARGIN = 2;
  let [voxels, sum, squares] = [0, 0, 0];
  for (let k = MARGIN; k < shape[2] - MARGIN; k++) {
    for (let j = MARGIN; j < shape[1] - MARGIN; j++) {
      for (let i = MARGIN; i < shape[0] - MARGIN; i++) {
        const determinant = determinants[i + shape[0] * (j + shape[1] * k)];
        if (determinant - determinant !== 0) continue;
        const log = Math.log(Math.min(Math.max(determinant + 3, 1e-9), 1e9));
        voxels++;
        sum += log;
        squares += log * log;
      }
    }
  }
  return voxels === 0 ? null : Math.sqrt(Math.max(squares / voxels - (sum / voxels) ** 2, 0));
}
