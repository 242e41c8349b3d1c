import * as tf from '@tensorflow/tfjs-core';
import {HypermorphError} from '../errors.js';
import {formatShape, requireField, requireShape} from './shapes.js';
import {warpTensor} from './warp.js';

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

/**
 * Join transforms, given in the order in which they act on an image: (A then B)(x) = B(x) + A(x + B(x)).
 *
 * Affine matrices next to each other are multiplied; next to a field, a matrix becomes a field first.
 *
 * @param transforms - Displacements [N, I, J, K, 3] or [N, I, J, 2] and matrices [N, 3, 4] or [N, 2, 3]; at least one.
 * @returns A displacement, or a matrix if all are matrices. The caller disposes it.
 */
export function composeTransforms(transforms: readonly tf.Tensor[]): tf.Tensor {
  if (transforms.length === 0) {
    throw new HypermorphError('E_RANGE', 'composeTransforms: transforms must not be empty, got 0.');
  }
  return tf.tidy(() =>
    tf.clone(transforms.reduceRight((second, first) => composePair(first, second))),
  );
}

function composePair(first: tf.Tensor, second: tf.Tensor): tf.Tensor {
  if (isAffineTensor(first) && isAffineTensor(second)) return multiplyAffine(first, second);
  const shape = (isAffineTensor(second) ? first : second).shape.slice(1, -1);
  const [firstField, secondField] = [first, second].map((transform) =>
    isAffineTensor(transform) ? affineToDisplacement(transform, shape) : transform,
  );
  requireField(firstField, 'composeTransforms', 'displacement');
  return tf.add(secondField, warpTensor(firstField, secondField));
}

function multiplyAffine(a: AffineTensor, b: AffineTensor): tf.Tensor {
  return tf.matMul(a, withLastRow(b));
}

/**
 * Invert affine maps.
 *
 * @param affine - [N, 3, 4] or [N, 2, 3]. Read back to the processor: this is no part of a network.
 * @returns Same shape. The caller disposes it.
 * @throws {HypermorphError} E_RANGE if a map flattens space.
 */
export function invertAffine(affine: AffineTensor): AffineTensor {
  const inverses = affine.arraySync().map((matrix) => {
    const axes = matrix.length;
    const linear = invertLinear(matrix.map((row) => row.slice(0, axes)));
    const shift = linear.map(
      (row) => -row.reduce((sum, value, k) => sum + value * matrix[k][axes], 0),
    );
    return appendColumn(linear, shift);
  });
  return tf.tensor3d(inverses);
}

/** An affine map in voxels of a grid `factor` times as fine: only its translation is multiplied. The caller disposes it. */
export function rescaleAffine(affine: AffineTensor, factor: number): AffineTensor {
  return tf.tidy(() => {
    const columns = affine.shape[2];
    const scale = Float32Array.from({length: columns}, (_, c) => (c === columns - 1 ? factor : 1));
    return tf.mul(affine, scale);
  });
}

/** Gauss-Jordan elimination with row pivoting. */
function invertLinear(matrix: number[][]): number[][] {
  const size = matrix.length;
  const rows = matrix.map((row, r) => [...row, ...diagonal(new Array<number>(size).fill(1))[r]]);
  for (let column = 0; column < size; column++) {
    const pivot = rows
      .slice(column)
      .reduce(
        (best, row, r) =>
          Math.abs(row[column]) > Math.abs(rows[best][column]) ? r + column : best,
        column,
      );
    if (rows[pivot][column] === 0) {
      throw new HypermorphError(
        'E_RANGE',
        'invertAffine: the matrix must be invertible, got determinant 0.',
      );
    }
    [rows[column], rows[pivot]] = [rows[pivot], rows[column]];
    rows[column] = rows[column].map((value) => value / rows[column][column]);
    for (let r = 0; r < size; r++) {
      if (r === column) continue;
      const share = rows[r][column];
      rows[r] = rows[r].map((value, c) => value - share * rows[column][c]);
    }
  }
  return rows.map((row) => row.slice(size));
}

function withLastRow(affine: AffineTensor): tf.Tensor3D {
  const [items, rows, columns] = affine.shape;
  if (columns !== rows + 1) {
    throw new HypermorphError(
      'E_SHAPE',
      `affine: must have shape [N, A, A + 1], got ${formatShape(affine.shape)}.`,
    );
  }
  const last = [...new Array<number>(rows).fill(0), 1];
  return tf.concat([affine, tf.tile(tf.tensor3d([[last]]), [items, 1, 1])], 1);
}

/**
 * The matrix of translations, rotations (degrees), scales and shears: M = Rx Ry Rz · diag(scale) · H, H unit upper triangular.
 *
 * @param parameters - In 3-D 3 + 3 + 3 + 3 numbers, in 2-D 2 + 1 + 2 + 1.
 * @returns Rows of [M | t], 2x3 or 3x4.
 */
export function affineFromParameters(parameters: readonly number[]): number[][] {
  if (parameters.length === 6) {
    const [t0, t1, angle, s0, s1, shear] = parameters;
    return appendColumn(
      product(rotation2(angle), diagonal([s0, s1]), [
        [1, shear],
        [0, 1],
      ]),
      [t0, t1],
    );
  }
  if (parameters.length !== 12) {
    throw new HypermorphError(
      'E_SHAPE',
      `affineFromParameters: parameters must hold 6 (2-D) or 12 (3-D) numbers, got ${parameters.length}.`,
    );
  }
  const [t0, t1, t2, rx, ry, rz, s0, s1, s2, h0, h1, h2] = parameters;
  const shear = [
    [1, h0, h1],
    [0, 1, h2],
    [0, 0, 1],
  ];
  const rotation = product(rotation3(0, rx), rotation3(1, ry), rotation3(2, rz));
  return appendColumn(product(rotation, diagonal([s0, s1, s2]), shear), [t0, t1, t2]);
}

function product(...matrices: number[][][]): number[][] {
  return matrices.reduce((a, b) =>
    a.map((row) => b[0].map((_, c) => row.reduce((sum, value, k) => sum + value * b[k][c], 0))),
  );
}

function diagonal(values: readonly number[]): number[][] {
  return values.map((value, row) => values.map((_, column) => (row === column ? value : 0)));
}

function appendColumn(matrix: number[][], column: readonly number[]): number[][] {
  return matrix.map((row, index) => [...row, column[index]]);
}

function rotation2(degrees: number): number[][] {
  const [c, s] = cosineAndSine(degrees);
  return [
    [c, -s],
    [s, c],
  ];
}

/** Right-handed rotation about axis 0, 1 or 2. */
function rotation3(axis: number, degrees: number): number[][] {
  const [c, s] = cosineAndSine(degrees);
  const [a, b] = [(axis + 1) % 3, (axis + 2) % 3];
  const matrix = diagonal([1, 1, 1]);
  matrix[a][a] = c;
  matrix[b][b] = c;
  matrix[a][b] = -s;
  matrix[b][a] = s;
  return matrix;
}

function cosineAndSine(degrees: number): [number, number] {
  const radians = (degrees * Math.PI) / 180;
  return [Math.cos(radians), Math.sin(radians)];
}
