import assert from 'node:assert/strict';
import {before, test} from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import {startEngine} from '../../src/engines/select.js';
import {architectureSchema, sizeMultiple} from '../../src/models/architecture.js';
import {fieldSizes, roundHalfToEven} from '../../src/models/field-sizes.js';
import {initialiseWeights} from '../../src/models/initialise.js';
import {RegistrationNetwork} from '../../src/models/registration-network.js';
import {meanPool} from '../../src/ops/mean-pool.js';
import {expectTensorClose, randomTensor} from '../support/tensors.js';

before(async () => {
  await startEngine({engine: 'javascript'});
});

const CASES = [
  {velocityResolution: 2, integrationResolution: 2, integrationSteps: 2},
  {velocityResolution: 1, integrationResolution: 1, integrationSteps: 2},
  {velocityResolution: 1, integrationResolution: 2, integrationSteps: 0},
  {velocityResolution: 2, integrationResolution: 3, integrationSteps: 1},
  {velocityResolution: 3, integrationResolution: 4, integrationSteps: 1},
  {inputResolution: 2, velocityResolution: 2, integrationResolution: 2, integrationSteps: 1},
  {inputResolution: 2, velocityResolution: 4, integrationResolution: 4, integrationSteps: 1},
];

for (const settings of CASES) {
  test(`the fields of a network with ${JSON.stringify(settings)} have the sizes that are foreseen`, () => {
    const architecture = architectureSchema.parse({
      dimensions: 2,
      hyperparameters: 0,
      unet: {encoder: [2, 2], decoder: [2, 2]},
      ...settings,
    });
    const network = RegistrationNetwork.fromWeights(
      architecture,
      initialiseWeights(architecture, 1),
    );
    const size = [24, 40] as const;
    const image = tf.zeros([1, ...size, 1]);
    const velocity = network.predictVelocity({moving: image, fixed: image});
    const fields = network.integrate(velocity, size[0]);
    const {integration, displacement} = fieldSizes(architecture, size);
    assert.deepEqual(fields.integrationVelocity.shape.slice(1, -1), integration);
    assert.deepEqual(fields.displacement.shape.slice(1, -1), displacement);
    network.dispose();
  });
}

test('a network that reads halved images finds what it would find in them', () => {
  const halved = architectureSchema.parse({
    inputResolution: 2,
    velocityResolution: 4,
    integrationResolution: 4,
    unet: {encoder: [3, 4], decoder: [4, 3, 2]},
  });
  assert.equal(sizeMultiple(halved), 8);
  const plain = {...halved, inputResolution: 1, velocityResolution: 2};
  const weights = initialiseWeights(halved, 1);
  const [reader, whole] = [halved, plain].map((one) =>
    RegistrationNetwork.fromWeights(one, weights),
  );
  const hyperparameters = tf.tensor2d([[0.4]]);
  const [moving, fixed] = [1, 2].map((seed) => randomTensor([1, 8, 16, 8, 1], seed));
  const small = (image: tf.Tensor) => meanPool(image, 2);
  expectTensorClose(
    reader.predictVelocity({moving, fixed, hyperparameters}),
    whole.predictVelocity({moving: small(moving), fixed: small(fixed), hyperparameters}),
    1e-9,
  );
  assert.deepEqual(
    reader.predict({moving, fixed, hyperparameters}).displacement.shape,
    [1, 8, 16, 8, 3],
  );
  for (const network of [reader, whole]) network.dispose();
});

test('halves are rounded to the even number', () => {
  assert.deepEqual([0.5, 1.5, 2.5, 2.4, 2.6].map(roundHalfToEven), [0, 2, 2, 2, 3]);
});
