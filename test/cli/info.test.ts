import assert from 'node:assert/strict';
import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {test} from 'node:test';
import {geometryFromGrid} from '../../src/formats/images/nifti/geometry.js';
import {writeImage} from '../../src/formats/images/write-image.js';
import type {Triple} from '../../src/geometry/triple.js';
import {runCli} from '../support/cli.js';
import {temporaryFolder} from '../support/temporary-folder.js';
import {writeTinyModel} from '../support/tiny-model.js';
import {obliqueAffine} from '../support/volumes.js';

const SHAPE: Triple = [4, 5, 6];
const GEOMETRY = geometryFromGrid({affine: obliqueAffine([0, 0, 0], [-2, 2, 3], [10, 20, 30])});

test('info says how an image is stored', async (t) => {
  const path = join(await temporaryFolder(t), 'image.nii.gz');
  await writeImage(path, {
    shape: SHAPE,
    data: new Int16Array(120),
    geometry: GEOMETRY,
    description: 'made here',
  });
  const {code, stdout, stderr} = await runCli(['info', path]);
  assert.equal(code, 0);
  assert.equal(stderr, '');
  for (const line of [
    /^size +4 x 5 x 6$/m,
    /^spacing +2 x 2 x 3 mm$/m,
    /^orientation +LAS$/m,
    /^placement +from the sform \(qform code 1, sform code 1\)$/m,
    /^first voxel +10, 20, 30 mm/m,
    /^numbers +int16$/m,
    /^storage +NIfTI-1, little-endian, gzip$/m,
    /^text +made here$/m,
  ]) {
    assert.match(stdout, line);
  }
});

test('info says what the numbers of a warp mean', async (t) => {
  const path = join(await temporaryFolder(t), 'warp.nii');
  await writeImage(path, {
    shape: SHAPE,
    components: 3,
    data: new Float32Array(360),
    geometry: GEOMETRY,
    intent: {code: 1007},
  });
  const {stdout} = await runCli(['info', path]);
  assert.match(stdout, /^kind +vector field \(.*LPS mm\)$/m);
});

test('info says what a model expects, whatever its name', async (t) => {
  const folder = await temporaryFolder(t);
  const path = join(folder, 'model.bin');
  await writeTinyModel(path);
  const {code, stdout} = await runCli(['info', path]);
  assert.equal(code, 0);
  for (const line of [
    /^network +3-D HyperMorph, [\d,]+ numbers$/m,
    /^grid +LIA, 4 x 4 x 4 mm, sizes multiples of 4, trained at 16 x 16 x 16$/m,
    /^lambda +0 to 1, recommended 0\.3$/m,
    /^data +none: random weights for tests$/m,
    /^content hash +[0-9a-f]{64}$/m,
  ]) {
    assert.match(stdout, line);
  }
  const json = JSON.parse((await runCli(['info', '--json', path])).stdout) as {
    parameters: number;
    architecture: {unet: {encoder: number[]}};
  };
  assert.deepEqual(json.architecture.unet.encoder, [4, 4]);
  assert.ok(json.parameters > 1000);
});

test('info says with which lambda a model does best on what', async (t) => {
  const path = join(await temporaryFolder(t), 'model.safetensors');
  const recommended = {
    brains: {overall: [0.3, 1]},
    lungs: {overall: [0.6, 1], labels: {'17': [0.8, 2]}},
  };
  const hyperparameters = ['lambda', 'gamma'].map((name) => ({name, minimum: 0, maximum: 2}));
  await writeTinyModel(path, {hyperparameters, recommended});
  const {stdout} = await runCli(['info', path]);
  const rows = [...stdout.matchAll(/^recommended +(.*)$/gm)].map(([, text]) => text);
  assert.deepEqual(rows, [
    'lambda 0.3, gamma 1 for brains',
    'lambda 0.6, gamma 1 for lungs',
    'lambda 0.8, gamma 2 for lungs, label 17',
  ]);
  const json = JSON.parse((await runCli(['info', '--json', path])).stdout) as object;
  assert.deepEqual((json as {recommended: object}).recommended, recommended);
});

test('info refuses what is neither, and what is not there', async (t) => {
  const folder = await temporaryFolder(t);
  const path = join(folder, 'notes.txt');
  await writeFile(path, 'neither an image nor a model');
  for (const file of [path, join(folder, 'absent.nii')]) {
    const {code, stdout, logs} = await runCli(['info', file]);
    assert.equal(code, 3);
    assert.equal(stdout, '');
    assert.equal(logs.length, 1);
    assert.ok(logs[0].msg.startsWith(`${file}: `));
  }
});
