import * as tf from '@tensorflow/tfjs-core';
import {runTensors, type TensorOperation} from '../kernels/tensor-operation.js';
import type {FusedActivation} from './activation.js';
import {CONV, convolve, requireKernel} from './convolve.js';
import {MAX_POOL, maxPool} from './max-pool.js';
import {likeRank, toVolumetric, toVolumetricKernel, type Tensor6D} from './planar.js';

/** See `convolvePooled`, for [N, I, J, K, C]; without a gradient of its own. */
export const CONV_POOLED: TensorOperation<
  {readonly x: tf.Tensor5D; readonly kernel: Tensor6D; readonly bias?: tf.Tensor2D},
  {readonly activation: FusedActivation; readonly window: readonly [number, number, number]},
  tf.Tensor5D
> = {
  name: 'convPooled',
  portable: (inputs, {activation, window}) => {
    const one = [1, 1, 1] as const;
    const straight = {strides: one, dilations: one, padding: 'same', activation} as const;
    return runTensors(MAX_POOL, {x: runTensors(CONV, inputs, straight)}, {window});
  },
};

/**
 * `maxPool(convolve(x, kernel, bias, {activation}))`, for a convolution that nothing else reads: an engine may do so without ever
 * holding its result, which is eight times as large as what is left of it.
 *
 * While a gradient is recorded the two are done one after the other: it needs what the pooling read.
 *
 * @param x - [N, I, J, K, C] or [N, I, J, C].
 * @param kernel - As for `convolve`; likewise `bias`.
 * @returns [N, floor(I/2), floor(J/2), floor(K/2), O] or [N, floor(I/2), floor(J/2), O]. The caller disposes it.
 * @throws {HypermorphError} As `convolve`.
 */
export function convolvePooled(
  x: tf.Tensor,
  kernel: tf.Tensor,
  bias: tf.Tensor2D | null,
  activation: FusedActivation = 'linear',
): tf.Tensor {
  return tf.tidy(() => {
    if (tf.engine().isTapeOn()) return maxPool(convolve(x, kernel, bias, {activation}));
    requireKernel('convolvePooled', x, x.shape[x.rank - 1], kernel, bias);
    const window = [2, 2, x.rank === 5 ? 2 : 1] as const;
    const inputs = {x: toVolumetric(x), kernel: toVolumetricKernel(kernel), ...(bias && {bias})};
    const y = runTensors(CONV_POOLED, inputs, {activation, window});
    return likeRank(y, x);
  });
}
