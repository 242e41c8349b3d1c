import * as tf from '@tensorflow/tfjs-core';
import {replace, type Operands} from '../../../kernels/tensor-operation.js';
import type {NativeBackend} from '../backend.js';
import {inheritedKernel} from './arithmetic.js';
import {filled} from './results.js';

declare module '../addon.js' {
  /** What this file calls: sizes come first; the last array is filled, inputs are not kept. */
  interface NativeAddon {
    /** `sizes`: rows, width of a, width of b. */
    join(sizes: Int32Array, a: Float32Array, b: Float32Array, y: Float32Array): void;
    /** `sizes`, `rank` numbers each: shape of `from` and of `to`, of the box, its begin in `from` and in `to`. */
    copyBox(rank: number, sizes: Int32Array, from: Float32Array, to: Float32Array): void;
  }
}

const MOST_AXES = 8;

/** A part of a tensor and where it goes. */
interface Box {
  readonly size: readonly number[];
  readonly fromBegin: readonly number[];
  readonly toBegin: readonly number[];
}

function copyBox(
  native: NativeBackend,
  from: tf.TensorInfo,
  to: {readonly shape: readonly number[]; readonly values: Float32Array},
  {size, fromBegin, toBegin}: Box,
): void {
  // The addon wants a row of rows at least.
  const one = from.shape.length === 1 ? [1] : [];
  const zero = one.map(() => 0);
  native.addon.copyBox(
    one.length + from.shape.length,
    Int32Array.from(
      [
        [...one, ...from.shape],
        [...one, ...to.shape],
        [...one, ...size],
        [...zero, ...fromBegin],
        [...zero, ...toBegin],
      ].flat(),
    ),
    native.floats(from),
    to.values,
  );
}

function isCovered({dtype, shape}: tf.TensorInfo, result: readonly number[]): boolean {
  const rank = shape.length;
  return (
    dtype === 'float32' && rank >= 1 && rank <= MOST_AXES && [...shape, ...result].every(Boolean)
  );
}

const slice = replace(
  'Slice',
  (native: NativeBackend, {x}: Operands<'x'>, {begin, size}: tf.SliceAttrs, call) => {
    const [fromBegin, lengths] = tf.slice_util.parseSliceParams(x, begin, size);
    // What lies in one piece is not copied at all.
    const isView = tf.slice_util.isSliceContinous(x.shape, fromBegin, lengths);
    if (isView || !isCovered(x, lengths)) return inheritedKernel('Slice')(call);
    tf.slice_util.assertParamsValid(x, fromBegin, lengths);
    const toBegin = lengths.map(() => 0);
    return filled(native, lengths, (values) => {
      copyBox(native, x, {shape: lengths, values}, {size: lengths, fromBegin, toBegin});
    });
  },
);

const pad = replace(
  'PadV2',
  (native: NativeBackend, {x}: Operands<'x'>, {paddings, constantValue}: tf.PadV2Attrs, call) => {
    const shape = x.shape.map((length, axis) => paddings[axis][0] + length + paddings[axis][1]);
    if (!isCovered(x, shape)) return inheritedKernel('PadV2')(call);
    const fromBegin = x.shape.map(() => 0);
    const toBegin = paddings.map(([before]) => before);
    return filled(native, shape, (values) => {
      values.fill(constantValue);
      copyBox(native, x, {shape, values}, {size: x.shape, fromBegin, toBegin});
    });
  },
);

/** Two float tensors along any axis, such as the channels of two images; anything else is the inherited kernel's. */
const concat = replace(
  'Concat',
  (native: NativeBackend, tensors: tf.TensorInfo[], {axis: given}: tf.ConcatAttrs, call) => {
    const [a, b] = tensors;
    const axis = given < 0 ? given + a.shape.length : given;
    const isOurs =
      tensors.length === 2 &&
      tensors.every(({dtype, shape}) => dtype === 'float32' && tf.util.sizeFromShape(shape) > 0) &&
      a.shape.length === b.shape.length &&
      a.shape.every((length, n) => n === axis || length === b.shape[n]);
    if (!isOurs) return inheritedKernel('Concat')(call);
    const sizes = [
      tf.util.sizeFromShape(a.shape.slice(0, axis)),
      tf.util.sizeFromShape(a.shape.slice(axis)),
      tf.util.sizeFromShape(b.shape.slice(axis)),
    ];
    const shape = a.shape.map((length, n) => (n === axis ? length + b.shape[n] : length));
    return filled(native, shape, (y) => {
      native.addon.join(Int32Array.from(sizes), native.floats(a), native.floats(b), y);
    });
  },
);

/** TensorFlow.js' own operations that move numbers. */
export const ARRAY_KERNELS = [slice, pad, concat];
