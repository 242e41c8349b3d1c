import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import {NATIVE_BACKEND} from '../../../src/engines/native/backend.js';
import '../../../src/ops/gradients.js';
import {testedBackend, testedIsas} from '../../support/native.js';
import {seededRandom} from '../../support/random.js';

export const backend = await testedBackend();

/** Instruction sets that this processor can run. */
export const ISAS = testedIsas()
  .filter(({supported}) => supported)
  .map(({isa}) => isa);

/** One operation with its inputs; it is differentiated by the inputs in `by`. */
export interface KernelCase {
  readonly name: string;
  readonly inputs: readonly Drawn[];
  readonly run: (...inputs: tf.Tensor[]) => tf.Tensor;
  /** Positions of the inputs to differentiate by; all of them unless given. */
  readonly by?: readonly number[];
  /** Error allowed, relative to the largest value; sums of more terms round more. */
  readonly tolerance?: number;
}

export interface Drawn {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** Numbers in [low, high) from a seed. */
export function draw(shape: readonly number[], seed: number, low = -1, high = 1): Drawn {
  const random = seededRandom(seed);
  const size = shape.reduce((total, length) => total * length, 1);
  return {
    shape,
    values: Float32Array.from({length: size}, () => low + random() * (high - low)),
  };
}

/** The result, then the gradients of sum(result * seeded weights), on the current backend. */
function evaluate({inputs, run, by}: KernelCase): Float32Array[] {
  const before = tf.memory().numTensors;
  const tensors = inputs.map(({shape, values}) => tf.tensor(Float32Array.from(values), [...shape]));
  const results = tf.tidy(() => {
    const y = run(...tensors);
    const weights = tf.tensor(draw(y.shape, 99, 0.5, 1.5).values, y.shape);
    const chosen = by ?? inputs.map((_, n) => n);
    const loss = (...variables: tf.Tensor[]) => {
      const all = [...tensors];
      chosen.forEach((n, v) => (all[n] = variables[v]));
      return tf.sum(tf.mul(run(...all), weights));
    };
    const gradients = chosen.length === 0 ? [] : tf.grads(loss)(chosen.map((n) => tensors[n]));
    return [y, ...gradients].map((tensor) => Float32Array.from(tensor.dataSync()));
  });
  tf.dispose(tensors);
  assert.equal(tf.memory().numTensors, before, 'no tensor is left behind');
  return results;
}

const expectedResults = new WeakMap<KernelCase, Float32Array[]>();

/** What the portable composition gives on TensorFlow.js' own backend, computed once. */
async function evaluatePortably(test: KernelCase): Promise<Float32Array[]> {
  const known = expectedResults.get(test);
  if (known !== undefined) return known;
  await tf.setBackend('cpu');
  const results = evaluate(test);
  expectedResults.set(test, results);
  return results;
}

/** Compare an instruction set with the portable composition. */
export async function assertLikePortable(test: KernelCase, isa: string): Promise<void> {
  const expected = await evaluatePortably(test);
  await tf.setBackend(NATIVE_BACKEND);
  const isaBefore = backend.addon.isa();
  backend.addon.setIsa(isa);
  evaluate(test).forEach((values, n) => {
    const what = `${test.name}, ${isa}, ${n === 0 ? 'result' : `gradient ${n}`}`;
    assertNear(values, expected[n], test.tolerance ?? 2e-6, what);
  });
  backend.addon.setIsa(isaBefore);
}

/** The same bits for one, two and three threads. */
export async function assertSameForAllThreads(test: KernelCase): Promise<void> {
  await tf.setBackend(NATIVE_BACKEND);
  backend.addon.setThreads(1);
  const expected = evaluate(test);
  for (const threads of [2, 3]) {
    backend.addon.setThreads(threads);
    assert.deepEqual(evaluate(test), expected, `${test.name}, ${threads} threads`);
  }
  backend.addon.setThreads(2);
}

/** |actual - expected| <= tolerance (largest |expected| + 1e-3). */
export function assertNear(
  actual: Float32Array,
  expected: Float32Array,
  tolerance: number,
  what: string,
): void {
  assert.equal(actual.length, expected.length, what);
  const scale = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-3);
  for (let n = 0; n < actual.length; n++) {
    if (Math.abs(actual[n] - expected[n]) <= tolerance * scale) continue;
    assert.fail(`${what}: at ${n} expected ${expected[n]}, got ${actual[n]} (of ${scale})`);
  }
}
