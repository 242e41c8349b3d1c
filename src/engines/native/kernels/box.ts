import * as tf from '@tensorflow/tfjs-core';
import type {NativeBackend} from '../backend.js';
import {inheritedKernel} from './arithmetic.js';
import {asNative} from './as-native.js';
import type {NativeKernel} from './native-kernel.js';

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

export const sliceKernel: NativeKernel = {
  kernelName: 'Slice',
  kernelFunc: (call) => {
    const native = asNative(call.backend);
    const x = call.inputs['x'] as tf.TensorInfo;
    const {begin, size} = call.attrs as unknown as {
      begin: number | number[];
      size: number | number[];
    };
    const [fromBegin, lengths] = tf.slice_util.parseSliceParams(x, begin, size);
    // What lies in one piece is not copied at all.
    const isView = tf.slice_util.isSliceContinous(x.shape, fromBegin, lengths);
    if (isView || !isCovered(x, lengths)) return inheritedKernel('Slice')(call);
    tf.slice_util.assertParamsValid(x, fromBegin, lengths);
    const {info, values} = native.allocateOutput(lengths);
    const toBegin = lengths.map(() => 0);
    copyBox(native, x, {shape: lengths, values}, {size: lengths, fromBegin, toBegin});
    return info;
  },
};

export const padKernel: NativeKernel = {
  kernelName: 'PadV2',
  kernelFunc: (call) => {
    const native = asNative(call.backend);
    const x = call.inputs['x'] as tf.TensorInfo;
    const {paddings, constantValue} = call.attrs as unknown as {
      paddings: [number, number][];
      constantValue: number;
    };
    const shape = x.shape.map((length, axis) => paddings[axis][0] + length + paddings[axis][1]);
    if (!isCovered(x, shape)) return inheritedKernel('PadV2')(call);
    const {info, values} = native.allocateOutput(shape);
    values.fill(constantValue);
    copyBox(
      native,
      x,
      {shape, values},
      {
        size: x.shape,
        fromBegin: x.shape.map(() => 0),
        toBegin: paddings.map(([before]) => before),
      },
    );
    return info;
  },
};
