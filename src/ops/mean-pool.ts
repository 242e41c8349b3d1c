import * as tf from '@tensorflow/tfjs-core';
import {requireSpatial} from './shapes.js';

/**
 * The mean of every box of `size` voxels along each spatial axis, without overlap.
 *
 * @param x - [N, I, J, K, C] or [N, I, J, C], sizes multiples of `size`. Not modified.
 * @returns [N, I / size, J / size, K / size, C], or [N, I / size, J / size, C]. The caller disposes it.
 */
export function meanPool(x: tf.Tensor, size: number): tf.Tensor {
  requireSpatial(x, 'meanPool', 'x');
  if (size === 1) return x.clone();
  return x.rank === 5
    ? tf.avgPool3d(x as tf.Tensor5D, size, size, 'valid')
    : tf.avgPool(x as tf.Tensor4D, size, size, 'valid');
}
