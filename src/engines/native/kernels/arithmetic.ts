import * as tf from '@tensorflow/tfjs-core';
import type {NativeBackend} from '../backend.js';
import {asNative} from './as-native.js';
import type {NativeKernel} from './native-kernel.js';

const OPERATION = {Add: 0, Sub: 1, Multiply: 2} as const;

/** The kernel that TensorFlow.js' own CPU backend has for what ours does not cover. */
export function inheritedKernel(kernelName: string): tf.KernelFunc {
  const config = tf.getKernel(kernelName, 'cpu');
  if (config === undefined) throw new Error(`the cpu backend has no kernel ${kernelName}`);
  return config.kernelFunc;
}

function isSameShape(a: tf.TensorInfo, b: tf.TensorInfo): boolean {
  return tf.util.arraysEqual(a.shape, b.shape);
}

function areFloats(...tensors: tf.TensorInfo[]): boolean {
  return tensors.every(({dtype}) => dtype === 'float32');
}

/** y = factor x + term. */
function runLinear(
  native: NativeBackend,
  x: tf.TensorInfo,
  factor: number,
  term: number,
): tf.TensorInfo {
  const {info, values} = native.allocateOutput(x.shape);
  native.addon.linear(factor, term, native.floats(x), values);
  return info;
}

/** An operation with one number on one side, as a factor and a term of the other; null where it is not linear. */
function linearForm(
  kernelName: keyof typeof OPERATION,
  number: number,
  numberIsFirst: boolean,
): [factor: number, term: number] {
  if (kernelName === 'Add') return [1, number];
  if (kernelName === 'Multiply') return [number, 0];
  return numberIsFirst ? [-1, number] : [1, -number];
}

function binaryKernel(kernelName: keyof typeof OPERATION): NativeKernel {
  return {
    kernelName,
    kernelFunc: (call) => {
      const native = asNative(call.backend);
      const {a, b} = call.inputs as {a: tf.TensorInfo; b: tf.TensorInfo};
      if (!areFloats(a, b)) return inheritedKernel(kernelName)(call);
      if (isSameShape(a, b)) {
        const {info, values} = native.allocateOutput(a.shape);
        native.addon.binary(OPERATION[kernelName], native.floats(a), native.floats(b), values);
        return info;
      }
      if (b.shape.length === 0)
        return runLinear(native, a, ...linearForm(kernelName, native.floats(b)[0], false));
      if (a.shape.length === 0)
        return runLinear(native, b, ...linearForm(kernelName, native.floats(a)[0], true));
      return inheritedKernel(kernelName)(call);
    },
  };
}

export const addKernel = binaryKernel('Add');
export const subKernel = binaryKernel('Sub');
export const multiplyKernel = binaryKernel('Multiply');

export const addNKernel: NativeKernel = {
  kernelName: 'AddN',
  kernelFunc: (call) => {
    const native = asNative(call.backend);
    const tensors = call.inputs as unknown as tf.TensorInfo[];
    if (tensors.length < 2 || !areFloats(...tensors)) return inheritedKernel('AddN')(call);
    const {info, values} = native.allocateOutput(tensors[0].shape);
    native.addon.binary(0, native.floats(tensors[0]), native.floats(tensors[1]), values);
    for (const tensor of tensors.slice(2))
      native.addon.binary(0, values, native.floats(tensor), values);
    return info;
  },
};

export const negKernel: NativeKernel = {
  kernelName: 'Neg',
  kernelFunc: (call) => {
    const x = call.inputs['x'] as tf.TensorInfo;
    if (!areFloats(x)) return inheritedKernel('Neg')(call);
    return runLinear(asNative(call.backend), x, -1, 0);
  },
};
