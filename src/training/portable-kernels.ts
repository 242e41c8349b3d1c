import {mapTriple, type Triple} from '../geometry/triple.js';
import type {RandomTransform} from './random-transform.js';
import {
  BIAS_SPACING,
  FIELD_SPACING,
  type Adjustment,
  type Lattice,
  type Scenery,
  type TrainingKernels,
} from './training-kernels.js';

/** The kernels in plain TypeScript: they run anywhere, and every faster implementation is compared with them. */
export const portableTrainingKernels: TrainingKernels = {
  splineNoise,
  keepHighest,
  integrateNoise,
  sampleImage,
  paint,
  blur,
  adjust,
};

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

function keepHighest(
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
  {
    factor,
    steps,
    spacing,
  }: {readonly factor: number; readonly steps: number; readonly spacing: number},
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

function sampleImage<Image extends Float32Array | Uint16Array>(
  image: Image,
  shape: Triple,
  transform: RandomTransform,
  options: {readonly interpolation: 'linear' | 'nearest'; readonly outside: number | 'edge'},
): Image {
  const result = new (image.constructor as new (length: number) => Image)(image.length);
  const [lengthI, lengthJ, lengthK] = shape;
  const [a, b, c, d, e, f, g, h, i, j, k, l] = transform.affine.rows;
  const isLinear = options.interpolation === 'linear';
  const repeats = options.outside === 'edge';
  const outside = options.outside === 'edge' ? 0 : options.outside;
  const [endI, endJ, endK] = [lengthI - 1, lengthJ - 1, lengthK - 1];
  const row = new Float32Array(3 * lengthK);
  for (let x = 0, n = 0; x < lengthI; x++) {
    for (let y = 0; y < lengthJ; y++) {
      displacementRow(row, transform, x, y);
      for (let z = 0, m = 0; z < lengthK; z++, n++, m += 3) {
        const xu = x + row[m];
        const yu = y + row[m + 1];
        const zu = z + row[m + 2];
        let p = a * xu + b * yu + c * zu + d;
        let q = e * xu + f * yu + g * zu + h;
        let r = i * xu + j * yu + k * zu + l;
        if (
          !repeats &&
          (p < -0.5 || q < -0.5 || r < -0.5 || p > endI + 0.5 || q > endJ + 0.5 || r > endK + 0.5)
        ) {
          result[n] = outside;
          continue;
        }
        p = p < 0 ? 0 : p > endI ? endI : p;
        q = q < 0 ? 0 : q > endJ ? endJ : q;
        r = r < 0 ? 0 : r > endK ? endK : r;
        if (!isLinear) {
          const at = ((p + 0.5) | 0) * lengthJ + ((q + 0.5) | 0);
          result[n] = image[at * lengthK + ((r + 0.5) | 0)];
          continue;
        }
        const i0 = p | 0;
        const j0 = q | 0;
        const k0 = r | 0;
        const at = (i0 * lengthJ + j0) * lengthK + k0;
        const stepI = i0 < endI ? lengthJ * lengthK : 0;
        const stepJ = j0 < endJ ? lengthK : 0;
        const stepK = k0 < endK ? 1 : 0;
        const fr = r - k0;
        const v00 = image[at] + fr * (image[at + stepK] - image[at]);
        const v01 = mix(image, at + stepJ, stepK, fr);
        const v10 = mix(image, at + stepI, stepK, fr);
        const v11 = mix(image, at + stepI + stepJ, stepK, fr);
        const v0 = v00 + (q - j0) * (v01 - v00);
        const v1 = v10 + (q - j0) * (v11 - v10);
        result[n] = v0 + (p - i0) * (v1 - v0);
      }
    }
  }
  return result;
}

function mix(image: Float32Array | Uint16Array, at: number, step: number, share: number): number {
  return image[at] + share * (image[at + step] - image[at]);
}

/** The displacement of the voxels (x, y, 0 …), three numbers each. */
function displacementRow(
  row: Float32Array,
  {field, fieldShape}: RandomTransform,
  x: number,
  y: number,
): void {
  if (field === null) return;
  const [lengthI, lengthJ, lengthK] = fieldShape;
  const [i0, fi] = splitPosition(x, lengthI);
  const [j0, fj] = splitPosition(y, lengthJ);
  const stride = 3 * lengthK;
  const stepI = i0 + 1 < lengthI ? lengthJ * stride : 0;
  const stepJ = j0 + 1 < lengthJ ? stride : 0;
  const start = (i0 * lengthJ + j0) * stride;
  const line = new Float32Array(stride + 3);
  for (let n = 0; n < stride; n++) {
    const at = start + n;
    const low = field[at] + fj * (field[at + stepJ] - field[at]);
    const high = field[at + stepI] + fj * (field[at + stepI + stepJ] - field[at + stepI]);
    line[n] = low + fi * (high - low);
  }
  line.copyWithin(stride, stride - 3, stride);
  for (let z = 0, n = 0; n < row.length; z++, n += 3) {
    const at = 3 * Math.floor(z / FIELD_SPACING);
    const share = (z % FIELD_SPACING) / FIELD_SPACING;
    row[n] = line[at] + share * (line[at + 3] - line[at]);
    row[n + 1] = line[at + 1] + share * (line[at + 4] - line[at + 1]);
    row[n + 2] = line[at + 2] + share * (line[at + 5] - line[at + 2]);
  }
}

/** The field point below a voxel, and how far on to the next one it lies; an axis of one point has one voxel. */
function splitPosition(voxel: number, points: number): readonly [number, number] {
  if (points === 1) return [0, 0];
  const position = voxel / FIELD_SPACING;
  const low = Math.floor(position);
  return [low, position - low];
}

function paint(labels: Uint16Array, contrast: Float32Array, around: Scenery | null): Float32Array {
  const image = new Float32Array(labels.length);
  for (let n = 0; n < image.length; n++) {
    image[n] =
      labels[n] === 0 && around !== null ? around.contrast[around.labels[n]] : contrast[labels[n]];
  }
  return image;
}

function blur(image: Float32Array, shape: Triple, weights: readonly number[]): void {
  const strides = [shape[1] * shape[2], shape[2], 1];
  for (let axis = 0; axis < 3; axis++) {
    if (shape[axis] > 1) blurAlong(image, shape[axis], strides[axis], weights);
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

function adjust(image: Float32Array, shape: Triple, {bias, power, noise}: Adjustment): void {
  if (bias !== null) multiplyByBias(image, shape, bias);
  let position = noise?.position ?? 0;
  for (let n = 0; n < image.length; n++) {
    let value = image[n] <= 0 ? 0 : power === 1 ? image[n] : image[n] ** power;
    if (noise !== null) {
      position = (position + noise.stride) & (noise.table.length - 1);
      value += noise.deviation * noise.table[position];
    }
    image[n] = value < 0 ? 0 : value > 1 ? 1 : value;
  }
}

function multiplyByBias(
  image: Float32Array,
  [lengthI, lengthJ, lengthK]: Triple,
  {data, shape, deviation}: NonNullable<Adjustment['bias']>,
): void {
  const factors = data.map((value) => Math.exp(deviation * value));
  for (let i = 0, n = 0; i < lengthI; i++) {
    for (let j = 0; j < lengthJ; j++) {
      const row =
        (Math.floor(i / BIAS_SPACING) * shape[1] + Math.floor(j / BIAS_SPACING)) * shape[2];
      for (let k = 0; k < lengthK; k++, n++) {
        image[n] *= factors[row + Math.floor(k / BIAS_SPACING)];
      }
    }
  }
}
