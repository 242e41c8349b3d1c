import assert from 'node:assert/strict';
import {test} from 'node:test';
import {BLUR} from '../../src/kernels/synthesis.js';
import {Random} from '../../src/random.js';
import {PORTABLE as engine} from '../../src/kernels/voxel-operation.js';
import {gaussianWeights, smoothNoise} from '../../src/training/smooth-noise.js';

test('smooth noise has mean about 0, deviation about 1, and neighbours that are close', () => {
  const shape = [40, 36, 44] as const;
  const noise = smoothNoise({shape, engine}, 4, new Random(5));
  const mean = noise.reduce((sum, value) => sum + value, 0) / noise.length;
  const variance = noise.reduce((sum, value) => sum + (value - mean) ** 2, 0) / noise.length;
  // About 1200 lattice points: the mean varies by 0.08 (splines correlate them), the variance by a tenth.
  assert.ok(Math.abs(mean) < 0.3, `mean ${mean}`);
  assert.ok(variance > 0.7 && variance < 1.3, `variance ${variance}`);
  let largestStep = 0;
  for (let n = 1; n < noise.length; n++) {
    if (n % shape[2] !== 0) largestStep = Math.max(largestStep, Math.abs(noise[n] - noise[n - 1]));
  }
  assert.ok(largestStep < 2, `step ${largestStep}`);
});

test('one seed gives one noise, another seed another', () => {
  const shape = [6, 5, 1] as const;
  assert.deepEqual(
    smoothNoise({shape, engine}, 3, new Random(1)),
    smoothNoise({shape, engine}, 3, new Random(1)),
  );
  assert.notDeepEqual(
    smoothNoise({shape, engine}, 3, new Random(1)),
    smoothNoise({shape, engine}, 3, new Random(2)),
  );
});

test('a blur keeps constants and sums, and spreads a spike to the variance of its Gaussian along every axis', () => {
  const shape = [21, 19, 23] as const;
  const constant = new Float32Array(21 * 19 * 23).fill(0.5);
  engine.run(BLUR, constant, shape, gaussianWeights(1.3));
  assert.ok(constant.every((value) => Math.abs(value - 0.5) < 1e-5));

  const spike = new Float32Array(21 * 19 * 23);
  spike[(10 * 19 + 9) * 23 + 11] = 1;
  engine.run(BLUR, spike, shape, gaussianWeights(1.3));
  let sum = 0;
  const squares = [0, 0, 0];
  for (let n = 0; n < spike.length; n++) {
    const index = [Math.floor(n / (19 * 23)), Math.floor(n / 23) % 19, n % 23];
    sum += spike[n];
    [10, 9, 11].forEach(
      (centre, axis) => (squares[axis] += spike[n] * (index[axis] - centre) ** 2),
    );
  }
  assert.ok(Math.abs(sum - 1) < 1e-5);
  // The Gaussian is cut at 2.5 deviations, which takes up to a tenth of its variance.
  for (const square of squares) assert.ok(square > 0.85 * 1.69 && square < 1.69, `${square}`);
});
