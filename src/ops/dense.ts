import * as tf from '@tensorflow/tfjs-core';
import {runTensors, type TensorOperation} from '../kernels/tensor-operation.js';
import {activate, type Activation, type FusedActivation} from './activation.js';
import {requireShape} from './shapes.js';

/** See `dense`. */
export const DENSE: TensorOperation<
  {readonly x: tf.Tensor2D; readonly kernel: tf.Tensor2D; readonly bias?: tf.Tensor1D},
  {readonly activation: FusedActivation},
  tf.Tensor2D,
  'x' | 'kernel' | 'result'
> = {
  name: 'dense',
  saves: ['x', 'kernel', 'result'],
  portable: ({x, kernel, bias}, {activation}) => {
    const product: tf.Tensor2D = tf.matMul(x, kernel);
    return activate(bias ? tf.add<tf.Tensor2D>(product, bias) : product, activation);
  },
};

/**
 * A dense layer: `activation(x · kernel + bias)`.
 *
 * @param x - [N, P].
 * @param kernel - [P, U].
 * @param bias - [U], or null for none.
 * @returns [N, U]. The caller disposes it.
 * @throws {HypermorphError} E_SHAPE if the shapes do not fit.
 */
export function dense(
  x: tf.Tensor2D,
  kernel: tf.Tensor2D,
  bias: tf.Tensor1D | null,
  activation: Activation = 'linear',
): tf.Tensor2D {
  requireShape(x, 'N P', 'dense', 'x');
  requireShape(kernel, `${x.shape[1]} U`, 'dense', 'kernel');
  if (bias) requireShape(bias, `${kernel.shape[1]}`, 'dense', 'bias');
  // Only relu and linear have a kernel of their own; tanh runs on the hypernetwork's small outputs.
  const fused = activation === 'tanh' ? 'linear' : activation;
  return tf.tidy(() => {
    const y = runTensors(DENSE, {x, kernel, ...(bias && {bias})}, {activation: fused});
    return activation === 'tanh' ? tf.tanh(y) : y;
  });
}
