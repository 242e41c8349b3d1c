import * as tf from '@tensorflow/tfjs-core';
import {implement} from '../../../kernels/tensor-operation.js';
import {CROSS_ENTROPY} from '../../../ops/cross-entropy.js';
import {MEMBERSHIPS} from '../../../ops/memberships.js';
import {OVERLAPS, SMALLEST_TOTAL} from '../../../ops/overlaps.js';
import type {NativeBackend} from '../backend.js';
import {filled, gradientLike} from './results.js';

declare module '../addon.js' {
  /** What this file calls: sizes come first; the last array is filled, inputs are not kept. */
  interface NativeAddon {
    memberships(labels: number, x: Float32Array, y: Float32Array): void;
    membershipsGradient(labels: number, y: Float32Array, dy: Float32Array, dx: Float32Array): void;
    /** `sizes`: n, voxels, labels; `totals`: sums of products by item and label, then sums of both. */
    overlaps(
      sizes: Int32Array,
      fixed: Float32Array,
      moved: Float32Array,
      totals: Float64Array,
    ): void;
    /** to = scale[item, label] other + offset[item, label]. */
    overlapsGradient(
      sizes: Int32Array,
      other: Float32Array,
      scale: Float32Array,
      offset: Float32Array,
      to: Float32Array,
    ): void;
    /** `sizes`: n, voxels, labels. */
    crossEntropy(sizes: Int32Array, x: Float32Array, wanted: Float32Array, out: Float32Array): void;
    crossEntropyGradient(
      sizes: Int32Array,
      x: Float32Array,
      wanted: Float32Array,
      dy: Float32Array,
      dx: Float32Array,
    ): void;
  }
}

const memberships = implement(MEMBERSHIPS, {
  run: (native: NativeBackend, {x}) =>
    filled(native, x.shape, (y) => {
      native.addon.memberships(lastOf(x.shape), native.floats(x), y);
    }),
  gradient: (native, dy, {result}) => ({
    x: gradientLike(native, result.shape, (dx) => {
      const [y, g] = [native.floats(result), native.floats(dy)];
      native.addon.membershipsGradient(lastOf(result.shape), y, g, dx);
    }),
  }),
});

const overlaps = implement(OVERLAPS, {
  run: (native: NativeBackend, {fixed, moved}) =>
    filled(native, [fixed.shape[0], fixed.shape[2]], (out) => {
      const {both, total} = totalsOf(native, fixed, moved);
      out.set(both.map((value, n) => (2 * value) / total[n]));
    }),
  gradient(native, dy, {fixed, moved}) {
    // By one map it is dy (2 other - overlap) / total; nothing where there is none of either.
    const by = (other: tf.Tensor) =>
      gradientLike(native, other.shape, (out) => {
        const {both, total} = totalsOf(native, fixed, moved);
        const slope = Float32Array.from(native.floats(dy), (value, n) =>
          total[n] > SMALLEST_TOTAL ? value / total[n] : 0,
        );
        const scale = slope.map((value) => 2 * value);
        const offset = slope.map((value, n) => (-2 * both[n] * value) / total[n]);
        const sizes = Int32Array.from(other.shape);
        native.addon.overlapsGradient(sizes, native.floats(other), scale, offset, out);
      });
    return {fixed: by(moved), moved: by(fixed)};
  },
});

const crossEntropy = implement(CROSS_ENTROPY, {
  run: (native: NativeBackend, {x, wanted}) =>
    filled(native, [x.shape[0]], (out) => {
      const sizes = Int32Array.from(x.shape);
      native.addon.crossEntropy(sizes, native.floats(x), native.floats(wanted), out);
    }),
  gradient: (native, dy, {x, wanted}) => ({
    x: gradientLike(native, x.shape, (out) => {
      const maps = [native.floats(x), native.floats(wanted)] as const;
      const sizes = Int32Array.from(x.shape);
      native.addon.crossEntropyGradient(sizes, ...maps, native.floats(dy), out);
    }),
    wanted: () => tf.zerosLike(wanted),
  }),
});

/** By item and label: the sum of the products, and of both maps, which is never 0. */
function totalsOf(native: NativeBackend, fixed: tf.TensorInfo, moved: tf.TensorInfo) {
  const entries = fixed.shape[0] * fixed.shape[2];
  const totals = new Float64Array(2 * entries);
  const sizes = Int32Array.from(fixed.shape);
  native.addon.overlaps(sizes, native.floats(fixed), native.floats(moved), totals);
  return {
    both: totals.slice(0, entries),
    total: totals.slice(entries).map((value) => Math.max(value, SMALLEST_TOTAL)),
  };
}

function lastOf(shape: readonly number[]): number {
  return shape[shape.length - 1];
}

/** Operations on the memberships of labels. */
export const LABEL_KERNELS = [memberships, overlaps, crossEntropy];
