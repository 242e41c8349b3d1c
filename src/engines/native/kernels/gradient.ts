import * as tf from '@tensorflow/tfjs-core';
import type {NativeAddon} from '../addon.js';
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

/** The gradient of a kernel whose only input is a displacement [N, I, J, K, 3], by the addon's function of that name. */
export function displacementGradient(
  kernelName: string,
  gradientName: keyof Pick<NativeAddon, 'jacobianGradient' | 'selfComposeGradient'>,
): tf.GradConfig {
  return {
    kernelName,
    inputsToSave: ['displacement'],
    gradFunc: (dy, [displacement]) => {
      const native = currentNative();
      const sizes = Int32Array.from(displacement.shape.slice(0, 4));
      return {
        displacement: gradientLike(native, displacement.shape, (out) => {
          const [u, g] = [native.floats(displacement), native.floats(dy as tf.Tensor)];
          native.addon[gradientName](sizes, u, g, out);
        }),
      };
    },
  };
}
