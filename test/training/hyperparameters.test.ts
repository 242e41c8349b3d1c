import assert from 'node:assert/strict';
import {before, test} from 'node:test';
import {decodeTrainingConfig} from '../../src/config/load-config.js';
import {startEngine} from '../../src/engines/select.js';
import {Random} from '../../src/random.js';
import {
  describeHyperparameters,
  drawHyperparameters,
  hyperparameterInput,
} from '../../src/training/hyperparameters.js';

before(async () => {
  await startEngine({engine: 'javascript'});
});

function configOf(text: string) {
  return decodeTrainingConfig(`${text}\nsources: [{kind: shapes}]`, {where: 'test', overrides: []});
}

test('a network sees its hyperparameters, one row for each pair, and the model lists them by name', () => {
  const config = configOf('lambda: {kind: fixed, value: 0.25}');
  const batch = [drawHyperparameters(config, new Random(1)), {lambda: 0.75}];
  const {hyperparameters} = hyperparameterInput(config.architecture, batch);
  assert.deepEqual(hyperparameters!.arraySync(), [[0.25], [0.75]]);
  hyperparameters!.dispose();
  const listed = {name: 'lambda', minimum: 0.25, maximum: 0.25, recommended: 0.25};
  assert.deepEqual(describeHyperparameters(config), [listed]);
});

test('a network without hyperparameters sees none, but the objective weighs by lambda', () => {
  const config = configOf('architecture: {hyperparameters: 0}\nlambda: {kind: fixed, value: 0.25}');
  const values = drawHyperparameters(config, new Random(1));
  assert.equal(values.lambda, 0.25);
  assert.deepEqual(hyperparameterInput(config.architecture, [values]), {});
  assert.deepEqual(describeHyperparameters(config), []);
});
