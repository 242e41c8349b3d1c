import type {Triple} from '../geometry/triple.js';
import {clampIndex, isWithin, sampleInto} from './sampling.js';
import {setSplineWeights} from './spline-weights.js';
import type {VoxelMap} from './voxel-map.js';
import type {VoxelOperation} from './voxel-operation.js';
import type {Outside, VoxelArray, Voxels} from './voxels.js';

/*
 * Cubic B-splines through the voxels of an image. The image continues beyond its faces as in mirrors that stand on the outermost
 * voxel centres (`mirror` of SciPy, and what ITK does); an axis of one voxel is constant. Where the image ends is said in sampling.ts.
 */

/**
 * The coefficients of the cubic B-spline that passes through the voxels of an image: as many, in the same order.
 *
 * Voxels that are NaN or infinite count as 0. Sums are made in float64, and each axis is rounded to float32.
 *
 * @see Unser, Aldroubi, Eden, IEEE Trans. Signal Process. 41, 1993: recursive filters, the pole and the gain of degree 3.
 */
export const SPLINE_COEFFICIENTS: VoxelOperation<[volume: Voxels], Float32Array> = {
  name: 'splineCoefficients',
  portable: splineCoefficients,
};

/**
 * Sample the cubic B-spline of these coefficients at the places where a map takes voxels, for every voxel of `shape`.
 *
 * Gives one number per voxel in disk order: i varies fastest. Between voxels it may overshoot them.
 */
export const SAMPLE_SPLINE: VoxelOperation<
  [coefficients: Voxels, map: VoxelMap, shape: Triple, options: {readonly outside: Outside}],
  Float32Array
> = {name: 'sampleSpline', portable: sampleSpline};

const POLE = Math.sqrt(3) - 2;
const GAIN = 6;
/** The pole to this power is nothing beside 1 in float64. */
const HORIZON = 32;

function splineCoefficients({shape, data}: Voxels): Float32Array {
  const result = Float32Array.from(data, (value) => (value - value === 0 ? value : 0));
  for (let axis = 0, stride = 1; axis < 3; stride *= shape[axis++]) {
    const length = shape[axis];
    if (length < 2) continue;
    const weights = mirrorWeights(length);
    const line = new Float64Array(length);
    for (let n = 0; n < result.length; n++) {
      if (Math.floor(n / stride) % length > 0) continue; // no line starts here
      for (let m = 0; m < length; m++) line[m] = result[n + m * stride];
      filterLine(line, weights);
      for (let m = 0; m < length; m++) result[n + m * stride] = line[m];
    }
  }
  return result;
}

/** The causal filter and the one that goes back, in place. */
function filterLine(line: Float64Array, weights: Float64Array): void {
  const last = line.length - 1;
  let first = 0;
  for (let m = 0; m < weights.length; m++) first += weights[m] * line[m];
  line[0] = GAIN * first;
  for (let m = 1; m <= last; m++) line[m] = GAIN * line[m] + POLE * line[m - 1];
  line[last] = (POLE / (POLE * POLE - 1)) * (line[last] + POLE * line[last - 1]);
  for (let m = last - 1; m >= 0; m--) line[m] = POLE * (line[m + 1] - line[m]);
}

/** What of the samples of a line makes up all that lies before it in the mirror: a geometric series of the pole. */
function mirrorWeights(length: number): Float64Array {
  const period = 2 * length - 2;
  const whole = 1 - POLE ** period;
  return Float64Array.from({length: Math.min(length, HORIZON)}, (_, m) => {
    const isMirror = m === 0 || m === length - 1;
    return (POLE ** m + (isMirror ? 0 : POLE ** (period - m))) / whole;
  });
}

function sampleSpline(
  coefficients: Voxels,
  map: VoxelMap,
  shape: Triple,
  {outside}: {readonly outside: Outside},
): Float32Array {
  const result = new Float32Array(shape[0] * shape[1] * shape[2]);
  sampleInto(result, coefficients, map, shape, {sample: sampleCubic, outside});
  return result;
}

/** The four coefficients along an axis that reach a position: their elements and weights. Memory of `sampleCubic`. */
interface Taps {
  readonly elements: Int32Array;
  readonly weights: Float64Array;
}
const taps: readonly Taps[] = [0, 1, 2].map(() => ({
  elements: new Int32Array(4),
  weights: new Float64Array(4),
}));

function sampleCubic(
  data: VoxelArray,
  shape: Triple,
  x: number,
  y: number,
  z: number,
  outside: Outside,
): number {
  if (outside !== 'edge' && !isWithin(shape, x, y, z)) return outside;
  placeTaps(taps[0], x, shape[0], 1);
  placeTaps(taps[1], y, shape[1], shape[0]);
  placeTaps(taps[2], z, shape[2], shape[0] * shape[1]);
  const [alongI, alongJ, alongK] = taps;
  let value = 0;
  for (let k = 0; k < 4; k++) {
    for (let j = 0; j < 4; j++) {
      const row = alongJ.elements[j] + alongK.elements[k];
      let sum = 0;
      for (let i = 0; i < 4; i++) sum += alongI.weights[i] * data[row + alongI.elements[i]];
      value += alongJ.weights[j] * alongK.weights[k] * sum;
    }
  }
  return value;
}

function placeTaps({elements, weights}: Taps, position: number, length: number, stride: number) {
  const inside = clampIndex(position, length);
  const lower = Math.floor(inside);
  setSplineWeights(weights, inside - lower);
  for (let n = 0; n < 4; n++) elements[n] = mirrored(lower - 1 + n, length) * stride;
}

/** The index that an index beyond the faces is the mirror image of. */
function mirrored(index: number, length: number): number {
  if (length === 1) return 0;
  const period = 2 * length - 2;
  const n = Math.abs(index) % period;
  return n < length ? n : period - n;
}
