import assert from 'node:assert/strict';
import {test} from 'node:test';
import {Random} from '../../src/random.js';
import {drawWeight} from '../../src/training/draw-weight.js';
import {weightRange, type WeightDistribution} from '../../src/config/weight-distribution.js';

const DRAWS = 20_000;
/** Five standard deviations of a share near 0.1 over so many draws. */
const TOLERANCE = 5 * Math.sqrt((0.1 * 0.9) / DRAWS);

function draws(distribution: WeightDistribution): number[] {
  const random = new Random(7);
  return Array.from({length: DRAWS}, () => drawWeight(distribution, random));
}

const share = (values: readonly number[], test: (value: number) => boolean) =>
  values.filter(test).length / values.length;

const near = (actual: number, expected: number) =>
  assert.ok(Math.abs(actual - expected) <= TOLERANCE, `${actual} is not near ${expected}`);

test('the ends are drawn with their probability, half and half, the rest is uniform', () => {
  const values = draws({kind: 'ends', endProbability: 0.2});
  near(
    share(values, (value) => value === 0),
    0.1,
  );
  near(
    share(values, (value) => value === 1),
    0.1,
  );
  for (let bin = 0; bin < 10; bin++) {
    near(
      share(values, (value) => value > bin / 10 && value < (bin + 1) / 10),
      0.08,
    );
  }
});

test('a uniform weight fills every tenth of [0, 1) alike', () => {
  const values = draws({kind: 'uniform'});
  for (let bin = 0; bin < 10; bin++) {
    near(
      share(values, (value) => value >= bin / 10 && value < (bin + 1) / 10),
      0.1,
    );
  }
});

test('log-uniform odds lie in their range and half of them below the geometric mean', () => {
  const distribution = {kind: 'logOdds', lowest: 0.01, highest: 100} as const;
  const values = draws(distribution);
  const {minimum, maximum} = weightRange(distribution);
  assert.ok(values.every((value) => value >= minimum && value <= maximum));
  near(
    share(values, (value) => value < 0.5),
    0.5,
  );
  near(
    share(values, (value) => value < 0.1 / 1.1),
    0.25,
  );
});

test('a fixed weight is always the same and draws nothing', () => {
  const random = new Random(3);
  const before = random.state;
  assert.equal(drawWeight({kind: 'fixed', value: 0.25}, random), 0.25);
  assert.deepEqual(random.state, before);
});
