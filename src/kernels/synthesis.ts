import type {Triple} from '../geometry/triple.js';
import type {Lattice} from './noise.js';
import type {VoxelOperation} from './voxel-operation.js';

/** A label map that shows where another has label 0. */
export interface Background {
  readonly labels: Uint16Array;
  readonly contrast: Float32Array;
}

/** contrast[label] for every voxel; where the label is 0 and there is a background, that one's contrast. */
export const RENDER_LABELS: VoxelOperation<
  [labels: Uint16Array, contrast: Float32Array, background: Background | null],
  Float32Array
> = {name: 'renderLabels', portable: renderLabels};

/**
 * Blur an image [I, J, K], k fastest, along every axis, in place; beyond the edge the outermost voxel repeats.
 *
 * `weights[x]` is for distance x on both sides.
 */
export const BLUR: VoxelOperation<
  [image: Float32Array, shape: Triple, weights: readonly number[]],
  void
> = {name: 'blur', portable: blur};

/** What happens to the intensities of an image: max(b v, 0)^power + noise, cut to [0, 1]. */
export interface Adjustment {
  /** b = exp(deviation · data) on every BIAS_SPACING-th voxel along each axis, and constant up to the next; null: 1. */
  readonly bias: (Lattice & {readonly deviation: number}) | null;
  readonly power: number;
  /** Voxel n gets deviation · table[(position + (n + 1) stride) mod length]; the length is a power of two. Null: 0. */
  readonly noise: {
    readonly table: Float32Array;
    readonly deviation: number;
    readonly position: number;
    readonly stride: number;
  } | null;
}

/** Voxels between the points of a bias field. */
export const BIAS_SPACING = 4;
/** Change the intensities of an image [I, J, K], k fastest, in place. */
export const ADJUST: VoxelOperation<
  [image: Float32Array, shape: Triple, adjustment: Adjustment],
  void
> = {name: 'adjust', portable: adjust};

function renderLabels(
  labels: Uint16Array,
  contrast: Float32Array,
  background: Background | null,
): Float32Array {
  const image = new Float32Array(labels.length);
  for (let n = 0; n < image.length; n++) {
    image[n] =
      labels[n] === 0 && background !== null
        ? background.contrast[background.labels[n]]
        : contrast[labels[n]];
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
