import type * as tf from '@tensorflow/tfjs-core';
import {asNative} from './as-native.js';
import {currentNative, gradientLike} from './gradient.js';
import type {NativeKernel} from './index.js';

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

export const jacobianGradient: tf.GradConfig = {
  kernelName: 'HmJacobian',
  inputsToSave: ['displacement'],
  gradFunc: (dy, [displacement]) => {
    const native = currentNative();
    const sizes = Int32Array.from(displacement.shape.slice(0, 4));
    return {
      displacement: gradientLike(native, displacement.shape, (out) => {
        const [u, g] = [native.floats(displacement), native.floats(dy as tf.Tensor)];
        native.addon.jacobianGradient(sizes, u, g, out);
      }),
    };
  },
};
