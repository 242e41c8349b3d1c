import * as tf from '@tensorflow/tfjs-core';
import {Affine} from '../../../src/geometry/affine.js';
import {affineToDisplacement, isAffineTensor} from '../../../src/ops/affine-field.js';
import {requireField} from '../../../src/ops/shapes.js';
import {warpTensor} from '../../../src/ops/warp.js';

/** A matrix of the original, 3x4, or 2x3 in a plane, as a map of points; a plane lies across the third axis. */
export function affineOfTensor(matrix: tf.Tensor): Affine {
  const [rows] = (matrix as tf.Tensor3D).arraySync();
  if (rows.length === 3) return Affine.fromMatrix(rows.flat());
  const [[a, b, x], [c, d, y]] = rows;
  return Affine.fromLinear([a, b, 0, c, d, 0, 0, 0, 1], [x, y, 0]);
}

/** The way back. The caller disposes it. */
export function tensorOfAffine({rows}: Affine, axes: number): tf.Tensor3D {
  const own = axes === 3 ? rows : [0, 1, 3, 4, 5, 7].map((n) => rows[n]);
  return tf.tensor3d([...own], [1, axes, axes + 1]);
}

/** The original's parameters: translation, rotation in degrees, scale, shear; 12 numbers, or 6 in a plane. */
export function affineOfParameters(parameters: readonly number[]): Affine {
  if (parameters.length === 6) {
    const [x, y, angle, scaleX, scaleY, shear] = parameters;
    return Affine.fromParameters({
      translation: [x, y, 0],
      rotationDegrees: [0, 0, angle],
      scale: [scaleX, scaleY, 1],
      shear: [shear, 0, 0],
    });
  }
  const three = (n: number) => [parameters[n], parameters[n + 1], parameters[n + 2]] as const;
  return Affine.fromParameters({
    translation: three(0),
    rotationDegrees: three(3),
    scale: three(6),
    shear: three(9),
  });
}

/**
 * Join transforms, given in the order in which they act on an image: (A then B)(x) = B(x) + A(x + B(x)).
 *
 * @param transforms - Displacements [1, I, J, K, 3] or [1, I, J, 2] and matrices [1, 3, 4] or [1, 2, 3].
 * @returns A displacement, or a matrix if all are matrices. The caller disposes it.
 */
export function composeAsOriginal(transforms: readonly tf.Tensor[]): tf.Tensor {
  return tf.tidy(() =>
    tf.clone(transforms.reduceRight((second, first) => composePair(first, second))),
  );
}

function composePair(first: tf.Tensor, second: tf.Tensor): tf.Tensor {
  if (isAffineTensor(first) && isAffineTensor(second)) {
    const both = Affine.compose(affineOfTensor(first), affineOfTensor(second));
    return tensorOfAffine(both, first.shape[1]);
  }
  const shape = (isAffineTensor(second) ? first : second).shape.slice(1, -1);
  const [firstField, secondField] = [first, second].map((transform) =>
    isAffineTensor(transform) ? affineToDisplacement(transform, shape) : transform,
  );
  requireField(firstField, 'composeAsOriginal', 'displacement');
  return tf.add(secondField, warpTensor(firstField, secondField));
}
