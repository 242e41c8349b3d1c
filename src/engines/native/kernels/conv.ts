import * as tf from '@tensorflow/tfjs-core';
import {implement} from '../../../kernels/tensor-operation.js';
import type {FusedActivation} from '../../../ops/activation.js';
import {CONV, CONV_JOINED} from '../../../ops/convolve.js';
import {CONV_POOLED} from '../../../ops/convolve-pooled.js';
import type {NativeBackend} from '../backend.js';
import {planConv, type ConvPlan, type PooledConvAttributes} from './conv-shape.js';
import {filled, floatsOrNull} from './results.js';

/** Stride 1, zero padded to the same size. */
function sameAttributes(activation: FusedActivation): PooledConvAttributes {
  return {strides: [1, 1, 1], dilations: [1, 1, 1], padding: 'same', activation};
}

interface ConvOperands {
  readonly x: tf.TensorInfo;
  readonly coarse?: tf.TensorInfo;
  readonly kernel: tf.TensorInfo;
}

function planOf({x, coarse, kernel}: ConvOperands, attributes: PooledConvAttributes): ConvPlan {
  const shapes = {x: x.shape, kernel: kernel.shape};
  return planConv(coarse === undefined ? shapes : {...shapes, coarse: coarse.shape}, attributes);
}

function runConv(
  native: NativeBackend,
  operands: ConvOperands,
  bias: tf.TensorInfo | undefined,
  attributes: PooledConvAttributes,
): tf.TensorInfo {
  const {shape, window, outputShape, slope} = planOf(operands, attributes);
  const {x, coarse, kernel} = operands;
  const run = native.precision === 'bf16' ? native.addon.convBf16 : native.addon.conv;
  return filled(native, outputShape, (y) => {
    run(
      shape,
      slope,
      native.floats(x),
      floatsOrNull(native, coarse),
      native.floats(kernel),
      floatsOrNull(native, bias),
      y,
      window,
    );
  });
}

/** Tensors of results that one native call made together: each is wrapped when it is asked for. */
type Wrap = () => tf.Tensor;

/** Gradients by the inputs, computed when the first of them is asked for. */
function inputGradients(
  native: NativeBackend,
  operands: ConvOperands,
  y: tf.TensorInfo,
  dy: tf.TensorInfo,
  attributes: PooledConvAttributes,
): {x: Wrap; coarse: Wrap} {
  const {x, coarse, kernel} = operands;
  const compute = once(() => {
    const {shape, slope} = planOf(operands, attributes);
    const dx = native.pool.allocate(tf.util.sizeFromShape(x.shape));
    const dcoarse =
      coarse === undefined ? null : native.pool.allocate(tf.util.sizeFromShape(coarse.shape));
    native.addon.convInputGradient(
      shape,
      slope,
      native.floats(kernel),
      native.floats(y),
      native.floats(dy),
      dx,
      dcoarse,
    );
    return {dx, dcoarse};
  });
  return {
    x: () => tf.tensor(compute().dx, x.shape),
    coarse: () => tf.tensor(compute().dcoarse!, coarse!.shape),
  };
}

/** Gradients by kernel and bias, computed when the first of them is asked for. */
function filterGradients(
  native: NativeBackend,
  operands: ConvOperands,
  y: tf.TensorInfo,
  dy: tf.TensorInfo,
  attributes: PooledConvAttributes,
): {kernel: Wrap; bias: Wrap} {
  const {x, coarse, kernel} = operands;
  const biasShape = [kernel.shape[0], kernel.shape[5]];
  const compute = once(() => {
    const {shape, slope} = planOf(operands, attributes);
    const dkernel = native.pool.allocate(tf.util.sizeFromShape(kernel.shape));
    const dbias = new Float32Array(tf.util.sizeFromShape(biasShape));
    native.addon.convFilterGradient(
      shape,
      slope,
      native.floats(x),
      floatsOrNull(native, coarse),
      native.floats(y),
      native.floats(dy),
      dkernel,
      dbias,
    );
    return {dkernel, dbias};
  });
  return {
    kernel: () => tf.tensor(compute().dkernel, kernel.shape),
    bias: () => tf.tensor(compute().dbias, biasShape),
  };
}

function once<T>(compute: () => T): () => T {
  let result: {value: T} | undefined;
  return () => {
    result ??= {value: compute()};
    return result.value;
  };
}

const conv = implement(CONV, {
  run: (native: NativeBackend, {x, kernel, bias}, attributes) =>
    runConv(native, {x, kernel}, bias, attributes),
  gradient: (native, dy, {x, kernel, result}, attributes) => ({
    x: inputGradients(native, {x, kernel}, result, dy, attributes).x,
    ...filterGradients(native, {x, kernel}, result, dy, attributes),
  }),
});

/** Without a gradient: `convolvePooled` does not call it while one is recorded. */
const convPooled = implement(CONV_POOLED, {
  run: (native: NativeBackend, {x, kernel, bias}, {activation, window}) =>
    runConv(native, {x, kernel}, bias, {...sameAttributes(activation), window}),
});

const convJoined = implement(CONV_JOINED, {
  run: (native: NativeBackend, {coarse, skip, kernel, bias}, {activation}) =>
    runConv(native, {x: skip, coarse, kernel}, bias, sameAttributes(activation)),
  gradient(native, dy, {coarse, skip, kernel, result}, {activation}) {
    const attributes = sameAttributes(activation);
    const operands = {x: skip, coarse, kernel};
    const byInput = inputGradients(native, operands, result, dy, attributes);
    return {
      coarse: byInput.coarse,
      skip: byInput.x,
      ...filterGradients(native, operands, result, dy, attributes),
    };
  },
});

/** Convolutions; all of them are one kernel of the addon. */
export const CONV_KERNELS = [conv, convPooled, convJoined];
