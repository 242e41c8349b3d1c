import assert from 'node:assert/strict';
import {test} from 'node:test';
import {watchLoss} from '../../src/training/loss-watch.js';

const at = (step: number) => ({step, pairs: 'a <- b', wayOn: 'Lower optimiser.learningRate.'});

test('a loss that goes down or wanders is no matter', () => {
  const watch = watchLoss();
  [2, 1, 0.5, 30, -1, 700, 0].forEach((loss, n) => assert.equal(watch(loss, at(n + 1)), null));
});

test('a loss that runs away while it is finite is said once, then ends the training', () => {
  const watch = watchLoss();
  assert.equal(watch(1, at(1)), null);
  assert.match(
    watch(1e4, at(2)) ?? '',
    /the loss runs away: 1\.00e\+4 in step 2, 1\.00 at first; lower/,
  );
  assert.equal(watch(1e5, at(3)), null);
  assert.throws(() => watch(-3e9, at(4)), {
    code: 'E_RANGE',
    message:
      /must stay within 1000000 times the first one, 1\.00, got -3\.00e\+9 in step 4 \(a <- b\)/,
    hint: 'Lower optimiser.learningRate.',
  });
});

test('an infinite loss before anything was learned is not the fault of the learning rate', () => {
  for (const loss of [NaN, Infinity]) {
    assert.throws(() => watchLoss()(loss, at(1)), {
      code: 'E_RANGE',
      hint: /^Nothing was learned yet/,
    });
    assert.throws(() => watchLoss()(loss, at(2)), {
      code: 'E_RANGE',
      hint: 'Lower optimiser.learningRate.',
    });
  }
});
