import * as tf from '@tensorflow/tfjs-core';

/**
 * Run a hot operation: the current backend's own kernel where it has one, else a composition of TensorFlow.js operations.
 *
 * @param kernelName - Name under which a backend registers its kernel, e.g. `HmWarp`.
 * @param inputs - Tensors by the names the kernel knows; not modified.
 * @param attributes - Everything else the kernel needs.
 * @param portable - The same operation in TensorFlow.js operations; automatic differentiation gives its gradient.
 * @returns The operation's result. The caller disposes it.
 */
export function runHotOp<T extends tf.Tensor>(
  kernelName: string,
  inputs: tf.NamedTensorMap,
  attributes: object,
  portable: () => T,
): T {
  const hasKernel = tf.getKernel(kernelName, tf.getBackend()) !== undefined;
  if (!hasKernel) return tf.tidy(portable);
  return tf.engine().runKernel(kernelName, inputs, attributes as tf.NamedAttrMap);
}
