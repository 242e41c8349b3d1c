import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import {NATIVE_BACKEND} from '../../../src/engines/native/backend.js';
import '../../../src/ops/gradients.js';
import {test, testedBackend} from '../../support/native.js';
import {chainOperations, readSpecs} from '../../support/tfjs-specs.js';
import {nativeCalls, registerTensorflowNames} from './tfjs-names.js';

const backend = await testedBackend();
if (backend !== undefined) registerTensorflowNames();
chainOperations();

/** Operations whose kernels are ours, whole or in part. */
const OPERATIONS = [
  ...['conv1d', 'conv2d', 'conv3d', 'conv2d_transpose', 'conv3d_transpose'],
  ...['max_pool', 'max_pool_3d', 'pool'],
  ...['leaky_relu', 'add', 'add_n', 'sub', 'neg', 'arithmetic'],
  ...['concat', 'slice', 'slice1d', 'slice2d', 'slice3d', 'slice4d', 'pad'],
  ...['stack', 'unstack', 'split'],
];

for (const operation of OPERATIONS) {
  test(`the native engine fulfils what TensorFlow.js expects of ${operation}`, async () => {
    await tf.setBackend(NATIVE_BACKEND);
    const failures: string[] = [];
    const specs = readSpecs(operation);
    for (const {name, run} of specs) {
      try {
        await run();
      } catch (error) {
        failures.push(`${name}: ${(error as Error).message}`);
      }
    }
    assert.ok(specs.length > 0);
    assert.deepEqual(failures, []);
  });
}

test('the expectations of convolution and pooling were met by the addon', () => {
  for (const [name, calls] of nativeCalls) assert.ok(calls > 0, name);
});
