import type * as tf from '@tensorflow/tfjs-core';
import {implement} from '../../../kernels/tensor-operation.js';
import {LNCC} from '../../../ops/lncc.js';
import {MAX_POOL} from '../../../ops/max-pool.js';
import {SQUARED_ERROR} from '../../../ops/squared-error.js';
import {UPSAMPLE} from '../../../ops/upsample.js';
import type {NativeBackend} from '../backend.js';
import {filled, gradientLike} from './results.js';

declare module '../addon.js' {
  /** What this file calls: sizes come first; the last array is filled, inputs are not kept. */
  interface NativeAddon {
    /** `sizes`: n, I, J, K, C of the fine image, three window lengths. */
    maxPool(sizes: Int32Array, x: Float32Array, y: Float32Array): void;
    maxPoolGradient(
      sizes: Int32Array,
      x: Float32Array,
      y: Float32Array,
      dy: Float32Array,
      dx: Float32Array,
    ): void;
    upsample(sizes: Int32Array, x: Float32Array, y: Float32Array): void;
    upsampleGradient(sizes: Int32Array, dy: Float32Array, dx: Float32Array): void;
    squaredError(items: number, fixed: Float32Array, moved: Float32Array, out: Float32Array): void;
    /** to = scale[item] (a - b). */
    scaledDifference(scale: Float32Array, a: Float32Array, b: Float32Array, to: Float32Array): void;
    /** `sizes`: n, I, J, K, three window lengths. */
    lncc(
      sizes: Int32Array,
      epsilon: number,
      isSigned: number,
      fixed: Float32Array,
      moved: Float32Array,
      out: Float32Array,
    ): void;
    /** By `moved`. */
    lnccGradient(
      sizes: Int32Array,
      epsilon: number,
      isSigned: number,
      fixed: Float32Array,
      moved: Float32Array,
      dy: Float32Array,
      dmoved: Float32Array,
    ): void;
  }
}

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

const maxPool = implement(MAX_POOL, {
  run(native: NativeBackend, {x}, {window}) {
    const shape = scaledShape(x.shape, (length, axis) => Math.floor(length / window[axis]));
    return filled(native, shape, (y) => {
      if (y.length > 0) native.addon.maxPool(poolSizes(x.shape, window), native.floats(x), y);
    });
  },
  gradient: (native, dy, {x, result}, {window}) => ({
    x: gradientLike(native, x.shape, (dx) => {
      const sizes = poolSizes(x.shape, window);
      const [y, g] = [native.floats(result), native.floats(dy)];
      native.addon.maxPoolGradient(sizes, native.floats(x), y, g, dx);
    }),
  }),
});

const upsample = implement(UPSAMPLE, {
  run(native: NativeBackend, {x}, {factors}) {
    const shape = scaledShape(x.shape, (length, axis) => length * factors[axis]);
    return filled(native, shape, (y) => {
      native.addon.upsample(poolSizes(shape, factors), native.floats(x), y);
    });
  },
  gradient(native, dy, _saved, {factors}) {
    const shape = scaledShape(dy.shape, (length, axis) => length / factors[axis]);
    return {
      x: gradientLike(native, shape, (dx) => {
        native.addon.upsampleGradient(poolSizes(dy.shape, factors), native.floats(dy), dx);
      }),
    };
  },
});

const squaredError = implement(SQUARED_ERROR, {
  run: (native: NativeBackend, {fixed, moved}) =>
    filled(native, [fixed.shape[0]], (out) => {
      const [a, b] = [native.floats(fixed), native.floats(moved)];
      native.addon.squaredError(fixed.shape[0], a, b, out);
    }),
  gradient(native, dy, {fixed, moved}) {
    const perItem = fixed.size / fixed.shape[0];
    const scale = () => native.floats(dy).map((value) => (2 * value) / perItem);
    const difference = (a: tf.Tensor, b: tf.Tensor) =>
      gradientLike(native, a.shape, (out) => {
        native.addon.scaledDifference(scale(), native.floats(a), native.floats(b), out);
      });
    return {fixed: difference(fixed, moved), moved: difference(moved, fixed)};
  },
});

/** The first arguments of both lncc functions of the addon. */
function lnccArguments(
  [n, i, j, k]: readonly number[],
  attributes: {
    readonly window: readonly number[];
    readonly epsilon: number;
    readonly signed: boolean;
  },
): [sizes: Int32Array, epsilon: number, isSigned: number] {
  const {window, epsilon, signed} = attributes;
  // A plane is handed over as [1, I, J]: rows along the last axis are long.
  const isPlane = k === 1 && window[2] === 1;
  const size = isPlane ? [1, i, j] : [i, j, k];
  const lengths = isPlane ? [1, window[0], window[1]] : window;
  return [Int32Array.of(n, ...size, ...lengths), epsilon, signed ? 1 : 0];
}

const lncc = implement(LNCC, {
  run: (native: NativeBackend, {fixed, moved}, attributes) =>
    filled(native, [fixed.shape[0]], (out) => {
      const first = lnccArguments(fixed.shape, attributes);
      native.addon.lncc(...first, native.floats(fixed), native.floats(moved), out);
    }),
  gradient(native, dy, {fixed, moved}, attributes) {
    const first = lnccArguments(fixed.shape, attributes);
    // The correlation is symmetric, so the gradient by one image is that by the other with both exchanged.
    const byMoved = (a: tf.Tensor, b: tf.Tensor) =>
      gradientLike(native, b.shape, (out) => {
        const [x, y, g] = [native.floats(a), native.floats(b), native.floats(dy)];
        native.addon.lnccGradient(...first, x, y, g, out);
      });
    return {fixed: byMoved(moved, fixed), moved: byMoved(fixed, moved)};
  },
});

/** Operations on images. */
export const IMAGE_KERNELS = [maxPool, upsample, squaredError, lncc];
