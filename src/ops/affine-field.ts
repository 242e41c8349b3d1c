import * as tf from '@tensorflow/tfjs-core';
import {requireShape} from './shapes.js';

/** [N, 2, 3] or [N, 3, 4]: a matrix per item that maps output voxels to input voxels, without its last row. */
export type AffineTensor = tf.Tensor3D;

export function isAffineTensor(transform: tf.Tensor): transform is AffineTensor {
  return transform.rank === 3;
}

/**
 * The displacement of an affine map: u(x) = M (x - c) + t - (x - c).
 *
 * @param affine - [N, 2, 3] or [N, 3, 4], voxels.
 * @param shape - Spatial shape of the field.
 * @param options.shiftCentre - c is the centre (n - 1) / 2 of the grid (default), else voxel 0.
 * @returns [N, ...shape, axes], voxels. The caller disposes it.
 */
export function affineToDisplacement(
  affine: AffineTensor,
  shape: readonly number[],
  {shiftCentre = true}: {readonly shiftCentre?: boolean} = {},
): tf.Tensor {
  const axes = shape.length;
  requireShape(affine, `N ${axes} ${axes + 1}`, 'affineToDisplacement', 'affine');
  return tf.tidy(() => {
    const voxels = shape.reduce((product, length) => product * length, 1);
    const coordinates = shape.map((length, axis) => {
      const centre = shiftCentre ? (length - 1) / 2 : 0;
      const line = new Array<number>(axes).fill(1);
      line[axis] = length;
      const values = Float32Array.from({length}, (_, x) => x - centre);
      return tf.reshape(tf.broadcastTo(tf.tensor(values, line), [...shape]), [voxels, 1]);
    });
    const x = tf.concat([...coordinates, tf.ones([voxels, 1])], 1); // [voxels, axes + 1]
    const fields = tf.unstack(affine).map((matrix) => {
      const moved = tf.matMul(x, matrix, false, true);
      const displacement = tf.sub(moved, tf.slice(x, [0, 0], [voxels, axes]));
      return tf.reshape(displacement, [1, ...shape, axes]);
    });
    return tf.concat(fields);
  });
}
