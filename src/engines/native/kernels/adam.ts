import type * as tf from '@tensorflow/tfjs-core';
import type {NativeBackend} from '../backend.js';
import {asNative} from './as-native.js';
import type {NativeKernel} from './native-kernel.js';

interface AdamAttributes {
  readonly rate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
}

/** Where the new values of a tensor go: into its own memory when nobody else can see that, else into new memory. */
function updateOf(
  native: NativeBackend,
  tensor: tf.TensorInfo,
): {info: tf.TensorInfo; values: Float32Array} {
  const values = native.floats(tensor);
  if (!native.isPrivate(tensor)) return native.allocateOutput(tensor.shape);
  native.incRef(tensor.dataId);
  return {info: {dataId: tensor.dataId, shape: tensor.shape, dtype: 'float32'}, values};
}

/** Returns the new weight, first moment and second moment; they share the memory of the old ones where that is safe. */
export const adamKernel: NativeKernel = {
  kernelName: 'HmAdam',
  kernelFunc: ({inputs, backend, attrs}) => {
    const native = asNative(backend);
    const {weight, first, second, gradient} = inputs as Record<string, tf.TensorInfo>;
    const {rate, beta1, beta2, epsilon} = attrs as unknown as AdamAttributes;
    const updates = [weight, first, second].map((tensor) => updateOf(native, tensor));
    native.addon.adam(
      Float32Array.of(rate, beta1, 1 - beta1, beta2, 1 - beta2, epsilon),
      native.floats(weight),
      native.floats(first),
      native.floats(second),
      native.floats(gradient),
      updates[0].values,
      updates[1].values,
      updates[2].values,
    );
    return updates.map(({info}) => info);
  },
};
