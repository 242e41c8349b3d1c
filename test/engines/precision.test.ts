import assert from 'node:assert/strict';
import {join} from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import {registerNativeBackend} from '../../src/engines/native/register-backend.js';
import {readModel} from '../../src/models/model-file.js';
import {RegistrationNetwork} from '../../src/models/registration-network.js';
import {test, testedBackend} from '../support/native.js';
import {seededRandom} from '../support/random.js';

const backend = await testedBackend();
const MODEL = join(import.meta.dirname, '../../data/models/default.safetensors');
const SHAPE = [64, 96, 64] as const;

/** Blobs of seeded places and sizes in [0, 1]. */
function image(seed: number): tf.Tensor {
  const random = seededRandom(seed);
  const blobs = Array.from({length: 12}, () => ({
    centre: SHAPE.map((length) => length * (0.2 + 0.6 * random())),
    width: 6 + 10 * random(),
  }));
  const values = new Float32Array(SHAPE[0] * SHAPE[1] * SHAPE[2]);
  for (let n = 0; n < values.length; n++) {
    const at = [
      Math.floor(n / SHAPE[2] / SHAPE[1]),
      Math.floor(n / SHAPE[2]) % SHAPE[1],
      n % SHAPE[2],
    ];
    for (const {centre, width} of blobs) {
      const distance = Math.hypot(...at.map((position, axis) => position - centre[axis]));
      values[n] = Math.max(values[n], Math.exp(-((distance / width) ** 2)));
    }
  }
  return tf.tensor(values, [1, ...SHAPE, 1]);
}

test('in bf16 the shipped model displaces as in float32 but for a hundredth of a voxel in the mean, whatever the threads', async () => {
  const {description, weights} = await readModel(MODEL);
  const network = RegistrationNetwork.fromWeights(description.architecture, weights);
  const inputs = {moving: image(1), fixed: image(2), hyperparameters: tf.tensor2d([[0.3]])};
  const displace = (threads: number) => {
    backend.addon.setThreads(threads);
    const prediction = network.predict(inputs);
    const values = prediction.displacement.dataSync() as Float32Array;
    tf.dispose({...prediction});
    return values;
  };
  const exact = displace(2);
  backend.precision = 'bf16';
  const rounded = displace(2);
  assert.deepEqual(displace(1), rounded);
  backend.precision = 'float32';
  assert.deepEqual(displace(2), exact);
  const difference = rounded.map((value, n) => Math.abs(value - exact[n]));
  const largest = difference.reduce((most, value) => Math.max(most, value), 0);
  const mean = difference.reduce((sum, value) => sum + value, 0) / difference.length;
  // Displacements reach 11.8; a mean of 0.009 and at most 0.24 were measured.
  assert.ok(mean > 0 && mean < 0.02, `mean difference ${mean} voxels`);
  assert.ok(largest < 0.5, `largest difference ${largest} voxels`);
  tf.dispose({...inputs});
  network.dispose();
});

test('starting again without a precision means float32', () => {
  assert.equal(registerNativeBackend({precision: 'bf16'}).precision, 'bf16');
  assert.equal(registerNativeBackend({threads: 2}).precision, 'float32');
});
