import * as tf from '@tensorflow/tfjs-core';
import {runTensors, type TensorOperation} from '../kernels/tensor-operation.js';
import {likeRank, toVolumetric} from './planar.js';
import {requireSpatial} from './shapes.js';

/** See `upsample`, for [N, I, J, K, C] and one factor for each of I, J, K. */
export const UPSAMPLE: TensorOperation<
  {readonly x: tf.Tensor5D},
  {readonly factors: readonly number[]},
  tf.Tensor5D
> = {
  name: 'upsample',
  portable: ({x}, {factors}) =>
    factors.reduce((current, factor, axis) => {
      if (factor === 1) return current;
      const shape = [...current.shape];
      shape[axis + 1] *= factor;
      return tf.reshape<tf.Rank.R5>(
        tf.stack(new Array<tf.Tensor5D>(factor).fill(current), axis + 2),
        shape as [number, number, number, number, number],
      );
    }, x),
};

/**
 * Repeat every voxel `factors` times along each axis (nearest-neighbour up-sampling).
 *
 * @param x - [N, I, J, K, C] or [N, I, J, C].
 * @param factors - One positive integer per spatial axis.
 * @returns [N, I·f, J·f, K·f, C]. The caller disposes it.
 */
export function upsample(x: tf.Tensor, factors: readonly number[]): tf.Tensor {
  requireSpatial(x, 'upsample', 'x');
  return tf.tidy(() => {
    const x5 = toVolumetric(x);
    const factors3 = [factors[0], factors[1], factors[2] ?? 1];
    const y = runTensors(UPSAMPLE, {x: x5}, {factors: factors3});
    return likeRank(y === x5 ? tf.clone(y) : y, x);
  });
}
