import '@tensorflow/tfjs-backend-cpu';
import assert from 'node:assert/strict';
import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import {test} from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import {openModel} from '../../src/models/open-model.js';
import {temporaryFolder} from '../support/temporary-folder.js';
import {writeTinyModel} from '../support/tiny-model.js';

test('a model opens from a path and from bytes alike, says what it expects, and leaves nothing behind', async (t) => {
  const path = join(await temporaryFolder(t), 'model.safetensors');
  await writeTinyModel(path);
  const before = tf.memory().numTensors;
  for (const source of [path, await readFile(path)]) {
    const model = await openModel(source);
    assert.ok(tf.memory().numTensors > before);
    assert.deepEqual(model.grid, {orientation: 'LIA', spacingMm: [4, 4, 4], multiple: [4, 4, 4]});
    assert.deepEqual(model.normalisation, {kind: 'minmax'});
    assert.deepEqual(
      model.hyperparameters.map(({name}) => name),
      ['lambda'],
    );
    assert.match(model.description.contentHash, /^[0-9a-f]{64}$/);
    model.dispose();
    assert.equal(tf.memory().numTensors, before);
  }
});

test('a file that is no model is named', async () => {
  await assert.rejects(openModel('absent.safetensors'), {
    code: 'E_IO',
    message: 'absent.safetensors: cannot be read: no such file or folder.',
  });
});
