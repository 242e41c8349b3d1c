import * as tf from '@tensorflow/tfjs-core';
import {activate, type Activation} from './activation.js';
import {runHotOp} from './hot-op.js';
import {requireShape} from './shapes.js';

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
    const y = runHotOp<tf.Tensor2D>(
      'HmDense',
      {x, kernel, ...(bias && {bias})},
      {activation: fused},
      () => {
        const product: tf.Tensor2D = tf.matMul(x, kernel);
        return activate(bias ? tf.add<tf.Tensor2D>(product, bias) : product, fused);
      },
    );
    return activation === 'tanh' ? tf.tanh(y) : y;
  });
}
