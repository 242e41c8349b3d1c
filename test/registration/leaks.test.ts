import assert from 'node:assert/strict';
import {test} from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import type {NativeBackend} from '../../src/engines/native/backend.js';
import {startEngine} from '../../src/engines/select.js';
import {architectureSchema} from '../../src/models/architecture.js';
import {RegistrationNetwork} from '../../src/models/registration-network.js';
import {registerPair} from '../../src/registration/register-pair.js';
import {Affine} from '../../src/geometry/affine.js';
import type {Triple} from '../../src/geometry/triple.js';
import {onEveryEngine} from '../support/engines.js';
import {named} from '../support/registration.js';
import {blobs, centredAffine, imageOf} from '../support/volumes.js';

const ARCHITECTURE = architectureSchema.parse({
  hyperparameters: 1,
  hypernetwork: {layers: 1, units: 2},
  unet: {encoder: [4, 4], decoder: [4, 4, 4]},
  integrationSteps: 2,
});

/** An image of so many voxels of 4 mm along each axis. */
function image(length: number, name: string) {
  const shape: Triple = [length, length, length];
  const spacing = Affine.scaling([4, 4, 4]);
  return named(imageOf({shape, affine: centredAffine(spacing, shape, [0, 0, 0])}, blobs), name);
}

/** What must not grow: tensors, what the pool holds and has ever taken, and the kernels' working memory. */
function memoryNow(isNative: boolean) {
  const {numTensors, numDataBuffers} = tf.memory();
  if (!isNative) return {numTensors, numDataBuffers};
  const backend: unknown = tf.backend();
  const {pool, addon} = backend as NativeBackend;
  return {numTensors, numDataBuffers, pool: pool.memory(), scratch: addon.scratchBytes()};
}

onEveryEngine('registrations', (name) => {
  // The memory of the tensorflow engine is not ours, and its small operations are slow.
  const count = name === 'tensorflow' ? 10 : 100;
  test(`${count} in a row leave no tensor and no memory behind`, async () => {
    const engine = await startEngine({engine: name});
    // From 16 voxels on, features are large enough for the pool; the javascript engine has none, and is slow.
    const length = name === 'native' ? 16 : 4;
    const [fixed, moving] = [image(length, 'fixed.nii'), image(length, 'moving.nii')];
    const registerOnce = async (n: number) => {
      const network = RegistrationNetwork.create(ARCHITECTURE, {seed: 1});
      await registerPair({
        fixed,
        moving,
        model: {
          network,
          grid: {orientation: 'RAS', spacingMm: [4, 4, 4], multiple: [4, 4, 4]},
          normalisation: {kind: 'minmax'},
        },
        engine,
        hyperparameters: [n / count],
        outputs: ['inverseWarp', 'jacobian', 'velocity'],
      });
      network.dispose();
    };
    await registerOnce(0);
    const before = memoryNow(name === 'native');
    for (let n = 1; n <= count; n++) await registerOnce(n);
    assert.deepEqual(memoryNow(name === 'native'), before);
  });
});
