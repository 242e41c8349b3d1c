import assert from 'node:assert/strict';
import {mkdir, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {test} from 'node:test';
import {listFiles} from '../../src/training/file-list.js';
import {temporaryFolder} from '../support/temporary-folder.js';

test('patterns fit parts of names, single letters and any folders; lists are sorted and each file comes once', async (t) => {
  const root = await temporaryFolder(t);
  await mkdir(join(root, 'a/deep'), {recursive: true});
  for (const name of [
    'b_t1.nii',
    'a_t1.nii',
    'a_t2.nii',
    '.hidden_t1.nii',
    'a/c_t1.nii',
    'a/deep/d_t1.nii',
  ]) {
    await writeFile(join(root, name), '');
  }
  const list = async (...patterns: string[]) => {
    const files = await listFiles(
      patterns.map((pattern) => join(root, pattern)),
      'images',
    );
    return files.map((file) => file.slice(root.length + 1));
  };
  assert.deepEqual(await list('*_t1.nii'), ['a_t1.nii', 'b_t1.nii']);
  assert.deepEqual(await list('a_t?.nii'), ['a_t1.nii', 'a_t2.nii']);
  assert.deepEqual(await list('*/*_t1.nii'), ['a/c_t1.nii']);
  assert.deepEqual(await list('**/*_t1.nii'), [
    'a/c_t1.nii',
    'a/deep/d_t1.nii',
    'a_t1.nii',
    'b_t1.nii',
  ]);
  assert.deepEqual(await list('b_t1.nii', '*_t1.nii'), ['a_t1.nii', 'b_t1.nii']);
});

test('a pattern or name that fits nothing is an error that names both it and the setting', async (t) => {
  const root = await temporaryFolder(t);
  for (const pattern of [join(root, '*.nii.gz'), join(root, 'none.nii'), join(root, 'no/*.nii')]) {
    await assert.rejects(listFiles(pattern, 'sources[0].images'), {
      code: 'E_CONFIG',
      message: `sources[0].images: must fit at least one file, got "${pattern}".`,
    });
  }
});
