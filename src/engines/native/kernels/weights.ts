import type * as tf from '@tensorflow/tfjs-core';
import {implement} from '../../../kernels/tensor-operation.js';
import {ACTIVATION_SLOPE} from '../../../ops/activation.js';
import {DENSE} from '../../../ops/dense.js';
import {ADAM} from '../../../optimisers/adam.js';
import type {NativeBackend} from '../backend.js';
import {filled, floatsOrNull, gradientLike} from './results.js';

declare module '../addon.js' {
  /** What this file calls: sizes come first; the last array is filled, inputs are not kept. */
  interface NativeAddon {
    /** `sizes`: n, inputs, outputs. */
    dense(
      sizes: Int32Array,
      slope: number,
      x: Float32Array,
      kernel: Float32Array,
      bias: Float32Array | null,
      y: Float32Array,
    ): void;
    denseGradient(
      sizes: Int32Array,
      slope: number,
      x: Float32Array,
      kernel: Float32Array,
      y: Float32Array,
      dy: Float32Array,
      dx: Float32Array | null,
      dkernel: Float32Array | null,
      dbias: Float32Array | null,
    ): void;
    /** `constants`: rate, beta1, 1 - beta1, beta2, 1 - beta2, epsilon. An output may be its input. */
    adam(
      constants: Float32Array,
      weight: Float32Array,
      first: Float32Array,
      second: Float32Array,
      gradient: Float32Array,
      newWeight: Float32Array,
      newFirst: Float32Array,
      newSecond: Float32Array,
    ): void;
  }
}

function denseSizes(x: tf.TensorInfo, kernel: tf.TensorInfo): Int32Array {
  return Int32Array.of(x.shape[0], x.shape[1], kernel.shape[1]);
}

const dense = implement(DENSE, {
  run: (native: NativeBackend, {x, kernel, bias}, {activation}) =>
    filled(native, [x.shape[0], kernel.shape[1]], (y) => {
      native.addon.dense(
        denseSizes(x, kernel),
        ACTIVATION_SLOPE[activation],
        native.floats(x),
        native.floats(kernel),
        floatsOrNull(native, bias),
        y,
      );
    }),
  gradient(native, dy, {x, kernel, result}, {activation}) {
    const compute = (part: 'x' | 'kernel' | 'bias', out: Float32Array) => {
      native.addon.denseGradient(
        denseSizes(x, kernel),
        ACTIVATION_SLOPE[activation],
        native.floats(x),
        native.floats(kernel),
        native.floats(result),
        native.floats(dy),
        part === 'x' ? out : null,
        part === 'kernel' ? out : null,
        part === 'bias' ? out : null,
      );
    };
    return {
      x: gradientLike(native, x.shape, (out) => compute('x', out)),
      kernel: gradientLike(native, kernel.shape, (out) => compute('kernel', out)),
      bias: gradientLike(native, kernel.shape.slice(1), (out) => compute('bias', out)),
    };
  },
});

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

const adam = implement(ADAM, {
  run(native: NativeBackend, {weight, first, second, gradient}, attributes) {
    const {rate, beta1, beta2, epsilon} = attributes;
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
});

/** Dense layers, and the update of weights. */
export const WEIGHT_KERNELS = [dense, adam];
