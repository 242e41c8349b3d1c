import type {Random} from '../random.js';
import type {Triple} from '../volume/volume.js';

/**
 * Noise that varies smoothly: a cubic B-spline through normal numbers on a coarse lattice, scaled to a deviation of about 1.
 *
 * @param shape - I, J, K.
 * @param scaleVox - Distance between lattice points along every axis, voxels.
 * @returns [I, J, K], k fastest.
 * @see Unser, "Splines: a perfect fit for signal and image processing", 1999, equation 8 (cubic B-spline).
 */
export function smoothNoise(shape: Triple, scaleVox: number, random: Random): Float32Array {
  const lattice = shape.map((length) =>
    length === 1 ? 1 : Math.floor((length - 1) / scaleVox) + 4,
  ) as unknown as Triple;
  let data = new Float32Array(lattice[0] * lattice[1] * lattice[2]);
  // Averaging with B-spline weights takes from the deviation along every axis; the gain gives it back.
  const axes = shape.filter((length) => length > 1).length;
  const gain = SPLINE_DEVIATION ** -axes;
  for (let n = 0; n < data.length; n++) data[n] = random.normal(gain);
  let size: Triple = lattice;
  for (const axis of [2, 1, 0]) {
    if (shape[axis] === 1) continue;
    data = splineAlong(data, size, axis, shape[axis], scaleVox);
    size = size.map((length, n) => (n === axis ? shape[axis] : length)) as unknown as Triple;
  }
  return data;
}

/** Root of the mean over positions of the sum of the four squared B-spline weights. */
const SPLINE_DEVIATION = Math.sqrt(151 / 315);

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

/** Blur along every axis with a Gaussian, in place; beyond the edge the outermost voxel repeats. */
export function blurInPlace(data: Float32Array, shape: Triple, sigmaVox: number): void {
  if (sigmaVox <= 0) return;
  const radius = Math.max(1, Math.ceil(2.5 * sigmaVox));
  const kernel = Array.from({length: radius + 1}, (_, x) =>
    Math.exp(-(x * x) / (2 * sigmaVox * sigmaVox)),
  );
  const total = kernel.reduce((sum, value, x) => sum + (x === 0 ? value : 2 * value), 0);
  const weights = kernel.map((value) => value / total);
  const strides = [shape[1] * shape[2], shape[2], 1];
  for (let axis = 0; axis < 3; axis++) {
    if (shape[axis] > 1) blurAlong(data, shape[axis], strides[axis], weights);
  }
}

/** Blur along one axis; neighbours along it lie `stride` apart, and so many lines lie beside each other. */
function blurAlong(
  data: Float32Array,
  length: number,
  stride: number,
  weights: readonly number[],
): void {
  const radius = weights.length - 1;
  const block = stride * length;
  // The lines of a block with their ends repeated.
  const padded = new Float32Array(block + 2 * radius * stride);
  for (let start = 0; start < data.length; start += block) {
    padded.set(data.subarray(start, start + block), radius * stride);
    for (let r = 0; r < radius; r++) {
      padded.copyWithin(r * stride, radius * stride, (radius + 1) * stride);
      const last = (radius + length - 1) * stride;
      padded.copyWithin(last + (r + 1) * stride, last, last + stride);
    }
    for (let n = 0; n < block; n++) {
      const at = n + radius * stride;
      let sum = weights[0] * padded[at];
      for (let r = 1; r <= radius; r++) {
        sum += weights[r] * (padded[at - r * stride] + padded[at + r * stride]);
      }
      data[start + n] = sum;
    }
  }
}
