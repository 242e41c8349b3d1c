import '../../../src/ops/gradients.js';
import * as tf from '@tensorflow/tfjs-core';
import type {GoldenTensor} from './golden.js';

/** Arrays of the original as tensors. The caller disposes them. */
export function toTensors(
  arrays: Readonly<Record<string, GoldenTensor>>,
): Record<string, tf.Tensor> {
  return Object.fromEntries(
    Object.entries(arrays).map(([name, {shape, data}]) => [name, tf.tensor(data, [...shape])]),
  );
}

export function toGolden(tensor: tf.Tensor): GoldenTensor {
  return {shape: tensor.shape, data: tensor.dataSync<'float32'>()};
}

/** Gradients of sum(y · r), or of sum(y) without r, by every input. */
export function gradientsOf(
  run: (inputs: Record<string, tf.Tensor>) => tf.Tensor,
  inputs: Record<string, tf.Tensor>,
  r?: tf.Tensor,
): Record<string, tf.Tensor> {
  const names = Object.keys(inputs);
  const gradients = tf.grads((...tensors: tf.Tensor[]) => {
    const y = run(Object.fromEntries(names.map((name, index) => [name, tensors[index]])));
    return tf.sum(r ? tf.mul(y, r) : y);
  })(names.map((name) => inputs[name]));
  return Object.fromEntries(names.map((name, index) => [name, gradients[index]]));
}
