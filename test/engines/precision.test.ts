import assert from 'node:assert/strict';
import {join} from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import {registerNativeBackend} from '../../src/engines/native/register-backend.js';
import {readImage} from '../../src/formats/images/read-image.js';
import {readModel} from '../../src/models/model-file.js';
import {RegistrationNetwork} from '../../src/models/registration-network.js';
import {test, testedBackend} from '../support/native.js';

const backend = await testedBackend();
const MODEL = join(import.meta.dirname, '../../data/models/default.safetensors');
const BRAIN = join(import.meta.dirname, '../../data/brainmaps/sub05_t1.nii.gz');
/** Voxels by which the moving image is shifted. */
const SHIFT = [3, -2, 2] as const;

/** A brain on the grid of the network, in [0, 1], and the same shifted: [1, I, J, K, 1]. */
async function brains(): Promise<{fixed: tf.Tensor; moving: tf.Tensor}> {
  const {data, shape} = await readImage(BRAIN);
  const [I, J, K] = shape;
  let top = 0;
  for (const value of data) top = Math.max(top, value);
  const at = (i: number, j: number, k: number) =>
    i < 0 || j < 0 || k < 0 || i >= I || j >= J || k >= K ? 0 : data[(k * J + j) * I + i] / top;
  const shifted = ([a, b, c]: readonly number[]) =>
    tf.tensor(
      Float32Array.from({length: I * J * K}, (_, n) =>
        at(Math.floor(n / K / J) - a, (Math.floor(n / K) % J) - b, (n % K) - c),
      ),
      [1, I, J, K, 1],
    );
  return {fixed: shifted([0, 0, 0]), moving: shifted(SHIFT)};
}

test('in bf16 the shipped model displaces as in float32 but for a few hundredths of a voxel, whatever the threads', async () => {
  const {description, weights} = await readModel(MODEL);
  const network = RegistrationNetwork.fromWeights(description.architecture, weights);
  const inputs = {...(await brains()), hyperparameters: tf.tensor2d([[0.3]])};
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
  const largest = (values: Float32Array) =>
    values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  // In voxels that the network reads: displacements reach 5.2; 0.037 was measured.
  const {inputResolution} = description.architecture;
  const difference = largest(rounded.map((value, n) => value - exact[n])) / inputResolution;
  assert.ok(difference > 0);
  assert.ok(difference < 0.05, `largest difference ${difference} voxels`);
  tf.dispose({...inputs});
  network.dispose();
});

test('starting again without a precision means float32', () => {
  assert.equal(registerNativeBackend({precision: 'bf16'}).precision, 'bf16');
  assert.equal(registerNativeBackend({threads: 2}).precision, 'float32');
});
