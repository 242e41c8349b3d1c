import type * as tf from '@tensorflow/tfjs-core';
import type {NativeBackend} from '../backend.js';
import {asNative} from './as-native.js';
import {currentNative, gradientLike} from './gradient.js';
import type {NativeKernel} from './native-kernel.js';

interface LnccAttributes {
  /** Along I, J, K. */
  readonly window: readonly number[];
  readonly epsilon: number;
  readonly signed: boolean;
}

function runLncc(
  native: NativeBackend,
  images: {readonly fixed: tf.TensorInfo; readonly moved: tf.TensorInfo},
  attrs: unknown,
  dy: Float32Array | null,
  out: Float32Array,
): void {
  const {window, epsilon, signed} = attrs as LnccAttributes;
  const [n, i, j, k] = images.fixed.shape;
  // A plane is handed over as [1, I, J]: rows along the last axis are long.
  const isPlane = k === 1 && window[2] === 1;
  const size = isPlane ? [1, i, j] : [i, j, k];
  const lengths = isPlane ? [1, window[0], window[1]] : window;
  native.addon.lncc(
    Int32Array.of(n, ...size, ...lengths),
    epsilon,
    signed ? 1 : 0,
    native.floats(images.fixed),
    native.floats(images.moved),
    dy,
    out,
  );
}

export const lnccKernel: NativeKernel = {
  kernelName: 'HmLncc',
  kernelFunc: ({inputs, backend, attrs}) => {
    const native = asNative(backend);
    const {fixed, moved} = inputs as {fixed: tf.TensorInfo; moved: tf.TensorInfo};
    const {info, values} = native.allocateOutput([fixed.shape[0]]);
    runLncc(native, {fixed, moved}, attrs, null, values);
    return info;
  },
};

export const lnccGradient: tf.GradConfig = {
  kernelName: 'HmLncc',
  inputsToSave: ['fixed', 'moved'],
  gradFunc: (dy, [fixed, moved], attrs) => {
    const native = currentNative();
    // The correlation is symmetric, so the gradient by one image is that by the other with both exchanged.
    const gradientByMoved = (images: {fixed: tf.Tensor; moved: tf.Tensor}) =>
      gradientLike(native, fixed.shape, (out) => {
        runLncc(native, images, attrs, native.floats(dy as tf.Tensor), out);
      });
    return {
      fixed: gradientByMoved({fixed: moved, moved: fixed}),
      moved: gradientByMoved({fixed, moved}),
    };
  },
};
