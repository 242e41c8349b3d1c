import assert from 'node:assert/strict';
import {before, test} from 'node:test';
import {decodeTrainingConfig} from '../../src/config/load-config.js';
import {startEngine} from '../../src/engines/select.js';
import {Random} from '../../src/random.js';
import {
  describeHyperparameters,
  describeRecommendations,
  drawHyperparameters,
  hyperparameterInput,
  validatedHyperparameters,
} from '../../src/training/hyperparameters.js';

before(async () => {
  await startEngine({engine: 'javascript'});
});

function configOf(text: string) {
  return decodeTrainingConfig(`${text}\nsources: [{kind: shapes}]`, {where: 'test', overrides: []});
}

test('a network sees its hyperparameters, one row for each pair, and the model lists them by name', () => {
  const config = configOf('lambda: {kind: fixed, value: 0.25}');
  const batch = [drawHyperparameters(config, new Random(1)), {lambda: 0.75, labels: 0}];
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

const TWO =
  'architecture: {hyperparameters: 2}\nloss: {labels: {kind: logOdds, lowest: 0.25, highest: 4}}';

test('the weight of the labels is a second hyperparameter: drawn for each pair, seen after lambda, listed by name', () => {
  const config = configOf(TWO);
  const random = new Random(1);
  const batch = [drawHyperparameters(config, random), drawHyperparameters(config, random)];
  assert.ok(batch.every(({labels}) => labels > 0.2 && labels < 0.8));
  assert.notEqual(batch[0].labels, batch[1].labels);
  const {hyperparameters} = hyperparameterInput(config.architecture, batch);
  const expected = batch.flatMap(({lambda, labels}) => [lambda, labels]).map(Math.fround);
  assert.deepEqual([...hyperparameters!.dataSync()], expected);
  hyperparameters!.dispose();
  assert.deepEqual(describeHyperparameters(config), [
    {name: 'lambda', minimum: 0, maximum: 1, recommended: 0.3},
    {name: 'labels', minimum: 0.2, maximum: 0.8, recommended: 0.5},
  ]);
});

test('a model recommends what the validation chose where its configuration says nothing, within what it was trained for', () => {
  const chosen = {lambda: 0.9, labels: 1};
  const recommended = (text: string) =>
    describeHyperparameters(configOf(text), chosen).map((one) => one.recommended);
  assert.deepEqual(recommended(TWO), [0.9, 0.8]);
  assert.deepEqual(recommended(`${TWO}\nrecommendedLambda: 0.2`), [0.2, 0.8]);
  assert.deepEqual(recommended(`${TWO}\nrecommendedLabels: 0.3`), [0.9, 0.3]);
});

test('what a model recommends of the labels is what its configuration says, within what it was trained for', () => {
  const recommended = (value: number) =>
    describeHyperparameters(configOf(`${TWO}\nrecommendedLabels: ${value}`))[1].recommended;
  assert.deepEqual([0, 0.6, 1].map(recommended), [0.2, 0.6, 0.8]);
});

test('what is best for some kinds of data is listed by them, one number for each hyperparameter', () => {
  const recommended = (text: string) => {
    const config = configOf(text);
    return describeRecommendations(config, describeHyperparameters(config));
  };
  const text = 'recommendedFor: {brains: {lambda: 0.3}, lungs: {lambda: 0.6, labels: 0.2}}';
  assert.deepEqual(recommended(`${TWO}\n${text}`), {
    brains: {overall: [0.3, 0.5]},
    lungs: {overall: [0.6, 0.2]},
  });
  assert.equal(recommended(TWO), undefined);
});

test('a network is validated at each lambda, for each weight of the labels that it sees', () => {
  const validation = 'validation: {lambdas: [0.1, 0.9], labels: [0, 1]}';
  assert.deepEqual(validatedHyperparameters(configOf(`${TWO}\n${validation}`)), [
    {lambda: 0.1, labels: 0},
    {lambda: 0.9, labels: 0},
    {lambda: 0.1, labels: 1},
    {lambda: 0.9, labels: 1},
  ]);
  assert.deepEqual(validatedHyperparameters(configOf(`loss: {labels: 0.25}\n${validation}`)), [
    {lambda: 0.1, labels: 0.25},
    {lambda: 0.9, labels: 0.25},
  ]);
});
