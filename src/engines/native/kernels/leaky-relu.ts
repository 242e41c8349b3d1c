import type * as tf from '@tensorflow/tfjs-core';
import {asNative} from './as-native.js';
import type {NativeKernel} from './native-kernel.js';

export const leakyReluKernel: NativeKernel = {
  kernelName: 'LeakyRelu',
  kernelFunc: ({inputs, backend, attrs}) => {
    const native = asNative(backend);
    const x = inputs['x'] as tf.TensorInfo;
    const {alpha} = attrs as unknown as {alpha: number};
    const {info, values} = native.allocateOutput(x.shape);
    native.addon.leakyRelu(native.floats(x), values, alpha);
    return info;
  },
};
