import type * as tf from '@tensorflow/tfjs-core';
import {asNative} from './as-native.js';
import {ACTIVATION_SLOPE, type Activation} from './conv-shape.js';
import {currentNative, gradientLike} from './gradient.js';
import type {NativeKernel} from './native-kernel.js';

function slopeOf(attrs: unknown): number {
  return ACTIVATION_SLOPE[(attrs as {activation: Activation}).activation];
}

function denseSizes(x: tf.TensorInfo, kernel: tf.TensorInfo): Int32Array {
  return Int32Array.of(x.shape[0], x.shape[1], kernel.shape[1]);
}

export const denseKernel: NativeKernel = {
  kernelName: 'HmDense',
  kernelFunc: ({inputs, backend, attrs}) => {
    const native = asNative(backend);
    const {x, kernel, bias} = inputs as {
      x: tf.TensorInfo;
      kernel: tf.TensorInfo;
      bias?: tf.TensorInfo;
    };
    const {info, values} = native.allocateOutput([x.shape[0], kernel.shape[1]]);
    native.addon.dense(
      denseSizes(x, kernel),
      slopeOf(attrs),
      native.floats(x),
      native.floats(kernel),
      bias === undefined ? null : native.floats(bias),
      values,
    );
    return info;
  },
};

export const denseGradient: tf.GradConfig = {
  kernelName: 'HmDense',
  inputsToSave: ['x', 'kernel'],
  outputsToSave: [true],
  gradFunc: (dy, saved, attrs) => {
    const [x, kernel, y] = saved as tf.TensorInfo[];
    const native = currentNative();
    const compute = (part: 'x' | 'kernel' | 'bias', out: Float32Array) => {
      native.addon.denseGradient(
        denseSizes(x, kernel),
        slopeOf(attrs),
        native.floats(x),
        native.floats(kernel),
        native.floats(y),
        native.floats(dy as tf.Tensor),
        part === 'x' ? out : null,
        part === 'kernel' ? out : null,
        part === 'bias' ? out : null,
      );
    };
    return {
      x: gradientLike(native, x.shape, (out) => compute('x', out)),
      kernel: gradientLike(native, kernel.shape, (out) => compute('kernel', out)),
      bias: gradientLike(native, [kernel.shape[1]], (out) => compute('bias', out)),
    };
  },
};
