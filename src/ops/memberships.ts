import * as tf from '@tensorflow/tfjs-core';
import {runTensors, type TensorOperation} from '../kernels/tensor-operation.js';

/** See `memberships`. */
export const MEMBERSHIPS: TensorOperation<{readonly x: tf.Tensor}, object, tf.Tensor, 'result'> = {
  name: 'memberships',
  saves: ['result'],
  portable: ({x}) => tf.softmax(x),
};

/**
 * To what degree every voxel belongs to each label: exp(x_l) / sum over m of exp(x_m), which sum to 1 (softmax).
 *
 * @param x - [..., L]. Not modified.
 * @returns Same shape, in [0, 1]. The caller disposes it.
 */
export function memberships(x: tf.Tensor): tf.Tensor {
  return runTensors(MEMBERSHIPS, {x}, {});
}
