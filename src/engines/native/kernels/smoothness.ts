import type * as tf from '@tensorflow/tfjs-core';
import type {NativeBackend} from '../backend.js';
import {asNative} from './as-native.js';
import {currentNative, gradientLike} from './gradient.js';
import type {NativeKernel} from './native-kernel.js';

interface SmoothnessAttributes {
  readonly penalty: 'l1' | 'l2';
  /** Axes with differences: 3, or 2 for a plane (K = 1). */
  readonly axes: number;
}

function runSmoothness(
  native: NativeBackend,
  field: tf.TensorInfo,
  attrs: unknown,
  dy: Float32Array | null,
  out: Float32Array,
): void {
  const {penalty, axes} = attrs as SmoothnessAttributes;
  const [n, i, j, k, channels] = field.shape;
  // A plane is handed over as [1, I, J]: rows along the last axis are long.
  const size = axes === 3 ? [i, j, k] : [1, i, j];
  const voxels = i * j * k * channels;
  // Mean over the differences along an axis, then over the axes that count.
  const weights = size.map((length, axis) =>
    axes === 2 && axis === 0 ? 0 : 1 / (axes * ((voxels / length) * (length - 1))),
  );
  native.addon.smoothness(
    Int32Array.of(n, ...size, channels),
    penalty === 'l2' ? 1 : 0,
    weights[0],
    weights[1],
    weights[2],
    native.floats(field),
    dy,
    out,
  );
}

export const smoothnessKernel: NativeKernel = {
  kernelName: 'HmSmoothness',
  kernelFunc: ({inputs, backend, attrs}) => {
    const native = asNative(backend);
    const field = inputs['field'] as tf.TensorInfo;
    const {info, values} = native.allocateOutput([field.shape[0]]);
    runSmoothness(native, field, attrs, null, values);
    return info;
  },
};

export const smoothnessGradient: tf.GradConfig = {
  kernelName: 'HmSmoothness',
  inputsToSave: ['field'],
  gradFunc: (dy, [field], attrs) => {
    const native = currentNative();
    return {
      field: gradientLike(native, field.shape, (out) => {
        runSmoothness(native, field, attrs, native.floats(dy as tf.Tensor), out);
      }),
    };
  },
};
