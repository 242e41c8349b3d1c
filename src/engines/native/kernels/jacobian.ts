import type * as tf from '@tensorflow/tfjs-core';
import {asNative} from './as-native.js';
import {displacementGradient} from './gradient.js';
import type {NativeKernel} from './native-kernel.js';

export const jacobianKernel: NativeKernel = {
  kernelName: 'HmJacobian',
  kernelFunc: ({inputs, backend}) => {
    const native = asNative(backend);
    const displacement = inputs['displacement'] as tf.TensorInfo;
    const shape = displacement.shape.slice(0, 4);
    const {info, values} = native.allocateOutput(shape);
    native.addon.jacobian(Int32Array.from(shape), native.floats(displacement), values);
    return info;
  },
};

export const jacobianGradient = displacementGradient('HmJacobian', 'jacobianGradient');
