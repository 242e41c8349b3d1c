import * as tf from '@tensorflow/tfjs-core';

/**
 * A 2-D problem is a 3-D problem with one voxel along k: every operation has one implementation, for [N, I, J, K, C].
 */
export function toVolumetric(tensor: tf.Tensor): tf.Tensor5D {
  return tensor.rank === 5 ? (tensor as tf.Tensor5D) : tf.expandDims(tensor, 3);
}

/** TensorFlow.js names ranks up to 5; kernels with the item in front have 6. */
export type Tensor6D = tf.Tensor<tf.Rank.R6>;

/** The same for kernels, [B, FI, FJ, FK, C, O]. */
export function toVolumetricKernel(kernel: tf.Tensor): Tensor6D {
  return kernel.rank === 6 ? (kernel as Tensor6D) : tf.expandDims(kernel, 3);
}

/** A field with two channels gets a third of zeros, so that nothing moves along k. */
export function toVolumetricField(field: tf.Tensor): tf.Tensor5D {
  if (field.rank === 5) return field as tf.Tensor5D;
  const widened = tf.pad(field, [
    [0, 0],
    [0, 0],
    [0, 0],
    [0, 1],
  ]);
  return tf.expandDims(widened, 3);
}

/** Back to the rank of `like`: drop the axis that `toVolumetric` added. */
export function likeRank(tensor: tf.Tensor5D, like: tf.Tensor): tf.Tensor {
  return like.rank === 5 ? tensor : tf.squeeze(tensor, [3]);
}

/** Back to the rank and channels of the field `like`. */
export function likeField(field: tf.Tensor5D, like: tf.Tensor): tf.Tensor {
  if (like.rank === 5) return field;
  const [n, i, j] = field.shape;
  return tf.reshape(tf.slice(field, [0, 0, 0, 0, 0], [n, i, j, 1, 2]), [n, i, j, 2]);
}
