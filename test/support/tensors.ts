import assert from 'node:assert/strict';
import '../../src/ops/gradients.js';
import * as tf from '@tensorflow/tfjs-core';
import {HypermorphError, type ErrorCode} from '../../src/errors.js';
import {seededRandom} from './random.js';

/** Uniform numbers in [-scale, scale). */
export function randomTensor(shape: readonly number[], seed: number, scale = 1): tf.Tensor {
  const next = seededRandom(seed);
  const length = shape.reduce((product, size) => product * size, 1);
  const data = Float32Array.from({length}, () => scale * (2 * next() - 1));
  return tf.tensor(data, [...shape]);
}

/** A field of sines, [1, ...shape, 3], of the given amplitude in voxels: smooth, and the same every time. */
export function smoothField(
  shape: readonly [number, number, number],
  amplitude: number,
): tf.Tensor {
  const [ni, nj, nk] = shape;
  const data = new Float32Array(ni * nj * nk * 3);
  let at = 0;
  for (let i = 0; i < ni; i++) {
    for (let j = 0; j < nj; j++) {
      for (let k = 0; k < nk; k++) {
        data[at++] =
          amplitude * Math.sin((2 * Math.PI * j) / nj) * Math.cos((2 * Math.PI * k) / nk);
        data[at++] = amplitude * Math.cos((2 * Math.PI * i) / ni);
        data[at++] = amplitude * Math.sin((2 * Math.PI * (i + j)) / ni);
      }
    }
  }
  return tf.tensor(data, [1, ...shape, 3]);
}

/** Leave out `margin` voxels at both ends of every spatial axis. */
export function interior(tensor: tf.Tensor, margin: number): tf.Tensor {
  const inner = (length: number, axis: number) =>
    axis === 0 || axis === tensor.rank - 1 ? length : length - 2 * margin;
  const begin = tensor.shape.map((_, axis) =>
    axis === 0 || axis === tensor.rank - 1 ? 0 : margin,
  );
  return tf.slice(tensor, begin, tensor.shape.map(inner));
}

/** Type, shape and values; |actual - expected| <= tolerance (1 + |expected|). */
export function expectTensorClose(actual: tf.Tensor, expected: tf.Tensor, tolerance: number): void {
  assert.equal(actual.dtype, expected.dtype);
  assert.deepEqual(actual.shape, expected.shape);
  const [ours, theirs] = [actual.dataSync(), expected.dataSync()];
  let worst = 0;
  let excess = -Infinity;
  for (let n = 0; n < ours.length; n++) {
    const over = Math.abs(ours[n] - theirs[n]) - tolerance * (1 + Math.abs(theirs[n]));
    if (over > excess || Number.isNaN(over)) {
      excess = Number.isNaN(over) ? Infinity : over;
      worst = n;
    }
  }
  assert.ok(
    excess <= 0,
    `element ${worst} of [${actual.shape.join(', ')}] is ${ours[worst]}, must be ${theirs[worst]} within ${tolerance}`,
  );
}

/** The call raises this code with this message. */
export function throwsCode(code: ErrorCode, message: RegExp, run: () => unknown): void {
  assert.throws(run, (error) => {
    assert.ok(error instanceof HypermorphError, String(error));
    assert.equal(error.code, code);
    assert.match(error.message, message);
    return true;
  });
}
