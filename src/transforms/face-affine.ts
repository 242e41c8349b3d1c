import {Affine} from '../geometry/affine.js';
import {middleOf} from '../geometry/grid.js';
import {mapTriple, type Triple} from '../geometry/triple.js';
import type {VectorField} from './vector-field.js';

/** Share of the sum that holds still what the points do not decide, such as the third axis of a slice. */
const RIDGE = 1e-9;

/**
 * The affine map nearest to x -> x + u(x) on the faces of a field's grid, by least squares: what the field does as a whole, and
 * how it goes on beyond its grid.
 *
 * @returns Voxel -> voxel of the field's grid. The identity where the faces stay; voxels that are not finite do not count.
 */
export function affineOfFaces({grid: {shape}, values}: VectorField<'voxels', 'tensor'>): Affine {
  const middle = middleOf(shape);
  const half = mapTriple(middle, (length) => Math.max(length, 0.5));
  // Sums of q q^T and q u^T over the faces, for q = (place from -1 to 1, 1).
  const matrix = new Float64Array(16);
  const right = new Float64Array(12);
  eachFaceVoxel(shape, (index, n) => {
    const u = [values[n], values[n + 1], values[n + 2]];
    if (!u.every(Number.isFinite)) return;
    const q = [...mapTriple(index, (value, axis) => (value - middle[axis]) / half[axis]), 1];
    for (let r = 0; r < 4; r++) {
      for (let c = 0; c < 4; c++) matrix[4 * r + c] += q[r] * q[c];
      for (let c = 0; c < 3; c++) right[3 * r + c] += q[r] * u[c];
    }
  });
  const count = matrix[15];
  if (count === 0) return Affine.identity;
  for (let axis = 0; axis < 4; axis++) matrix[5 * axis] += RIDGE * count;
  const s = solve(matrix, right);
  // u(x) = S^T q
  const row = (c: number): readonly number[] => {
    const linear = [0, 1, 2].map((axis) => s[3 * axis + c] / half[axis as 0 | 1 | 2]);
    const shift =
      s[9 + c] - linear.reduce((sum, value, axis) => sum + value * middle[axis as 0], 0);
    return [...linear.map((value, axis) => value + (axis === c ? 1 : 0)), shift];
  };
  return Affine.fromMatrix([0, 1, 2].flatMap(row));
}

/** Each voxel on a face, and the place of its vector. */
function eachFaceVoxel([i, j, k]: Triple, use: (index: Triple, n: number) => void): void {
  const isEnd = (value: number, length: number): boolean => value === 0 || value === length - 1;
  let n = 0;
  for (let x = 0; x < i; x++) {
    for (let y = 0; y < j; y++) {
      const isEdge = isEnd(x, i) || isEnd(y, j);
      for (let z = 0; z < k; z++, n += 3) if (isEdge || isEnd(z, k)) use([x, y, z], n);
    }
  }
}

/** X of M X = R for a symmetric positive M, 4 x 4, and R, 4 x 3; by elimination. Both are used up. */
function solve(matrix: Float64Array, right: Float64Array): Float64Array {
  for (let pivot = 0; pivot < 4; pivot++) {
    for (let r = 0; r < 4; r++) {
      if (r === pivot) continue;
      const factor = matrix[4 * r + pivot] / matrix[5 * pivot];
      for (let c = 0; c < 4; c++) matrix[4 * r + c] -= factor * matrix[4 * pivot + c];
      for (let c = 0; c < 3; c++) right[3 * r + c] -= factor * right[3 * pivot + c];
    }
  }
  return right.map((value, n) => value / matrix[5 * Math.floor(n / 3)]);
}
