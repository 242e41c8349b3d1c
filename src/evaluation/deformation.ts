import type {Grid} from '../geometry/grid.js';
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
  readonly minimum: number | null;
  readonly maximum: number | null;
  /** Standard deviation of ln(max(J, 1e-9)). */
  readonly sdLogJacobian: number | null;
}

/** The figures that sums over determinants give. */
export function jacobianMeasureOf(found: DeterminantStatistics): JacobianMeasure {
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

/**
 * Determinants of the Jacobian of x + u(x) on the grid of a displacement field.
 *
 * Derivatives are central differences inside and one-sided at the faces; along an axis of one voxel the map is the identity.
 * J = det(A + dU) / det(A), where the columns of dU are the differences of u along the voxel axes and A takes voxels to mm.
 *
 * @param displacement - Three components, slowest, each i fastest; RAS mm. NaN where there is none.
 * @returns One per voxel, i fastest; NaN where a neighbour has no displacement.
 */
export function displacementDeterminants(displacement: Float32Array, grid: Grid): Float32Array {
  const {shape, affine} = grid;
  const a = affine.rows;
  const [stepJ, stepK] = [shape[0], shape[0] * shape[1]];
  const voxels = stepK * shape[2];
  const [u, v, w] = [0, 1, 2].map((c) => displacement.subarray(c * voxels, (c + 1) * voxels));
  const scale = 1 / affine.determinant;
  const determinants = new Float32Array(voxels);
  for (let k = 0, n = 0; k < shape[2]; k++) {
    const [lowK, highK] = [k > 0 ? stepK : 0, k < shape[2] - 1 ? stepK : 0];
    const perK = highK > 0 && lowK > 0 ? 0.5 : 1;
    for (let j = 0; j < shape[1]; j++) {
      const [lowJ, highJ] = [j > 0 ? stepJ : 0, j < shape[1] - 1 ? stepJ : 0];
      const perJ = highJ > 0 && lowJ > 0 ? 0.5 : 1;
      for (let i = 0; i < shape[0]; i++, n++) {
        const lowI = i > 0 ? 1 : 0;
        const highI = i < shape[0] - 1 ? 1 : 0;
        const perI = highI > 0 && lowI > 0 ? 0.5 : 1;
        const xi = a[0] + (u[n + highI] - u[n - lowI]) * perI;
        const yi = a[4] + (v[n + highI] - v[n - lowI]) * perI;
        const zi = a[8] + (w[n + highI] - w[n - lowI]) * perI;
        const xj = a[1] + (u[n + highJ] - u[n - lowJ]) * perJ;
        const yj = a[5] + (v[n + highJ] - v[n - lowJ]) * perJ;
        const zj = a[9] + (w[n + highJ] - w[n - lowJ]) * perJ;
        const xk = a[2] + (u[n + highK] - u[n - lowK]) * perK;
        const yk = a[6] + (v[n + highK] - v[n - lowK]) * perK;
        const zk = a[10] + (w[n + highK] - w[n - lowK]) * perK;
        determinants[n] =
          scale * (xi * (yj * zk - yk * zj) - xj * (yi * zk - yk * zi) + xk * (yi * zj - yj * zi));
      }
    }
  }
  return determinants;
}
