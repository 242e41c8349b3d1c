import type * as tf from '@tensorflow/tfjs-core';
import {asNative} from './as-native.js';
import {currentNative, gradientLike} from './gradient.js';
import type {NativeKernel} from './native-kernel.js';

export const squaredErrorKernel: NativeKernel = {
  kernelName: 'HmSquaredError',
  kernelFunc: ({inputs, backend}) => {
    const native = asNative(backend);
    const {fixed, moved} = inputs as {fixed: tf.TensorInfo; moved: tf.TensorInfo};
    const items = fixed.shape[0];
    const {info, values} = native.allocateOutput([items]);
    native.addon.squaredError(items, native.floats(fixed), native.floats(moved), values);
    return info;
  },
};

export const squaredErrorGradient: tf.GradConfig = {
  kernelName: 'HmSquaredError',
  inputsToSave: ['fixed', 'moved'],
  gradFunc: (dy, [fixed, moved]) => {
    const native = currentNative();
    const perItem = fixed.size / fixed.shape[0];
    const scale = () => native.floats(dy as tf.Tensor).map((value) => (2 * value) / perItem);
    const difference = (a: tf.Tensor, b: tf.Tensor) =>
      gradientLike(native, a.shape, (out) => {
        native.addon.scaledDifference(scale(), native.floats(a), native.floats(b), out);
      });
    return {fixed: difference(fixed, moved), moved: difference(moved, fixed)};
  },
};
