import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers'; // registers the gradients of TensorFlow.js' own operations
import {NATIVE_BACKEND} from '../../../src/engines/native/backend.js';
import {convolve, convolveJoined} from '../../../src/ops/convolve.js';
import {test, testedBackend} from '../../support/native.js';
import {seededRandom} from '../../support/random.js';
import {assertClose} from './conv-cases.js';

await testedBackend();

interface Drawn {
  readonly shape: number[];
  readonly values: Float32Array;
}

function draw(shape: number[], seed: number): Drawn {
  const random = seededRandom(seed);
  const size = shape.reduce((total, length) => total * length, 1);
  return {shape, values: Float32Array.from({length: size}, () => random() * 2 - 1)};
}

/** Value and gradients of sum(f(inputs) * weights) on one backend. */
async function valueAndGradients(
  backendName: string,
  inputs: readonly Drawn[],
  f: (...tensors: tf.Tensor[]) => tf.Tensor,
): Promise<Float32Array[]> {
  await tf.setBackend(backendName);
  const before = tf.memory().numTensors;
  const tensors = inputs.map(({shape, values}) => tf.tensor(Float32Array.from(values), shape));
  const results = tf.tidy(() => {
    const y = f(...tensors);
    const weights = tf.tensor(draw(y.shape, 99).values, y.shape);
    const gradients = tf.grads((...args: tf.Tensor[]) => tf.sum(tf.mul(f(...args), weights)))(
      tensors,
    );
    return [y, ...gradients].map((tensor) => Float32Array.from(tensor.dataSync()));
  });
  tf.dispose(tensors);
  assert.equal(tf.memory().numTensors, before, 'no tensor is left behind');
  return results;
}

async function assertSameOnBothBackends(
  inputs: readonly Drawn[],
  f: (...tensors: tf.Tensor[]) => tf.Tensor,
): Promise<void> {
  const expected = await valueAndGradients('cpu', inputs, f);
  const actual = await valueAndGradients(NATIVE_BACKEND, inputs, f);
  actual.forEach((values, i) => assertClose(values, expected[i], i === 0 ? 'y' : `gradient ${i}`));
}

test('a volume convolution with a kernel per item differentiates as the portable operation', () =>
  assertSameOnBothBackends(
    [draw([2, 5, 4, 6, 3], 1), draw([2, 3, 3, 3, 3, 4], 2), draw([2, 4], 3)],
    (x, kernel, bias) =>
      convolve(x, kernel, bias as tf.Tensor2D, {strides: 2, activation: 'leakyRelu'}),
  ));

test('a dilated convolution of a plane differentiates as the portable operation', () =>
  assertSameOnBothBackends(
    [draw([1, 9, 8, 3], 1), draw([1, 3, 3, 3, 5], 2), draw([1, 5], 3)],
    (x, kernel, bias) =>
      convolve(x, kernel, bias as tf.Tensor2D, {
        dilations: 2,
        padding: 'valid',
        activation: 'relu',
      }),
  ));

test('the joined convolution differentiates as up-sampling, concatenation and convolution', () =>
  assertSameOnBothBackends(
    [
      draw([2, 2, 3, 4, 3], 1),
      draw([2, 4, 6, 8, 2], 2),
      draw([1, 3, 3, 3, 5, 4], 3),
      draw([1, 4], 4),
    ],
    (coarse, skip, kernel, bias) =>
      convolveJoined(coarse, skip, kernel, bias as tf.Tensor2D, 'leakyRelu'),
  ));

test('the joined convolution of planes differentiates as the portable operation', () =>
  assertSameOnBothBackends(
    [draw([1, 3, 4, 3], 1), draw([1, 6, 8, 2], 2), draw([1, 3, 3, 5, 4], 3), draw([1, 4], 4)],
    (coarse, skip, kernel, bias) =>
      convolveJoined(coarse, skip, kernel, bias as tf.Tensor2D, 'linear'),
  ));

test('the gradient by one input alone leaves no tensor behind', async () => {
  await tf.setBackend(NATIVE_BACKEND);
  const coarse = tf.ones([1, 2, 2, 2, 1]);
  const skip = tf.ones([1, 4, 4, 4, 1]);
  const kernel = tf.ones([1, 3, 3, 3, 2, 1]);
  const before = tf.memory().numTensors;
  const gradient = tf.grad((x: tf.Tensor) => tf.sum(convolveJoined(x, skip, kernel, null)))(coarse);
  assert.equal(gradient.dataSync()[0], 125); // every child voxel of the first coarse voxel is read by up to 27 outputs
  gradient.dispose();
  assert.equal(tf.memory().numTensors, before);
});

test('the analytic gradients agree with finite differences', async () => {
  await tf.setBackend(NATIVE_BACKEND);
  const inputs = [draw([1, 3, 4, 3, 2], 1), draw([1, 3, 3, 3, 2, 3], 2), draw([1, 3], 3)];
  const f = (x: tf.Tensor, kernel: tf.Tensor, bias: tf.Tensor) =>
    convolve(x, kernel, bias as tf.Tensor2D, {activation: 'leakyRelu'});
  const gradients = (await valueAndGradients(NATIVE_BACKEND, inputs, f)).slice(1);
  const STEP = 2 ** -7; // small enough to keep nearly all signs, large enough for float32
  const loss = (which: number, index: number, delta: number) =>
    tf.tidy(() => {
      const tensors = inputs.map(({shape, values}, i) => {
        const moved = Float32Array.from(values);
        if (i === which) moved[index] += delta;
        return tf.tensor(moved, shape);
      });
      const y = f(tensors[0], tensors[1], tensors[2]);
      return tf.sum(tf.mul(y, tf.tensor(draw(y.shape, 99).values, y.shape))).dataSync()[0];
    });
  for (const [which, gradient] of gradients.entries()) {
    for (let index = 0; index < gradient.length; index += 5) {
      const slope = (loss(which, index, STEP) - loss(which, index, -STEP)) / (2 * STEP);
      const difference = Math.abs(slope - gradient[index]);
      // A value may cross the kink of the activation within one step.
      assert.ok(difference < 0.05 + 0.05 * Math.abs(slope), `input ${which}, element ${index}`);
    }
  }
});
