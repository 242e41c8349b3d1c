import * as tf from '@tensorflow/tfjs-core';
import {runTensors, type TensorOperation} from '../kernels/tensor-operation.js';
import {likeRank, toVolumetric} from './planar.js';
import {requireSpatial} from './shapes.js';

type Shape5 = [number, number, number, number, number];
type Window = readonly [number, number, number];

/** See `maxPool`, for [N, I, J, K, C] and any window along I, J, K. */
export const MAX_POOL: TensorOperation<
  {readonly x: tf.Tensor5D},
  {readonly window: Window},
  tf.Tensor5D,
  'x' | 'result'
> = {
  name: 'maxPool',
  saves: ['x', 'result'],
  portable: ({x}, {window}) => poolWithOneWinner(x, window),
};

/**
 * Largest value of every 2x2(x2) window, without overlap; what does not fill a window is left out.
 *
 * The gradient goes to one element of each window, the first largest in row-major order: TensorFlow's plain 3-D kernel
 * gives it to every element within 1e-5 of the largest, eight times too much in a constant background.
 *
 * @param x - [N, I, J, K, C] or [N, I, J, C].
 * @returns [N, floor(I/2), floor(J/2), floor(K/2), C]. The caller disposes it.
 */
export function maxPool(x: tf.Tensor): tf.Tensor {
  requireSpatial(x, 'maxPool', 'x');
  return tf.tidy(() => {
    const x5 = toVolumetric(x);
    const window: Window = [2, 2, x.rank === 5 ? 2 : 1];
    const y = runTensors(MAX_POOL, {x: x5}, {window});
    return likeRank(y, x);
  });
}

function poolWithOneWinner(x: tf.Tensor5D, window: Window): tf.Tensor5D {
  return tf.customGrad((input, save) => {
    const source = input as tf.Tensor5D;
    const y = tf.maxPool3d(source, [...window], [...window], 'valid');
    (save as tf.GradSaveFunc)([source, y]);
    return {
      value: y,
      gradFunc: (dy, saved) => [
        scatterToWinners(saved[0] as tf.Tensor5D, saved[1] as tf.Tensor5D, dy, window),
      ],
    };
  })(x) as tf.Tensor5D;
}

function scatterToWinners(
  x: tf.Tensor5D,
  y: tf.Tensor5D,
  dy: tf.Tensor,
  window: Window,
): tf.Tensor5D {
  const [n, i, j, k, c] = y.shape;
  const covered = [n, i * window[0], j * window[1], k * window[2], c];
  let isOpen: tf.Tensor = tf.cast(tf.onesLike(y), 'bool');
  const takeShare = (a: number, b: number, d: number): tf.Tensor => {
    const element = tf.stridedSlice(x, [0, a, b, d, 0], covered, [1, ...window, 1]);
    const wins = tf.logicalAnd(tf.equal(element, y), isOpen);
    isOpen = tf.logicalAnd(isOpen, tf.logicalNot(wins));
    return tf.mul(dy, tf.cast(wins, 'float32'));
  };
  const range = (length: number) => Array.from({length}, (_, index) => index);
  const rows = range(window[0]).map((a) =>
    range(window[1]).map((b) =>
      tf.reshape(
        tf.stack(
          range(window[2]).map((d) => takeShare(a, b, d)),
          4,
        ),
        [n, i, j, covered[3], c],
      ),
    ),
  );
  const planes = rows.map((row) => tf.reshape(tf.stack(row, 3), [n, i, covered[2], covered[3], c]));
  const joined = tf.reshape<tf.Rank.R5>(tf.stack(planes, 2), covered as Shape5);
  const padding = x.shape.map((length, axis) => [0, length - covered[axis]] as [number, number]);
  return tf.pad<tf.Tensor5D>(joined, padding);
}
