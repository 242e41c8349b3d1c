import * as tf from '@tensorflow/tfjs-core';
import type {NativeBackend} from '../backend.js';
import {asNative} from './as-native.js';

/** A gradient that is computed when TensorFlow.js asks for it. */
export type Gradient = () => tf.Tensor;

/** The native backend during a backward pass. */
export function currentNative(): NativeBackend {
  return asNative(tf.backend());
}

/**
 * A gradient of the given shape, filled by a kernel when it is asked for.
 *
 * @param fill - Gets pooled memory with undefined contents.
 */
export function gradientLike(
  native: NativeBackend,
  shape: readonly number[],
  fill: (values: Float32Array) => void,
): Gradient {
  return () => {
    const values = native.pool.allocate(tf.util.sizeFromShape([...shape]));
    fill(values);
    return tf.tensor(values, [...shape]);
  };
}
