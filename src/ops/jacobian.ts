import * as tf from '@tensorflow/tfjs-core';
import {runTensors, type TensorOperation} from '../kernels/tensor-operation.js';
import {toVolumetricField} from './planar.js';
import {requireField} from './shapes.js';

/** See `jacobianDeterminant`, for [N, I, J, K, 3]. */
export const JACOBIAN: TensorOperation<
  {readonly displacement: tf.Tensor5D},
  object,
  tf.Tensor4D,
  'displacement'
> = {
  name: 'jacobian',
  saves: ['displacement'],
  portable: ({displacement}) => determinantPortably(displacement),
};

/**
 * Determinant of the Jacobian of x + u(x): the local change of volume; <= 0 where the map folds.
 *
 * Derivatives are central differences inside and one-sided at both ends; along an axis of one voxel the map is the identity.
 *
 * @param displacement - [N, I, J, K, 3] or [N, I, J, 2], voxels.
 * @returns [N, I, J, K] or [N, I, J]. The caller disposes it.
 * @example
 * import * as tf from '@tensorflow/tfjs-core';
 * import {jacobianDeterminant} from 'hypermorph';
 * const still = tf.zeros([1, 2, 2, 2, 3]);
 * jacobianDeterminant(still).dataSync(); // [1, 1, 1, 1, 1, 1, 1, 1]
 */
export function jacobianDeterminant(displacement: tf.Tensor): tf.Tensor {
  requireField(displacement, 'jacobianDeterminant', 'displacement');
  return tf.tidy(() => {
    const determinant = runTensors(JACOBIAN, {displacement: toVolumetricField(displacement)}, {});
    return displacement.rank === 5 ? determinant : tf.squeeze(determinant, [3]);
  });
}

function determinantPortably(field: tf.Tensor5D): tf.Tensor4D {
  // rows[a][c] = d(x + u)_c / dx_a
  const rows = [0, 1, 2].map((axis) =>
    (tf.unstack(differentiate(field, axis + 1), 4) as tf.Tensor4D[]).map((derivative, component) =>
      component === axis ? tf.add<tf.Tensor4D>(derivative, 1) : derivative,
    ),
  );
  const minor = (c1: number, c2: number) =>
    tf.sub(tf.mul(rows[1][c1], rows[2][c2]), tf.mul(rows[1][c2], rows[2][c1]));
  return tf.add(
    tf.sub(tf.mul(rows[0][0], minor(1, 2)), tf.mul(rows[0][1], minor(0, 2))),
    tf.mul(rows[0][2], minor(0, 1)),
  );
}

function differentiate(field: tf.Tensor5D, axis: number): tf.Tensor5D {
  const length = field.shape[axis];
  if (length === 1) return tf.zerosLike(field);
  const slab = (start: number, size: number): tf.Tensor5D => {
    const begin = [0, 0, 0, 0, 0];
    const extent = [...field.shape];
    begin[axis] = start;
    extent[axis] = size;
    return tf.slice(field, begin, extent);
  };
  const parts = [tf.sub<tf.Tensor5D>(slab(1, 1), slab(0, 1))];
  if (length > 2)
    parts.push(tf.mul(tf.sub<tf.Tensor5D>(slab(2, length - 2), slab(0, length - 2)), 0.5));
  parts.push(tf.sub(slab(length - 1, 1), slab(length - 2, 1)));
  return tf.concat(parts, axis);
}
