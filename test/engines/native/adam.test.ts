import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import {NATIVE_BACKEND} from '../../../src/engines/native/backend.js';
import {Adam} from '../../../src/optimisers/adam.js';
import {test} from '../../support/native.js';
import {assertNear, backend, draw} from './kernel-cases.js';

const SIZES = [1, 17, 40000]; // the last one is pooled, so it is updated in place

/** Weights after a few updates with seeded gradients. */
function updatedWeights(): Float32Array[] {
  const adam = new Adam({learningRate: 0.01});
  const weights = new Map(
    SIZES.map((size) => {
      const name = `w${size}`;
      const drawn = () => tf.tensor1d(draw([size], size).values);
      return [name, tf.tidy(() => tf.variable(drawn(), true, name))] as const;
    }),
  );
  for (let step = 0; step < 4; step++) {
    tf.tidy(() => {
      const gradients = Object.fromEntries(
        SIZES.map((size) => [`w${size}`, tf.tensor1d(draw([size], size + step, -2, 2).values)]),
      );
      adam.update(weights, gradients);
    });
  }
  const values = [...weights.values()].map((weight) => Float32Array.from(weight.dataSync()));
  adam.dispose();
  for (const weight of weights.values()) weight.dispose();
  return values;
}

test('the fused update agrees with the portable one', async () => {
  await tf.setBackend('cpu');
  const expected = updatedWeights();
  await tf.setBackend(NATIVE_BACKEND);
  const before = tf.memory().numTensors;
  const actual = updatedWeights();
  assert.equal(tf.memory().numTensors, before);
  actual.forEach((values, n) => assertNear(values, expected[n], 1e-6, `${SIZES[n]} weights`));
});

test('an update neither changes the array a weight was made from nor values that were read', async () => {
  await tf.setBackend(NATIVE_BACKEND);
  const given = draw([40000], 1).values;
  const copy = Float32Array.from(given);
  const weight = tf.tidy(() => tf.variable(tf.tensor1d(given)));
  const weights = new Map([['w', weight]]);
  const adam = new Adam({learningRate: 0.1});
  const gradient = tf.ones<tf.Rank.R1>([40000]);
  adam.update(weights, {w: gradient});
  assert.deepEqual(given, copy);
  const seen = weight.dataSync();
  const seenCopy = Float32Array.from(seen);
  adam.update(weights, {w: gradient});
  assert.deepEqual(seen, seenCopy);
  assert.notEqual(weight.dataSync()[0], seenCopy[0]);
  adam.dispose();
  tf.dispose([weight, gradient]);
});

test('later updates take no new memory', async () => {
  await tf.setBackend(NATIVE_BACKEND);
  const weight = tf.tidy(() => tf.variable(tf.zeros<tf.Rank.R1>([40000])));
  const weights = new Map([['w', weight]]);
  const adam = new Adam({learningRate: 0.1});
  const gradient = tf.ones<tf.Rank.R1>([40000]);
  adam.update(weights, {w: gradient});
  const before = {...backend.pool.memory(), tensors: tf.memory().numTensors};
  for (let step = 0; step < 100; step++) adam.update(weights, {w: gradient});
  assert.deepEqual({...backend.pool.memory(), tensors: tf.memory().numTensors}, before);
  adam.dispose();
  tf.dispose([weight, gradient]);
});
