import assert from 'node:assert/strict';
import {mkdir, readdir, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {test} from 'node:test';
import {buildNifti} from '../support/nifti-builder.js';
import {runCli} from '../support/cli.js';
import {malformedBytes, REFUSALS} from '../support/malformed-nifti.js';
import {temporaryFolder} from '../support/temporary-folder.js';
import {writeTinyModel} from '../support/tiny-model.js';

test('register ends with exit code 3, one sentence and no output for every malformed image', async (t) => {
  const folder = await temporaryFolder(t);
  const path = (...names: string[]) => join(folder, ...names);
  await writeTinyModel(path('model.safetensors'));
  await writeFile(path('good.nii'), buildNifti());
  for (const [n, refusal] of REFUSALS.entries()) {
    const {name, says, options = {}} = refusal;
    await mkdir(path(String(n)));
    const image = path(String(n), 'image.nii'); // the name that the table's sentences know
    await writeFile(image, malformedBytes(refusal));
    const {code, stdout, stderr, logs} = await runCli([
      ...['register', '--model', path('model.safetensors'), '--engine', 'javascript'],
      ...(options.volume === undefined ? [] : ['--volume', String(options.volume)]),
      ...(options.geometry === undefined ? [] : ['--geometry', options.geometry]),
      ...['-o', path('moved.nii'), '--warp', path('warp.nii')],
      ...(n % 2 === 0 ? [image, path('good.nii')] : [path('good.nii'), image]),
    ]);
    assert.equal(code, 3, name);
    assert.equal(stdout, '', name);
    assert.deepEqual(
      logs.map(({msg}) => msg),
      [`${image}: ${says.replaceAll(/`volume: (\d)`/g, '--volume $1')}`],
    );
    assert.ok(stderr.trim().split('\n').length <= 2, name); // a sentence, and a hint
  }
  const names = await readdir(folder);
  assert.ok(!names.includes('moved.nii') && !names.includes('warp.nii'));
});
