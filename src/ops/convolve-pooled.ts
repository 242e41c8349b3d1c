import * as tf from '@tensorflow/tfjs-core';
import type {Activation} from './activation.js';
import {convolve, requireKernel} from './convolve.js';
import {runHotOp} from './hot-op.js';
import {maxPool} from './max-pool.js';
import {likeRank, toVolumetric, toVolumetricKernel} from './planar.js';

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
  activation: Exclude<Activation, 'tanh'> = 'linear',
): tf.Tensor {
  return tf.tidy(() => {
    const inTwoSteps = () => maxPool(convolve(x, kernel, bias, {activation}));
    if (tf.engine().isTapeOn()) return inTwoSteps();
    requireKernel('convolvePooled', x, x.shape[x.rank - 1], kernel, bias);
    const window = [2, 2, x.rank === 5 ? 2 : 1];
    const inputs = {x: toVolumetric(x), kernel: toVolumetricKernel(kernel), ...(bias && {bias})};
    const y = runHotOp<tf.Tensor5D>('HmConvPool', inputs, {activation, window}, () =>
      toVolumetric(inTwoSteps()),
    );
    return likeRank(y, x);
  });
}
