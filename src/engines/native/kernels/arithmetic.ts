import * as tf from '@tensorflow/tfjs-core';
import {replace, type CheckedKernel, type Operands} from '../../../kernels/tensor-operation.js';
import type {NativeBackend} from '../backend.js';
import {filled} from './results.js';

declare module '../addon.js' {
  /** What this file calls: sizes come first; the last array is filled, inputs are not kept. */
  interface NativeAddon {
    leakyRelu(x: Float32Array, y: Float32Array, slope: number): void;
    /** `operation`: 0 add, 1 subtract, 2 multiply. */
    binary(operation: number, a: Float32Array, b: Float32Array, y: Float32Array): void;
    /** y = factor x + term. */
    linear(factor: number, term: number, x: Float32Array, y: Float32Array): void;
  }
}

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
  return filled(native, x.shape, (y) => native.addon.linear(factor, term, native.floats(x), y));
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

function binaryKernel(kernelName: keyof typeof OPERATION): CheckedKernel {
  return replace(kernelName, (native: NativeBackend, {a, b}: Operands<'a' | 'b'>, _, call) => {
    if (!areFloats(a, b)) return inheritedKernel(kernelName)(call);
    if (isSameShape(a, b)) {
      return filled(native, a.shape, (y) => {
        native.addon.binary(OPERATION[kernelName], native.floats(a), native.floats(b), y);
      });
    }
    if (b.shape.length === 0)
      return runLinear(native, a, ...linearForm(kernelName, native.floats(b)[0], false));
    if (a.shape.length === 0)
      return runLinear(native, b, ...linearForm(kernelName, native.floats(a)[0], true));
    return inheritedKernel(kernelName)(call);
  });
}

const addN = replace('AddN', (native: NativeBackend, tensors: tf.TensorInfo[], _, call) => {
  if (tensors.length < 2 || !areFloats(...tensors)) return inheritedKernel('AddN')(call);
  return filled(native, tensors[0].shape, (y) => {
    native.addon.binary(0, native.floats(tensors[0]), native.floats(tensors[1]), y);
    for (const tensor of tensors.slice(2)) native.addon.binary(0, y, native.floats(tensor), y);
  });
});

const neg = replace('Neg', (native: NativeBackend, {x}: Operands<'x'>, _, call) =>
  areFloats(x) ? runLinear(native, x, -1, 0) : inheritedKernel('Neg')(call),
);

const leakyRelu = replace(
  'LeakyRelu',
  (native: NativeBackend, {x}: Operands<'x'>, {alpha}: tf.LeakyReluAttrs) =>
    filled(native, x.shape, (y) => native.addon.leakyRelu(native.floats(x), y, alpha)),
);

/** TensorFlow.js' own operations, number by number. */
export const ARITHMETIC_KERNELS = [
  ...(['Add', 'Sub', 'Multiply'] as const).map(binaryKernel),
  addN,
  neg,
  leakyRelu,
];
