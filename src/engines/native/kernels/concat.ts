import type * as tf from '@tensorflow/tfjs-core';
import {asNative} from './as-native.js';
import {inheritedKernel} from './arithmetic.js';
import type {NativeKernel} from './native-kernel.js';

function product(lengths: readonly number[]): number {
  return lengths.reduce((total, length) => total * length, 1);
}

/** Two float tensors along any axis, such as the channels of two images; anything else is the inherited kernel's. */
export const concatKernel: NativeKernel = {
  kernelName: 'Concat',
  kernelFunc: (call) => {
    const native = asNative(call.backend);
    const tensors = call.inputs as unknown as tf.TensorInfo[];
    const [a, b] = tensors;
    const {axis: given} = call.attrs as unknown as {axis: number};
    const axis = given < 0 ? given + a.shape.length : given;
    const isOurs =
      tensors.length === 2 &&
      tensors.every(({dtype, shape}) => dtype === 'float32' && product(shape) > 0) &&
      a.shape.length === b.shape.length &&
      a.shape.every((length, n) => n === axis || length === b.shape[n]);
    if (!isOurs) return inheritedKernel('Concat')(call);
    const shape = a.shape.map((length, n) => (n === axis ? length + b.shape[n] : length));
    const {info, values} = native.allocateOutput(shape);
    const sizes = [
      product(a.shape.slice(0, axis)),
      product(a.shape.slice(axis)),
      product(b.shape.slice(axis)),
    ];
    native.addon.join(Int32Array.from(sizes), native.floats(a), native.floats(b), values);
    return info;
  },
};
