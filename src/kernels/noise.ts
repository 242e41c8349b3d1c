import {mapTriple, type Triple} from '../geometry/triple.js';
import type {VoxelOperation} from './voxel-operation.js';

/** Numbers on a coarse grid, [I, J, K], k fastest. */
export interface Lattice {
  readonly data: Float32Array;
  readonly shape: Triple;
}

/**
 * A cubic B-spline through the points of a lattice that lie `scaleVox` apart, read at every voxel of `shape`. An axis of one voxel
 * has one point; any other has the point before the first voxel and three beyond the last one's.
 *
 * Gives [I, J, K], k fastest.
 *
 * @see Unser, "Splines: a perfect fit for signal and image processing", 1999, equation 8 (cubic B-spline).
 */
export const SPLINE_NOISE: VoxelOperation<
  [lattice: Lattice, shape: Triple, scaleVox: number],
  Float32Array
> = {name: 'splineNoise', portable: splineNoise};

/** Where `noise` is above `highest`, put it there and `label` into the map. Changes `highest` and `map`. */
export const LABEL_HIGHEST: VoxelOperation<
  [noise: Float32Array, highest: Float32Array, label: number, map: Uint16Array],
  void
> = {name: 'labelHighest', portable: labelHighest};

/** How often a velocity is composed with itself, and the factors before and after. */
export interface IntegrationOptions {
  readonly factor: number;
  readonly steps: number;
  readonly spacing: number;
}

/**
 * The displacement that a velocity integrates to: u = factor · noise, `steps` times u <- u + u o (id + u), edges repeated.
 *
 * `noise`: one [I, J, K] per axis; null where nothing moves. Gives spacing · u, [I, J, K, 3].
 */
export const INTEGRATE_NOISE: VoxelOperation<
  [noise: readonly (Float32Array | null)[], shape: Triple, options: IntegrationOptions],
  Float32Array
> = {name: 'integrateNoise', portable: integrateNoise};

function splineNoise({data, shape}: Lattice, target: Triple, scaleVox: number): Float32Array {
  let result = data;
  let size = shape;
  for (const axis of [2, 1, 0]) {
    if (target[axis] === 1) continue;
    result = splineAlong(result, size, axis, target[axis], scaleVox);
    size = mapTriple(size, (length, n) => (n === axis ? target[axis] : length));
  }
  return result;
}

function splineAlong(
  data: Float32Array,
  size: Triple,
  axis: number,
  length: number,
  scaleVox: number,
): Float32Array<ArrayBuffer> {
  const outer = size.slice(0, axis).reduce((product, n) => product * n, 1);
  const inner = size.slice(axis + 1).reduce((product, n) => product * n, 1);
  const result = new Float32Array(outer * length * inner);
  for (let x = 0; x < length; x++) {
    const position = x / scaleVox;
    const first = Math.floor(position);
    const [a, b, c, d] = splineWeights(position - first);
    for (let o = 0; o < outer; o++) {
      const from = (o * size[axis] + first) * inner;
      const to = (o * length + x) * inner;
      for (let n = 0; n < inner; n++) {
        result[to + n] =
          a * data[from + n] +
          b * data[from + inner + n] +
          c * data[from + 2 * inner + n] +
          d * data[from + 3 * inner + n];
      }
    }
  }
  return result;
}

function splineWeights(t: number): readonly [number, number, number, number] {
  const s = 1 - t;
  return [
    (s * s * s) / 6,
    (3 * t * t * t - 6 * t * t + 4) / 6,
    (3 * s * s * s - 6 * s * s + 4) / 6,
    (t * t * t) / 6,
  ];
}

function labelHighest(
  noise: Float32Array,
  highest: Float32Array,
  label: number,
  map: Uint16Array,
): void {
  for (let n = 0; n < map.length; n++) {
    if (noise[n] > highest[n]) {
      highest[n] = noise[n];
      map[n] = label;
    }
  }
}

function integrateNoise(
  noise: readonly (Float32Array | null)[],
  shape: Triple,
  {factor, steps, spacing}: IntegrationOptions,
): Float32Array {
  const points = shape[0] * shape[1] * shape[2];
  let displacement = new Float32Array(3 * points);
  for (const [axis, component] of noise.entries()) {
    if (component === null) continue;
    for (let n = 0; n < points; n++) displacement[3 * n + axis] = factor * component[n];
  }
  for (let step = 0; step < steps; step++) displacement = composeWithItself(displacement, shape);
  return displacement.map((value) => value * spacing);
}

/** u + u o (id + u), the edge repeated. */
function composeWithItself(u: Float32Array, shape: Triple): Float32Array<ArrayBuffer> {
  const result = new Float32Array(u.length);
  const [lengthI, lengthJ, lengthK] = shape;
  const sample = new Float64Array(3);
  for (let i = 0, n = 0; i < lengthI; i++) {
    for (let j = 0; j < lengthJ; j++) {
      for (let k = 0; k < lengthK; k++, n += 3) {
        sampleAt(sample, u, shape, [i + u[n], j + u[n + 1], k + u[n + 2]]);
        for (let c = 0; c < 3; c++) result[n + c] = u[n + c] + sample[c];
      }
    }
  }
  return result;
}

function sampleAt(sample: Float64Array, u: Float32Array, shape: Triple, position: Triple): void {
  const low = [0, 0, 0];
  const part = [0, 0, 0];
  for (let axis = 0; axis < 3; axis++) {
    const inside = Math.min(Math.max(position[axis], 0), shape[axis] - 1);
    low[axis] = Math.min(Math.floor(inside), Math.max(shape[axis] - 2, 0));
    part[axis] = inside - low[axis];
  }
  sample.fill(0);
  for (let corner = 0; corner < 8; corner++) {
    let weight = 1;
    let index = 0;
    for (let axis = 0; axis < 3; axis++) {
      const upper = (corner >> axis) & 1;
      weight *= upper === 1 ? part[axis] : 1 - part[axis];
      index = index * shape[axis] + Math.min(low[axis] + upper, shape[axis] - 1);
    }
    if (weight === 0) continue;
    for (let c = 0; c < 3; c++) sample[c] += weight * u[3 * index + c];
  }
}
