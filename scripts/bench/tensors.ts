import * as tf from '@tensorflow/tfjs-core';
import {Random} from '../../src/random.js';

const random = new Random(1);

/** Random numbers in [-scale, scale). */
export function noise(shape: readonly number[], scale = 1): tf.Tensor {
  const values = new Float32Array(shape.reduce((product, length) => product * length, 1));
  for (let n = 0; n < values.length; n++) values[n] = random.uniform(-scale, scale);
  return tf.tensor(values, [...shape]);
}

/**
 * Waves with no jumps, as images and fields have none: [1, I, J, K, channels].
 *
 * @param amplitude - Largest value; the smallest is its negative.
 */
export function waves(size: readonly number[], channels: number, amplitude: number): Float32Array {
  const [i, j, k] = size.map((length, axis) =>
    Float32Array.from({length}, (_, n) => Math.sin(((axis + 5) * n) / length + axis)),
  );
  const values = new Float32Array(i.length * j.length * k.length * channels);
  let n = 0;
  for (const a of i) {
    for (const b of j) {
      for (const c of k) {
        for (let channel = 0; channel < channels; channel++) {
          values[n++] = amplitude * (channel % 2 === 0 ? a * b * c : a * b - a * c) * 0.5;
        }
      }
    }
  }
  return values;
}

export function waveTensor(
  size: readonly number[],
  channels: number,
  amplitude: number,
): tf.Tensor {
  return tf.tensor(waves(size, channels, amplitude), [1, ...size, channels]);
}
