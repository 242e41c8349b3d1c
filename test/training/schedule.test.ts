import assert from 'node:assert/strict';
import {test} from 'node:test';
import {decodeTrainingConfig} from '../../src/config/load-config.js';
import {learningRateAt} from '../../src/training/schedule.js';

function configWith(optimiser: string) {
  const text = `sources: [{kind: shapes}]\nsteps: 100\noptimiser: ${optimiser}`;
  return decodeTrainingConfig(text, {where: 'test'});
}

test('a constant rate stays', () => {
  const config = configWith('{learningRate: 0.01}');
  assert.equal(learningRateAt(0, config), 0.01);
  assert.equal(learningRateAt(99, config), 0.01);
});

test('a warm-up rises step by step to the rate', () => {
  const config = configWith('{learningRate: 0.01, warmupSteps: 3}');
  const rates = [0, 1, 2, 3, 4].map((step) => learningRateAt(step, config));
  [0.0025, 0.005, 0.0075, 0.01, 0.01].forEach((rate, n) =>
    assert.ok(Math.abs(rates[n] - rate) < 1e-12),
  );
});

test('a cosine falls from the rate through the middle to its final share', () => {
  const config = configWith('{learningRate: 0.01, schedule: cosine, finalShare: 0.1}');
  assert.equal(learningRateAt(0, config), 0.01);
  assert.ok(Math.abs(learningRateAt(50, config) - 0.0055) < 1e-12);
  assert.ok(Math.abs(learningRateAt(100, config) - 0.001) < 1e-12);
});
