import type * as tf from '@tensorflow/tfjs-core';
import {asNative} from './as-native.js';
import {currentNative, gradientLike} from './gradient.js';
import type {NativeKernel} from './native-kernel.js';

/** Sizes of a fine image [N, I, J, K, C] and its windows, as the addon reads them. */
function poolSizes(fine: readonly number[], window: readonly number[]): Int32Array {
  return Int32Array.of(...fine, ...window);
}

function scaledShape(
  shape: readonly number[],
  scale: (length: number, axis: number) => number,
): number[] {
  return shape.map((length, axis) => (axis === 0 || axis === 4 ? length : scale(length, axis - 1)));
}

export const maxPoolKernel: NativeKernel = {
  kernelName: 'HmMaxPool',
  kernelFunc: ({inputs, backend, attrs}) => {
    const native = asNative(backend);
    const x = inputs['x'] as tf.TensorInfo;
    const {window} = attrs as unknown as {window: readonly number[]};
    const shape = scaledShape(x.shape, (length, axis) => Math.floor(length / window[axis]));
    const {info, values} = native.allocateOutput(shape);
    if (values.length > 0)
      native.addon.maxPool(poolSizes(x.shape, window), native.floats(x), values);
    return info;
  },
};

export const maxPoolGradient: tf.GradConfig = {
  kernelName: 'HmMaxPool',
  inputsToSave: ['x'],
  outputsToSave: [true],
  gradFunc: (dy, saved, attrs) => {
    const [x, y] = saved;
    const native = currentNative();
    const {window} = attrs as unknown as {window: readonly number[]};
    return {
      x: gradientLike(native, x.shape, (dx) => {
        native.addon.maxPoolGradient(
          poolSizes(x.shape, window),
          native.floats(x),
          native.floats(y),
          native.floats(dy as tf.Tensor),
          dx,
        );
      }),
    };
  },
};

export const upsampleKernel: NativeKernel = {
  kernelName: 'HmUpsample',
  kernelFunc: ({inputs, backend, attrs}) => {
    const native = asNative(backend);
    const x = inputs['x'] as tf.TensorInfo;
    const {factors} = attrs as unknown as {factors: readonly number[]};
    const shape = scaledShape(x.shape, (length, axis) => length * factors[axis]);
    const {info, values} = native.allocateOutput(shape);
    native.addon.upsample(poolSizes(shape, factors), native.floats(x), values);
    return info;
  },
};

export const upsampleGradient: tf.GradConfig = {
  kernelName: 'HmUpsample',
  gradFunc: (dy, _saved, attrs) => {
    const native = currentNative();
    const gradient = dy as tf.Tensor;
    const {factors} = attrs as unknown as {factors: readonly number[]};
    const shape = scaledShape(gradient.shape, (length, axis) => length / factors[axis]);
    return {
      x: gradientLike(native, shape, (dx) => {
        native.addon.upsampleGradient(
          poolSizes(gradient.shape, factors),
          native.floats(gradient),
          dx,
        );
      }),
    };
  },
};
