import {Affine, type LinearRows} from '../../geometry/affine.js';
import {
  CORRELATE_BLOCKS,
  MOTION_PARAMETERS,
  type BlockMap,
} from '../../kernels/block-correlation.js';
import type {KernelRunner} from '../../kernels/voxel-operation.js';
import {bodyCoordinates, exponential, motionOf, type Body, type MotionBasis} from './motion.js';
import type {Level} from './pyramid.js';

/** Added to every parameter's curvature, as a share of the largest: what the images do not say stays as it is. */
const SMALLEST_DAMPING = 1e-6;
/** Levenberg's and Marquardt's factor at the start, and where no step is small enough to help. */
const FIRST_DAMPING = 1e-3;
const LAST_DAMPING = 1e4;

/** Two images at one resolution. */
export interface LevelPair {
  readonly fixed: Level;
  readonly moving: Level;
}

export interface Misfit {
  /** Mean of E over the points of both images that are inside the other, each weighted by its volume; 1 without any. */
  readonly mean: number;
  /** Share of both images' points that are inside the other one. */
  readonly overlap: number;
  readonly gradient: Float64Array;
  readonly hessian: Float64Array;
}

/**
 * How badly an affine brings two images together, seen from both sides: exchanging the images and inverting the affine
 * changes nothing. Derivatives are by the generator of a motion of the moving side, in coordinates of the body.
 */
export function misfitOf(
  {fixed, moving}: LevelPair,
  affine: Affine,
  body: Body,
  engine: KernelRunner,
): Misfit {
  const toBody = bodyCoordinates(body);
  const toWorld = toBody.inverse();
  const fixedToMoving = Affine.compose(moving.affine.inverse(), affine, fixed.affine);
  const forwards: BlockMap = {
    toVoxel: fixedToMoving,
    toMotion: Affine.compose(toBody, affine, fixed.affine),
    gradientToMotion: transposed(Affine.compose(moving.affine.inverse(), toWorld)),
  };
  // A motion of the moving points q is the opposite one of the fixed points A^-1 q.
  const backwards: BlockMap = {
    toVoxel: fixedToMoving.inverse(),
    toMotion: Affine.compose(toBody, moving.affine),
    gradientToMotion: transposed(
      Affine.compose(OPPOSITE, fixed.affine.inverse(), affine.inverse(), toWorld),
    ),
  };
  const sides = [
    {found: engine.run(CORRELATE_BLOCKS, fixed, moving, forwards), ...measureOf(fixed)},
    {found: engine.run(CORRELATE_BLOCKS, moving, fixed, backwards), ...measureOf(moving)},
  ];
  const inside = sides.reduce((sum, {found, volume}) => sum + volume * found.points, 0);
  const all = sides.reduce((sum, {volume, points}) => sum + volume * points, 0);
  const gradient = new Float64Array(MOTION_PARAMETERS);
  const hessian = new Float64Array(MOTION_PARAMETERS ** 2);
  if (inside === 0) return {mean: 1, overlap: 0, gradient, hessian};
  let mean = 0;
  for (const {found, volume} of sides) {
    mean += (volume * found.misfit) / inside;
    for (let n = 0; n < gradient.length; n++) gradient[n] += (volume * found.gradient[n]) / inside;
    for (let n = 0; n < hessian.length; n++) hessian[n] += (volume * found.hessian[n]) / inside;
  }
  return {mean, overlap: Math.min(inside / all, 1), gradient, hessian};
}

export interface Optimum {
  readonly affine: Affine;
  readonly misfit: Misfit;
}

/**
 * Levenberg and Marquardt's method on the misfit, moving from `start` in the directions of `basis`.
 *
 * @see Marquardt, SIAM J. Appl. Math. 11, 1963.
 */
export function optimise(
  pair: LevelPair,
  start: Affine,
  options: {
    readonly basis: MotionBasis;
    readonly body: Body;
    readonly engine: KernelRunner;
    readonly mostEvaluations: number;
    /** A step that moves no point of the body by more than this ends the search, mm. */
    readonly smallestStepMm: number;
  },
): Optimum {
  const {basis, body, engine} = options;
  let affine = start;
  let current = misfitOf(pair, affine, body, engine);
  let damping = FIRST_DAMPING;
  for (let n = 1; n < options.mostEvaluations && damping < LAST_DAMPING; n++) {
    const step = solveStep(current, basis, damping);
    if (step === null) break;
    const moved = Affine.compose(motionOf(exponential(step), body), affine);
    const next = misfitOf(pair, moved, body, engine);
    if (next.mean < current.mean) {
      [affine, current] = [moved, next];
      damping /= 10;
    } else {
      damping *= 10;
    }
    if (body.radius * Math.hypot(...step) < options.smallestStepMm) break;
  }
  return {affine, misfit: current};
}

/** The step of the damped normal equations, as a generator; null where the images say nothing. */
function solveStep(
  {gradient, hessian}: Misfit,
  basis: MotionBasis,
  damping: number,
): Float64Array | null {
  const size = basis.length;
  const right = new Float64Array(size);
  const matrix = new Float64Array(size * size);
  const product = new Float64Array(MOTION_PARAMETERS);
  for (let r = 0; r < size; r++) {
    right[r] = -dot(basis[r], gradient);
    for (let n = 0; n < MOTION_PARAMETERS; n++) {
      product[n] = dot(basis[r], hessian.subarray(MOTION_PARAMETERS * n)); // symmetric
    }
    for (let c = 0; c < size; c++) matrix[size * r + c] = dot(basis[c], product);
  }
  let largest = 0;
  for (let r = 0; r < size; r++) largest = Math.max(largest, matrix[(size + 1) * r]);
  if (!(largest > 0)) return null;
  for (let r = 0; r < size; r++) {
    matrix[(size + 1) * r] += damping * matrix[(size + 1) * r] + SMALLEST_DAMPING * largest;
  }
  solve(matrix, right);
  const step = new Float64Array(MOTION_PARAMETERS);
  for (let r = 0; r < size; r++) {
    for (let n = 0; n < MOTION_PARAMETERS; n++) step[n] += basis[r][n] * right[r];
  }
  return step;
}

/** Over the entries of `a`. */
function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let n = 0; n < a.length; n++) sum += a[n] * b[n];
  return sum;
}

/** Solve a symmetric positive definite system by Cholesky's decomposition; both arguments are overwritten, `x` by the solution. */
function solve(matrix: Float64Array, x: Float64Array): void {
  const size = x.length;
  for (let r = 0; r < size; r++) {
    for (let c = 0; c <= r; c++) {
      let sum = matrix[size * r + c];
      for (let n = 0; n < c; n++) sum -= matrix[size * r + n] * matrix[size * c + n];
      matrix[size * r + c] = r === c ? Math.sqrt(sum) : sum / matrix[(size + 1) * c];
    }
  }
  for (let r = 0; r < size; r++) {
    for (let n = 0; n < r; n++) x[r] -= matrix[size * r + n] * x[n];
    x[r] /= matrix[(size + 1) * r];
  }
  for (let r = size - 1; r >= 0; r--) {
    for (let n = r + 1; n < size; n++) x[r] -= matrix[size * n + r] * x[n];
    x[r] /= matrix[(size + 1) * r];
  }
}

/** The volume of a voxel, mm^3, and the points of all blocks. */
function measureOf({affine, blocks, blockShape}: Level): {volume: number; points: number} {
  return {
    volume: Math.abs(affine.determinant),
    points: blocks.length * blockShape[0] * blockShape[1] * blockShape[2],
  };
}

const OPPOSITE = Affine.scaling([-1, -1, -1]);

/** The linear part, transposed: what gradients go through. */
function transposed({linear: [a, b, c, d, e, f, g, h, i]}: Affine): LinearRows {
  return [a, d, g, b, e, h, c, f, i];
}
