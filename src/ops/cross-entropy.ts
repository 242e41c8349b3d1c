import * as tf from '@tensorflow/tfjs-core';
import {runTensors, type TensorOperation} from '../kernels/tensor-operation.js';
import {flattenSpace, requireSameShape} from './shapes.js';

/** See `crossEntropy`, for [N, V, L]. */
export const CROSS_ENTROPY: TensorOperation<
  {readonly x: tf.Tensor3D; readonly wanted: tf.Tensor3D},
  object,
  tf.Tensor1D,
  'x' | 'wanted'
> = {
  name: 'crossEntropy',
  saves: ['x', 'wanted'],
  portable: ({x, wanted}) => tf.neg(tf.mean(tf.sum(tf.mul(wanted, tf.logSoftmax(x)), 2), 1)),
};

/**
 * How little the memberships of scores are the wanted ones: -mean over voxels of sum over labels of wanted log(memberships(x)), per item.
 *
 * By scores, not by memberships: so it pulls as hard where a label is as good as excluded.
 *
 * @param x - Scores, [N, ...space, L].
 * @param wanted - Same shape; those of a voxel sum to 1. Nothing is differentiated by them.
 * @returns [N], 0 where every voxel is surely what it should be. The caller disposes it.
 */
export function crossEntropy(x: tf.Tensor, wanted: tf.Tensor): tf.Tensor1D {
  requireSameShape(x, wanted, 'crossEntropy', 'x and wanted');
  return tf.tidy(() =>
    runTensors(CROSS_ENTROPY, {x: flattenSpace(x), wanted: flattenSpace(wanted)}, {}),
  );
}
