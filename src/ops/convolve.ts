import * as tf from '@tensorflow/tfjs-core';
import {HypermorphError} from '../errors.js';
import {runTensors, type TensorOperation} from '../kernels/tensor-operation.js';
import {activate, type Activation, type FusedActivation} from './activation.js';
import {likeRank, toVolumetric, toVolumetricKernel, type Tensor6D} from './planar.js';
import {formatShape, requireShape, requireSpatial} from './shapes.js';
import {upsample} from './upsample.js';

type Shape5 = [number, number, number, number, number];
type Window = readonly [number, number, number];

export interface ConvolveOptions {
  /** One number, or one per spatial axis. */
  readonly strides?: number | readonly number[];
  readonly dilations?: number | readonly number[];
  /** `same` pads with zeros, the smaller half before (as TensorFlow does); `valid` does not pad. */
  readonly padding?: 'same' | 'valid';
  readonly activation?: Activation;
}

/** Attributes of a convolution on its own. */
export interface ConvAttributes {
  /** One per spatial axis, as are the dilations. */
  readonly strides: Window;
  readonly dilations: Window;
  readonly padding: 'same' | 'valid';
  readonly activation: FusedActivation;
}

/** See `convolve`, for [N, I, J, K, C]. */
export const CONV: TensorOperation<
  {readonly x: tf.Tensor5D; readonly kernel: Tensor6D; readonly bias?: tf.Tensor2D},
  ConvAttributes,
  tf.Tensor5D,
  'x' | 'kernel' | 'result'
> = {
  name: 'conv',
  saves: ['x', 'kernel', 'result'],
  portable: ({x, kernel, bias = null}, {strides, dilations, padding, activation}) =>
    convolvePerItem(x, kernel, bias, activation, (item, itemKernel) =>
      correlate(item, dilateKernel(itemKernel, dilations), strides, padding),
    ),
};

/** See `convolveJoined`, for [N, I, J, K, C]. */
export const CONV_JOINED: TensorOperation<
  {
    readonly coarse: tf.Tensor5D;
    readonly skip: tf.Tensor5D;
    readonly kernel: Tensor6D;
    readonly bias?: tf.Tensor2D;
  },
  {readonly activation: FusedActivation},
  tf.Tensor5D,
  'coarse' | 'skip' | 'kernel' | 'result'
> = {
  name: 'convJoined',
  saves: ['coarse', 'skip', 'kernel', 'result'],
  portable: ({coarse, skip, kernel, bias = null}, {activation}) => {
    const upsampled = toVolumetric(upsample(coarse, upsamplingFactors(coarse, skip)));
    const joined = tf.concat([upsampled, skip], 4);
    return convolvePerItem(joined, kernel, bias, activation, (item, itemKernel) =>
      tf.conv3d(item, itemKernel, 1, 'same'),
    );
  },
};

/**
 * Convolve a batch with one kernel per item (or one for all): correlation, no flip, then bias, then activation.
 *
 * @param x - [N, I, J, K, C] or [N, I, J, C].
 * @param kernel - [B, FI, FJ, FK, C, O] or [B, FI, FJ, C, O]; B is 1 (shared) or N (item n is convolved with kernel n).
 * @param bias - [B, O], or null for none.
 * @returns [N, I', J', K', O] or [N, I', J', O]. The caller disposes it.
 * @throws {HypermorphError} E_SHAPE if the shapes do not fit; E_RANGE if strides and dilations are both above 1.
 * @see neurite `HyperConv`, the layer whose numbers this reproduces.
 */
export function convolve(
  x: tf.Tensor,
  kernel: tf.Tensor,
  bias: tf.Tensor2D | null,
  options: ConvolveOptions = {},
): tf.Tensor {
  requireKernel('convolve', x, x.shape[x.rank - 1], kernel, bias);
  const rank = x.rank - 2;
  const strides = toWindow(options.strides ?? 1, rank, 'strides');
  const dilations = toWindow(options.dilations ?? 1, rank, 'dilations');
  const {padding = 'same', activation = 'linear'} = options;
  if (strides.some((s) => s > 1) && dilations.some((d) => d > 1)) {
    throw new HypermorphError(
      'E_RANGE',
      `convolve: strides or dilations must be 1, got strides ${formatShape(strides)} and dilations ${formatShape(dilations)}.`,
    );
  }
  return tf.tidy(() => {
    const x5 = toVolumetric(x);
    const kernel6 = toVolumetricKernel(kernel);
    const fused = activation === 'tanh' ? 'linear' : activation;
    const y = runTensors(
      CONV,
      {x: x5, kernel: kernel6, ...(bias && {bias})},
      {strides, dilations, padding, activation: fused},
    );
    return likeRank(activation === 'tanh' ? tf.tanh(y) : y, x);
  });
}

/**
 * The decoder's convolution: up-sample `coarse` to the size of `skip` (nearest neighbour), join it with `skip` on the
 * channels, convolve (`same`, stride 1). An engine may do so without ever holding the joined image.
 *
 * @param coarse - [N, i, j, k, C1]; sizes divide those of `skip`.
 * @param skip - [N, I, J, K, C2].
 * @param kernel - [B, FI, FJ, FK, C1 + C2, O], as for `convolve`.
 * @returns [N, I, J, K, O]. The caller disposes it.
 */
export function convolveJoined(
  coarse: tf.Tensor,
  skip: tf.Tensor,
  kernel: tf.Tensor,
  bias: tf.Tensor2D | null,
  activation: FusedActivation = 'linear',
): tf.Tensor {
  const channels = coarse.shape[coarse.rank - 1] + skip.shape[skip.rank - 1];
  requireKernel('convolveJoined', skip, channels, kernel, bias);
  return tf.tidy(() => {
    const coarse5 = toVolumetric(coarse);
    const skip5 = toVolumetric(skip);
    const kernel6 = toVolumetricKernel(kernel);
    const y = runTensors(
      CONV_JOINED,
      {coarse: coarse5, skip: skip5, kernel: kernel6, ...(bias && {bias})},
      {activation},
    );
    return likeRank(y, skip);
  });
}

function upsamplingFactors(coarse: tf.Tensor5D, skip: tf.Tensor5D): Window {
  const factors = [1, 2, 3].map((axis) => skip.shape[axis] / coarse.shape[axis]);
  if (factors.some((factor) => !Number.isInteger(factor) || factor < 1)) {
    throw new HypermorphError(
      'E_SHAPE',
      `convolveJoined: the size of skip must be a multiple of that of coarse, got ${formatShape(skip.shape)} and ${formatShape(coarse.shape)}.`,
    );
  }
  return factors as [number, number, number];
}

/** @throws {HypermorphError} E_SHAPE if x, kernel and bias do not belong together. */
export function requireKernel(
  where: string,
  x: tf.Tensor,
  channels: number,
  kernel: tf.Tensor,
  bias: tf.Tensor2D | null,
): void {
  requireSpatial(x, where, 'x');
  requireShape(
    kernel,
    x.rank === 5 ? `B FI FJ FK ${channels} O` : `B FI FJ ${channels} O`,
    where,
    'kernel',
  );
  const items = kernel.shape[0];
  if (items !== 1 && items !== x.shape[0]) {
    throw new HypermorphError(
      'E_SHAPE',
      `${where}: the number of kernels must be 1 or the batch size ${x.shape[0]}, got ${items}.`,
    );
  }
  if (bias) requireShape(bias, `${items} ${kernel.shape[kernel.rank - 1]}`, where, 'bias');
}

function toWindow(value: number | readonly number[], rank: number, what: string): Window {
  const lengths = typeof value === 'number' ? new Array<number>(rank).fill(value) : value;
  if (
    lengths.length !== rank ||
    lengths.some((length) => !Number.isInteger(length) || length < 1)
  ) {
    throw new HypermorphError(
      'E_RANGE',
      `convolve: ${what} must be a positive integer or ${rank} of them, got ${JSON.stringify(value)}.`,
    );
  }
  return [lengths[0], lengths[1], lengths[2] ?? 1];
}

/** TensorFlow.js convolves a batch with one kernel, so items with kernels of their own go one by one. */
function convolvePerItem(
  x: tf.Tensor5D,
  kernel: Tensor6D,
  bias: tf.Tensor2D | null,
  activation: Activation,
  correlate: (x: tf.Tensor5D, kernel: tf.Tensor5D) => tf.Tensor5D,
): tf.Tensor5D {
  const finish = (y: tf.Tensor5D, itemBias: tf.Tensor | undefined): tf.Tensor5D =>
    activate(itemBias ? tf.add<tf.Tensor5D>(y, itemBias) : y, activation);
  const kernels = unstackItems(kernel) as tf.Tensor5D[];
  const biases = bias ? unstackItems(bias) : [];
  if (kernels.length === 1) return finish(correlate(x, kernels[0]), biases[0]);
  const items: tf.Tensor5D[] = tf.split(x, kernels.length, 0);
  return tf.concat(items.map((item, n) => finish(correlate(item, kernels[n]), biases[n])));
}

/** As `tf.unstack`, whose gradient fails when there is only one item (TensorFlow.js 4.22 stacks a tensor that is no list). */
function unstackItems(tensor: tf.Tensor): tf.Tensor[] {
  return tensor.shape[0] === 1 ? [tf.squeeze(tensor, [0])] : tf.unstack(tensor);
}

/**
 * Padding `same` as TensorFlow has it, also where the stride exceeds the filter: TensorFlow.js 4.22 then pads by a negative
 * number and begins in the midst of the image.
 */
function correlate(
  x: tf.Tensor5D,
  kernel: tf.Tensor5D,
  strides: Window,
  padding: 'same' | 'valid',
): tf.Tensor5D {
  const pads = strides.map((stride, axis) => {
    const length = x.shape[axis + 1];
    const covered = (Math.ceil(length / stride) - 1) * stride + kernel.shape[axis];
    return covered - length;
  });
  if (padding === 'valid' || pads.every((pad) => pad >= 0)) {
    return tf.conv3d(x, kernel, [...strides], padding);
  }
  const around = pads.map((pad): [number, number] => {
    const before = Math.floor(Math.max(pad, 0) / 2);
    return [before, Math.max(pad, 0) - before];
  });
  return tf.conv3d(tf.pad(x, [[0, 0], ...around, [0, 0]]), kernel, [...strides], 'valid');
}

/** A dilated convolution is an ordinary one with zeros between the kernel's taps; TensorFlow.js has no gradient for the former. */
function dilateKernel(kernel: tf.Tensor5D, dilations: Window): tf.Tensor5D {
  return dilations.reduce((spread, dilation, axis) => {
    if (dilation === 1) return spread;
    const gaps = new Array<tf.Tensor5D>(dilation - 1).fill(tf.zerosLike(spread));
    const interleaved = [...spread.shape];
    interleaved[axis] *= dilation;
    const size = [...interleaved];
    size[axis] -= dilation - 1;
    const woven = tf.reshape<tf.Rank.R5>(
      tf.stack([spread, ...gaps], axis + 1),
      interleaved as Shape5,
    );
    return tf.slice(woven, [0, 0, 0, 0, 0], size);
  }, kernel);
}
