import * as tf from '@tensorflow/tfjs-core';
import {runTensors, type TensorOperation} from '../kernels/tensor-operation.js';
import {requireField, spatialRank} from './shapes.js';
import {toVolumetric} from './planar.js';

export type Penalty = 'l1' | 'l2';

/** See `smoothness`, without weight, for [N, I, J, K, C]; `axes` is 3, or 2 for a plane (K = 1). */
export const SMOOTHNESS: TensorOperation<
  {readonly field: tf.Tensor5D},
  {readonly penalty: Penalty; readonly axes: 2 | 3},
  tf.Tensor1D,
  'field'
> = {
  name: 'smoothness',
  saves: ['field'],
  portable: ({field}, {penalty, axes}) => smoothnessPortably(field, axes, penalty, undefined),
};

/**
 * How much a field changes from voxel to voxel, per item: for each axis the mean over all forward differences d of |d|
 * (l1) or d^2 (l2), then the mean over axes.
 *
 * @param field - [N, I, J, K, 3] or [N, I, J, 2], at least two voxels along every axis.
 * @param weight - Optional [N, I, J, K, 1] or [N, I, J, 1]: multiplies each difference, taken at its upper voxel (before squaring, as VoxelMorph).
 * @returns [N]. The caller disposes it.
 */
export function smoothness(field: tf.Tensor, penalty: Penalty, weight?: tf.Tensor): tf.Tensor1D {
  requireField(field, 'smoothness', 'field');
  const axes = spatialRank(field);
  return tf.tidy(() => {
    const field5 = toVolumetric(field);
    // The weighted form is rare; it has no kernel of its own.
    if (weight) return smoothnessPortably(field5, axes, penalty, toVolumetric(weight));
    return runTensors(SMOOTHNESS, {field: field5}, {penalty, axes});
  });
}

function smoothnessPortably(
  field: tf.Tensor5D,
  axes: number,
  penalty: Penalty,
  weight: tf.Tensor5D | undefined,
): tf.Tensor1D {
  const terms = Array.from({length: axes}, (_, axis) => {
    const difference = tf.sub(dropEnd(field, axis + 1, 1), dropEnd(field, axis + 1, -1));
    const weighted = weight ? tf.mul(difference, dropEnd(weight, axis + 1, 1)) : difference;
    // Not tf.abs, whose gradient at 0 is not 0 (TensorFlow.js 4.22): a field that does not change has nothing to lose.
    const size = penalty === 'l1' ? tf.mul(weighted, tf.sign(weighted)) : tf.square(weighted);
    return tf.mean(size, [1, 2, 3, 4]);
  });
  return tf.div(tf.addN(terms), axes);
}

/** Leave out the first voxel along an axis (`end` 1) or the last (`end` -1). */
function dropEnd(field: tf.Tensor5D, axis: number, end: 1 | -1): tf.Tensor5D {
  const begin = [0, 0, 0, 0, 0];
  const size = [...field.shape];
  size[axis] -= 1;
  if (end === 1) begin[axis] = 1;
  return tf.slice(field, begin, size);
}
