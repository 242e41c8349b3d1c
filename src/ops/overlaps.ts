import * as tf from '@tensorflow/tfjs-core';
import {runTensors, type TensorOperation} from '../kernels/tensor-operation.js';
import {flattenSpace, requireSameShape} from './shapes.js';

/** Below any sum of memberships that is not 0, and its square is no underflow: an empty label gives 0 / this = 0, and no gradient. */
export const SMALLEST_TOTAL = 1e-15;

/** See `overlaps`, for [N, V, L]. */
export const OVERLAPS: TensorOperation<
  {readonly fixed: tf.Tensor3D; readonly moved: tf.Tensor3D},
  object,
  tf.Tensor2D,
  'fixed' | 'moved'
> = {
  name: 'overlaps',
  saves: ['fixed', 'moved'],
  portable: ({fixed, moved}) => {
    const both = tf.mul(tf.sum(tf.mul(fixed, moved), 1), 2);
    const total = tf.sum(tf.add(fixed, moved), 1);
    return tf.div(both, tf.maximum(total, SMALLEST_TOTAL));
  },
};

/**
 * The overlap of every label: 2 sum(fg) / sum(f + g), 0 where it is empty in both (Dice).
 *
 * @param fixed - Memberships, [N, ...space, L].
 * @param moved - Same shape.
 * @returns [N, L], in [0, 1]. The caller disposes it.
 */
export function overlaps(fixed: tf.Tensor, moved: tf.Tensor): tf.Tensor2D {
  requireSameShape(fixed, moved, 'overlaps', 'fixed and moved');
  return tf.tidy(() =>
    runTensors(OVERLAPS, {fixed: flattenSpace(fixed), moved: flattenSpace(moved)}, {}),
  );
}
