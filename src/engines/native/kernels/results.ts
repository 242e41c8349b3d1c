import * as tf from '@tensorflow/tfjs-core';
import type {NativeBackend} from '../backend.js';

/**
 * A tensor of the given shape, filled by a kernel.
 *
 * @param fill - Gets pooled memory with undefined contents.
 */
export function filled(
  native: NativeBackend,
  shape: readonly number[],
  fill: (values: Float32Array) => void,
): tf.TensorInfo {
  const {info, values} = native.allocateOutput(shape);
  fill(values);
  return info;
}

/** A gradient of the given shape, filled when it is asked for. */
export function gradientLike(
  native: NativeBackend,
  shape: readonly number[],
  fill: (values: Float32Array) => void,
): () => tf.Tensor {
  return () => {
    const values = native.pool.allocate(tf.util.sizeFromShape([...shape]));
    fill(values);
    return tf.tensor(values, [...shape]);
  };
}

/** The values of an optional input. */
export function floatsOrNull(
  native: NativeBackend,
  tensor: tf.TensorInfo | undefined,
): Float32Array | null {
  return tensor === undefined ? null : native.floats(tensor);
}
