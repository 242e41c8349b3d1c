import * as tf from '@tensorflow/tfjs-core';

/** Positions along i, j, k in voxels; each broadcasts to [N, I, J, K]. */
export type Positions = readonly [tf.Tensor, tf.Tensor, tf.Tensor];

interface Neighbours {
  readonly lower: tf.Tensor;
  readonly upper: tf.Tensor;
  readonly lowerWeight: tf.Tensor;
  readonly upperWeight: tf.Tensor;
}

/**
 * Sample an image trilinearly, repeating its edge outside.
 *
 * Per axis, lo = clamp(floor p), hi = clamp(lo + 1), the weight of lo is hi - clamp(p) and that of hi the rest, so that
 * the slope at an integer position is the one above it and the slope beyond the edge is 0, as in neurite's `interpn`.
 *
 * @param image - [N, A, B, D, C].
 * @returns [N, I, J, K, C].
 */
export function interpolateLinear(image: tf.Tensor5D, positions: Positions): tf.Tensor5D {
  const axes = positions.map((position, axis) => findNeighbours(position, image.shape[axis + 1]));
  const rows = tf.reshape(image, [-1, image.shape[4]]);
  const corners: tf.Tensor[] = [];
  for (let corner = 0; corner < 8; corner++) {
    const isUpper = [corner & 4, corner & 2, corner & 1].map(Boolean);
    const index = axes.map((axis, a) => (isUpper[a] ? axis.upper : axis.lower));
    const weights = axes.map((axis, a) => (isUpper[a] ? axis.upperWeight : axis.lowerWeight));
    const weight = tf.expandDims(tf.mul(tf.mul(weights[0], weights[1]), weights[2]), 4);
    corners.push(tf.mul(gatherVoxels(rows, flatIndex(index, image)), weight));
  }
  return tf.addN(corners) as tf.Tensor5D;
}

/** Sample the voxel nearest to each position (halves go to the even one), repeating the edge outside. */
export function interpolateNearest(image: tf.Tensor5D, positions: Positions): tf.Tensor5D {
  const index = positions.map((position, axis) =>
    tf.cast(tf.clipByValue(tf.round(position), 0, image.shape[axis + 1] - 1), 'int32'),
  );
  return gatherVoxels(
    tf.reshape(image, [-1, image.shape[4]]),
    flatIndex(index, image),
  ) as tf.Tensor5D;
}

function findNeighbours(position: tf.Tensor, length: number): Neighbours {
  const last = length - 1;
  const lower = tf.clipByValue(tf.floor(position), 0, last);
  const upper = tf.clipByValue(tf.add(lower, 1), 0, last);
  const lowerWeight = tf.sub(upper, tf.clipByValue(position, 0, last));
  return {
    lower: tf.cast(lower, 'int32'),
    upper: tf.cast(upper, 'int32'),
    lowerWeight,
    upperWeight: tf.sub(1, lowerWeight),
  };
}

function flatIndex(index: readonly tf.Tensor[], image: tf.Tensor5D): tf.Tensor {
  const [n, a, b, d] = image.shape;
  const item = tf.reshape(tf.mul(tf.range(0, n, 1, 'int32'), tf.scalar(a * b * d, 'int32')), [
    n,
    1,
    1,
    1,
  ]);
  const plane = tf.mul(index[0], tf.scalar(b * d, 'int32'));
  const row = tf.mul(index[1], tf.scalar(d, 'int32'));
  return tf.add(tf.add(tf.add(item, plane), row), index[2]);
}

/** `tf.gather` on axis 0 whose gradient scatters: the built-in one takes time proportional to voxels squared. */
function gatherVoxels(rows: tf.Tensor, index: tf.Tensor): tf.Tensor {
  const [voxels, channels] = rows.shape;
  return tf.customGrad((table, save) => {
    (save as tf.GradSaveFunc)([index]);
    return {
      value: tf.gather(table as tf.Tensor, index),
      gradFunc: (dy, saved) => [
        tf.scatterND(tf.reshape(saved[0], [-1, 1]), tf.reshape(dy, [-1, channels]), [
          voxels,
          channels,
        ]),
      ],
    };
  })(rows);
}
