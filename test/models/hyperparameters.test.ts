import assert from 'node:assert/strict';
import {describe, test} from 'node:test';
import {HypermorphError} from '../../src/errors.js';
import {
  chooseHyperparameters,
  nameHyperparameters,
  recommendedOn,
} from '../../src/models/hyperparameters.js';

const TWO = {
  hyperparameters: [
    {name: 'lambda', minimum: 0, maximum: 1, recommended: 0.25},
    {name: 'gamma', minimum: 1, maximum: 3},
  ],
};

describe('chooseHyperparameters', () => {
  test('takes what the model recommends, else the middle of its range, where nothing is given', () => {
    assert.deepEqual(chooseHyperparameters(TWO), [0.25, 2]);
    assert.deepEqual(chooseHyperparameters({hyperparameters: []}), []);
  });

  test('takes what is given, in the order of the model', () => {
    const values = chooseHyperparameters(TWO, {gamma: 1.5, lambda: 1});
    assert.deepEqual(values, [1, 1.5]);
    assert.deepEqual(nameHyperparameters(TWO, values), {lambda: 1, gamma: 1.5});
  });

  test('takes lambda for the first one where none has that name', () => {
    const one = {hyperparameters: [{name: 'weight', minimum: 0, maximum: 1}]};
    assert.deepEqual(chooseHyperparameters(one, {lambda: 0.75}), [0.75]);
  });

  test('refuses what lies outside the range, what is no number, and what the model does not have', () => {
    const refusal = (model: typeof TWO | {hyperparameters: []}, given: Record<string, number>) => {
      try {
        chooseHyperparameters(model, given, 'm.safetensors');
      } catch (error) {
        assert.ok(error instanceof HypermorphError);
        return error;
      }
      assert.fail('nothing was thrown');
    };
    const outside = refusal(TWO, {gamma: 4});
    assert.equal(outside.code, 'E_USAGE');
    assert.equal(
      outside.message,
      '`hyperparameters.gamma` must be a number from 1 to 3, the range that m.safetensors was trained for, got 4.',
    );
    assert.deepEqual(outside.details, {name: 'gamma', minimum: 1, maximum: 3, got: 4});
    assert.match(refusal(TWO, {lambda: NaN}).message, /got NaN\.$/);
    assert.equal(
      refusal(TWO, {beta: 0}).message,
      '`hyperparameters` must be those of m.safetensors (it has lambda, gamma), got "beta".',
    );
    assert.equal(
      refusal({hyperparameters: []}, {lambda: 0.5}).message,
      '`hyperparameters.lambda` must be left out for m.safetensors, which has no hyperparameters, got 0.5.',
    );
  });
});

describe('recommendedOn', () => {
  const recommended = {brains: {overall: [0.2, 1.5]}, hearts: {labels: {left: [0.1, 1]}}};
  test('names what the model recommends on a kind of data', () => {
    assert.deepEqual(recommendedOn({...TWO, recommended}, 'brains'), {lambda: 0.2, gamma: 1.5});
  });

  test('is null where the model says nothing of all labels', () => {
    assert.equal(recommendedOn({...TWO, recommended}, 'hearts'), null);
    assert.equal(recommendedOn({...TWO, recommended}, 'lungs'), null);
    assert.equal(recommendedOn(TWO, 'brains'), null);
  });
});
