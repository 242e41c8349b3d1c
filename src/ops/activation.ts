import * as tf from '@tensorflow/tfjs-core';

/** What follows a convolution or a dense layer, fused with it where the engine can. */
export type Activation = 'linear' | 'relu' | 'leakyRelu' | 'tanh';

/** Slope of LeakyReLU below zero, in the U-Net as in the original. */
export const LEAKY_SLOPE = 0.2;

/** Apply an activation elementwise. `linear` returns `x` itself. */
export function activate<T extends tf.Tensor>(x: T, activation: Activation): T {
  switch (activation) {
    case 'linear':
      return x;
    case 'relu':
      return tf.relu(x);
    case 'leakyRelu':
      return tf.leakyRelu(x, LEAKY_SLOPE);
    case 'tanh':
      return tf.tanh(x);
  }
}
