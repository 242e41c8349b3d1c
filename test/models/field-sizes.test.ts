import assert from 'node:assert/strict';
import {before, test} from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import {startEngine} from '../../src/engines/select.js';
import {architectureSchema} from '../../src/models/architecture.js';
import {fieldSizes, roundHalfToEven} from '../../src/models/field-sizes.js';
import {initialiseWeights} from '../../src/models/initialise.js';
import {RegistrationNetwork} from '../../src/models/registration-network.js';

before(async () => {
  await startEngine({engine: 'javascript'});
});

const CASES = [
  {velocityResolution: 2, integrationResolution: 2, integrationSteps: 2},
  {velocityResolution: 1, integrationResolution: 1, integrationSteps: 2},
  {velocityResolution: 1, integrationResolution: 2, integrationSteps: 0},
  {velocityResolution: 2, integrationResolution: 3, integrationSteps: 1},
  {velocityResolution: 3, integrationResolution: 4, integrationSteps: 1},
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
    const size = [12, 20] as const;
    const image = tf.zeros([1, ...size, 1]);
    const velocity = network.predictVelocity({moving: image, fixed: image});
    const fields = network.integrate(velocity, size[0]);
    const {integration, displacement} = fieldSizes(architecture, size);
    assert.deepEqual(fields.integrationVelocity.shape.slice(1, -1), integration);
    assert.deepEqual(fields.displacement.shape.slice(1, -1), displacement);
    network.dispose();
  });
}

test('halves are rounded to the even number', () => {
  assert.deepEqual([0.5, 1.5, 2.5, 2.4, 2.6].map(roundHalfToEven), [0, 2, 2, 2, 3]);
});
