import assert from 'node:assert/strict';
import {before, test} from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import {startEngine} from '../../src/engines/select.js';
import {architectureSchema} from '../../src/models/architecture.js';
import {compactModel} from '../../src/models/compact.js';
import {initialiseWeights} from '../../src/models/initialise.js';
import {predictionBytes, trainingBytes} from '../../src/models/memory.js';
import type {ModelDraft} from '../../src/models/model-description.js';
import {completeDescription, decodeModel, encodeModel} from '../../src/models/model-file.js';
import {RegistrationNetwork} from '../../src/models/registration-network.js';
import {listWeights} from '../../src/models/weight-specs.js';
import {memberships} from '../../src/ops/memberships.js';
import {randomTensor} from '../support/tensors.js';

const plain = architectureSchema.parse({
  hypernetwork: {layers: 1, units: 6},
  unet: {encoder: [4, 4], decoder: [4, 4]},
  integrationSteps: 2,
});
const labelling = architectureSchema.parse({
  ...plain,
  labeller: {labels: 2, encoder: [3, 4], decoder: [4, 3, 5]},
});
const weights = initialiseWeights(labelling, 3);
const LABELLER = [...weights.keys()].filter((name) => name.startsWith('labeller_'));

before(async () => {
  await startEngine({engine: 'javascript'});
});

test("a labeller's weights follow those of the network, which stay as they are", () => {
  const names = listWeights(labelling).map(({name}) => name);
  assert.deepEqual(names, [...listWeights(plain).map(({name}) => name), ...LABELLER]);
  assert.deepEqual(weights.get('labeller_enc_conv_0_0/kernel')!.shape, [3, 3, 3, 1, 3]);
  assert.deepEqual(weights.get('labeller_labels/kernel')!.shape, [3, 3, 3, 5, 3]);
  for (const [name, {data}] of initialiseWeights(plain, 3)) {
    assert.deepEqual(weights.get(name)!.data, data, name);
  }
});

test('log-odds are those of the memberships of the scores, at the size of the image, and no tensor is left', () => {
  const network = RegistrationNetwork.fromWeights(labelling, weights);
  const image = randomTensor([1, 8, 12, 4, 1], 1);
  const before = tf.memory().numTensors;
  const told = network.predictLogOdds(image);
  assert.deepEqual(told.shape, [1, 8, 12, 4, 2]);
  const expected = tf.tidy(() => {
    const logs = tf.log(memberships(network.scoreLabels(image)));
    return tf.sub(tf.slice(logs, [0, 0, 0, 0, 1]), tf.slice(logs, 0, [1, 8, 12, 4, 1])).dataSync();
  });
  told.dataSync().forEach((value, n) => assert.ok(Math.abs(value - expected[n]) < 1e-5));
  told.dispose();
  assert.equal(tf.memory().numTensors, before);
  assert.equal(image.isDisposed, false);
  network.dispose();
});

test('a two-dimensional labeller tells log-odds, too', () => {
  const network = RegistrationNetwork.create({...labelling, dimensions: 2}, {seed: 1});
  const image = randomTensor([1, 8, 12, 1], 1);
  assert.deepEqual(network.predictLogOdds(image).shape, [1, 8, 12, 2]);
  network.dispose();
});

test('a network without one has nothing to tell', () => {
  const network = RegistrationNetwork.create(plain, {seed: 1});
  const image = randomTensor([1, 8, 8, 8, 1], 4);
  assert.throws(() => network.predictLogOdds(image), {
    code: 'E_WEIGHTS',
    message: 'network: must have a labeller to tell labels.',
  });
  network.dispose();
});

test('a file holds it, compact or not, and estimates of memory count it', () => {
  const draft: ModelDraft = {
    architecture: labelling,
    grid: {spacingMm: null, orientation: null, multiple: 4, trainingShape: [8, 8, 8]},
    normalisation: {kind: 'minmax'},
    hyperparameters: [{name: 'lambda', minimum: 0, maximum: 1}],
    labelWeight: 0.7,
    provenance: {},
  };
  const model = decodeModel(
    encodeModel({description: completeDescription(draft, weights), weights}),
  );
  assert.equal(model.description.labelWeight, 0.7);
  assert.deepEqual(model.description.architecture.labeller, labelling.labeller);
  const compact = compactModel(model);
  for (const name of LABELLER) {
    assert.deepEqual(model.weights.get(name)!.data, weights.get(name)!.data);
    assert.equal(compact.weights.get(name), model.weights.get(name));
  }
  assert.ok(predictionBytes(labelling, 8 ** 3) >= predictionBytes(plain, 8 ** 3));
  assert.ok(trainingBytes(labelling, 8 ** 3) > trainingBytes(plain, 8 ** 3));
});
