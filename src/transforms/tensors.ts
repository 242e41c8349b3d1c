import * as tf from '@tensorflow/tfjs-core';
import type {VectorField} from './vector-field.js';

/** [1, I, J, K, 3], the field's own memory. The caller disposes it. */
export function tensorOf({grid, values}: VectorField<'voxels', 'tensor'>): tf.Tensor5D {
  return tf.tensor5d(values, [1, ...grid.shape, 3]);
}

/** The numbers of the tensor that a function makes; that tensor and all that it made on the way are disposed. */
export function valuesOf(make: () => tf.Tensor): Float32Array {
  // Read outside of `tidy`, which would look for tensors in every number of what it returns.
  const tensor = tf.tidy(make);
  const values = tensor.dataSync() as Float32Array;
  tensor.dispose();
  return values;
}
