import * as tf from '@tensorflow/tfjs-core';
import type {NativeBackend} from '../backend.js';
import {asNative} from './as-native.js';
import {planConv, type Activation, type ConvAttributes, type ConvPlan} from './conv-shape.js';
import type {NativeKernel} from './native-kernel.js';

/** Stride 1, zero padded to the same size. */
function sameAttributes(activation: Activation): ConvAttributes {
  return {strides: [1, 1, 1], dilations: [1, 1, 1], padding: 'same', activation};
}

interface ConvOperands {
  readonly x: tf.TensorInfo;
  readonly coarse?: tf.TensorInfo;
  readonly kernel: tf.TensorInfo;
}

function planOf({x, coarse, kernel}: ConvOperands, attributes: ConvAttributes): ConvPlan {
  const shapes = {x: x.shape, kernel: kernel.shape};
  return planConv(coarse === undefined ? shapes : {...shapes, coarse: coarse.shape}, attributes);
}

function runConv(
  native: NativeBackend,
  operands: ConvOperands,
  bias: tf.TensorInfo | undefined,
  attributes: ConvAttributes,
): tf.TensorInfo {
  const {shape, window, outputShape, slope} = planOf(operands, attributes);
  const {x, coarse, kernel} = operands;
  const {info, values} = native.allocateOutput(outputShape);
  const run = native.precision === 'bf16' ? native.addon.convBf16 : native.addon.conv;
  run(
    shape,
    slope,
    native.floats(x),
    coarse === undefined ? null : native.floats(coarse),
    native.floats(kernel),
    bias === undefined ? null : native.floats(bias),
    values,
    window,
  );
  return info;
}

/** Tensors of results that one native call made together: each is wrapped when it is asked for. */
type Wrap = () => tf.Tensor;

/** Gradients by the inputs, computed when the first of them is asked for. */
function inputGradients(
  native: NativeBackend,
  operands: ConvOperands,
  y: tf.TensorInfo,
  dy: tf.TensorInfo,
  attributes: ConvAttributes,
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
  attributes: ConvAttributes,
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
      coarse === undefined ? null : native.floats(coarse),
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

export const convKernel: NativeKernel = {
  kernelName: 'HmConv',
  kernelFunc: ({inputs, backend, attrs}) => {
    const {x, kernel, bias} = inputs as {
      x: tf.TensorInfo;
      kernel: tf.TensorInfo;
      bias?: tf.TensorInfo;
    };
    return runConv(asNative(backend), {x, kernel}, bias, attrs as unknown as ConvAttributes);
  },
};

export const convGradient: tf.GradConfig = {
  kernelName: 'HmConv',
  inputsToSave: ['x', 'kernel'],
  outputsToSave: [true],
  gradFunc: (dy, saved, attrs) => {
    const [x, kernel, y] = saved as [tf.Tensor, tf.Tensor, tf.Tensor];
    const native = asNative(tf.backend());
    const attributes = attrs as unknown as ConvAttributes;
    const gradient = dy as tf.Tensor;
    return {
      x: inputGradients(native, {x, kernel}, y, gradient, attributes).x,
      ...filterGradients(native, {x, kernel}, y, gradient, attributes),
    };
  },
};

/** Without a gradient: `convolvePooled` does not call it while one is recorded. */
export const convPoolKernel: NativeKernel = {
  kernelName: 'HmConvPool',
  kernelFunc: ({inputs, backend, attrs}) => {
    const {x, kernel, bias} = inputs as {
      x: tf.TensorInfo;
      kernel: tf.TensorInfo;
      bias?: tf.TensorInfo;
    };
    const {activation, window} = attrs as unknown as {
      activation: Activation;
      window: [number, number, number];
    };
    const attributes = {...sameAttributes(activation), window};
    return runConv(asNative(backend), {x, kernel}, bias, attributes);
  },
};

export const convUpKernel: NativeKernel = {
  kernelName: 'HmConvUp',
  kernelFunc: ({inputs, backend, attrs}) => {
    const {coarse, skip, kernel, bias} = inputs as {
      coarse: tf.TensorInfo;
      skip: tf.TensorInfo;
      kernel: tf.TensorInfo;
      bias?: tf.TensorInfo;
    };
    const {activation} = attrs as unknown as {activation: Activation};
    const operands = {x: skip, coarse, kernel};
    return runConv(asNative(backend), operands, bias, sameAttributes(activation));
  },
};

export const convUpGradient: tf.GradConfig = {
  kernelName: 'HmConvUp',
  inputsToSave: ['coarse', 'skip', 'kernel'],
  outputsToSave: [true],
  gradFunc: (dy, saved, attrs) => {
    const [coarse, skip, kernel, y] = saved as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
    const native = asNative(tf.backend());
    const attributes = sameAttributes((attrs as unknown as {activation: Activation}).activation);
    const gradient = dy as tf.Tensor;
    const operands = {x: skip, coarse, kernel};
    const byInput = inputGradients(native, operands, y, gradient, attributes);
    return {
      coarse: byInput.coarse,
      skip: byInput.x,
      ...filterGradients(native, operands, y, gradient, attributes),
    };
  },
};
