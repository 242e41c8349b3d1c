import * as tf from '@tensorflow/tfjs-core';

/** What a convolution or a dense layer can do with its result in the same pass. */
export type FusedActivation = 'linear' | 'relu' | 'leakyRelu';

/** What follows a convolution or a dense layer, fused with it where the engine can. */
export type Activation = FusedActivation | 'tanh';

/** Factor of negative values in each fused activation; that of LeakyReLU in the U-Net as in the original. */
export const ACTIVATION_SLOPE: Readonly<Record<FusedActivation, number>> = {
  linear: 1,
  relu: 0,
  leakyRelu: 0.2,
};

/** Apply an activation elementwise. `linear` returns `x` itself. */
export function activate<T extends tf.Tensor>(x: T, activation: Activation): T {
  switch (activation) {
    case 'linear':
      return x;
    case 'relu':
      return tf.relu(x);
    case 'leakyRelu':
      return tf.leakyRelu(x, ACTIVATION_SLOPE.leakyRelu);
    case 'tanh':
      return tf.tanh(x);
  }
}
