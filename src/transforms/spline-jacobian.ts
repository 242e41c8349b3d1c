import {Affine, type LinearRows} from '../geometry/affine.js';
import {countVoxels, type Grid} from '../geometry/grid.js';
import {followMap} from '../kernels/sampling.js';
import {positionInSpline, setSplineSlopes, setSplineWeights} from '../kernels/spline-weights.js';
import type {SplineTransform, Transform} from './transform.js';
import {toVoxelMap} from './voxel-maps.js';

/**
 * The determinant of the derivative of a spline where a transform takes the voxels of a grid, exactly: det(I + du/dx); 1 where the spline
 * does not reach.
 *
 * @returns In the order of files.
 */
export function splineDeterminants(
  {coefficients}: SplineTransform,
  before: Transform,
  grid: Grid,
): Float32Array {
  const {grid: own, unit, values} = coefficients;
  const toOwn = own.affine.inverse();
  const map = toVoxelMap(before, {from: grid.affine, to: toOwn});
  const toMm = unit === 'voxels' ? own.affine : Affine.identity;
  // S: slopes along the axes of the grid. det(I + A S B) = det(I + S B A), A from the unit to mm and B from mm to steps of the grid.
  const product = Affine.compose(Affine.fromLinear(toOwn.linear), Affine.fromLinear(toMm.linear));
  const [lengthI, lengthJ, lengthK] = grid.shape;
  const result = new Float32Array(countVoxels(grid.shape));
  const position = new Float64Array(3);
  const slopes = new Float64Array(9);
  let n = 0;
  for (let k = 0; k < lengthK; k++) {
    for (let j = 0; j < lengthJ; j++) {
      for (let i = 0; i < lengthI; i++, n++) {
        position[0] = i;
        position[1] = j;
        position[2] = k;
        followMap(position, map);
        const isReached = setSlopes(slopes, values, own.shape, position);
        result[n] = isReached ? determinantOf(slopes, product.linear) : 1;
      }
    }
  }
  return result;
}

/** det(I + S M) of 3 x 3 matrices, row by row. */
function determinantOf(s: Float64Array, m: LinearRows): number {
  const a = 1 + s[0] * m[0] + s[1] * m[3] + s[2] * m[6];
  const b = s[0] * m[1] + s[1] * m[4] + s[2] * m[7];
  const c = s[0] * m[2] + s[1] * m[5] + s[2] * m[8];
  const d = s[3] * m[0] + s[4] * m[3] + s[5] * m[6];
  const e = 1 + s[3] * m[1] + s[4] * m[4] + s[5] * m[7];
  const f = s[3] * m[2] + s[4] * m[5] + s[5] * m[8];
  const g = s[6] * m[0] + s[7] * m[3] + s[8] * m[6];
  const h = s[6] * m[1] + s[7] * m[4] + s[8] * m[7];
  const i = 1 + s[6] * m[2] + s[7] * m[5] + s[8] * m[8];
  return a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g);
}

const weights = [0, 1, 2].map(() => new Float64Array(4));
const weightSlopes = [0, 1, 2].map(() => new Float64Array(4));

/** How component c of u changes along axis a of its grid, at 3 c + a. @returns Whether the spline reaches the position. */
function setSlopes(
  slopes: Float64Array,
  coefficients: Float32Array,
  shape: readonly number[],
  position: Float64Array,
): boolean {
  let first = 0;
  for (let axis = 0; axis < 3; axis++) {
    const inside = positionInSpline(position[axis], shape[axis]);
    if (Number.isNaN(inside)) return false;
    const lower = Math.min(Math.floor(inside), shape[axis] - 3);
    setSplineWeights(weights[axis], inside - lower);
    setSplineSlopes(weightSlopes[axis], inside - lower);
    first = first * shape[axis] + lower - 1;
  }
  slopes.fill(0);
  for (let i = 0; i < 4; i++) {
    for (let j = 0; j < 4; j++) {
      const alongI = weightSlopes[0][i] * weights[1][j];
      const alongJ = weights[0][i] * weightSlopes[1][j];
      const along = weights[0][i] * weights[1][j];
      const row = 3 * (first + (i * shape[1] + j) * shape[2]);
      for (let c = 0; c < 3; c++) {
        let sum = 0;
        let slope = 0;
        for (let k = 0; k < 4; k++) {
          const value = coefficients[row + 3 * k + c];
          sum += weights[2][k] * value;
          slope += weightSlopes[2][k] * value;
        }
        slopes[3 * c] += alongI * sum;
        slopes[3 * c + 1] += alongJ * sum;
        slopes[3 * c + 2] += along * slope;
      }
    }
  }
  return true;
}
