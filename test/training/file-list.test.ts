import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {mkdir, symlink, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {test} from 'node:test';
import {fits, listFiles} from '../../src/training/file-list.js';
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

test('what fits a pattern but cannot be opened is an error that names it', async (t) => {
  for (const [name, make, says] of [
    ['d.nii.gz', (path: string) => symlink('nowhere', path), /d\.nii\.gz, a link to nowhere\.$/],
    ['e.nii.gz', (path: string) => symlink(path, path), /e\.nii\.gz, a link to itself\.$/],
    [
      'f.nii.gz',
      (path: string) => Promise.resolve(execFileSync('mkfifo', [path])),
      /f\.nii\.gz, a pipe or a device\.$/,
    ],
  ] as const) {
    const root = await temporaryFolder(t);
    for (const scan of ['a.nii.gz', 'b.nii.gz']) await writeFile(join(root, scan), '');
    await make(join(root, name));
    for (const pattern of [join(root, '*.nii.gz'), join(root, name), join(root, '**/*.nii.gz')]) {
      await assert.rejects(listFiles(pattern, 'sources[0].images'), {
        code: 'E_IO',
        message: says,
      });
    }
    await mkdir(join(root, 'g.nii.gz')); // a folder of such a name is none of the files
    assert.equal(
      (await listFiles(join(root, '[ab].nii.gz'.replace('[ab]', '?')), 'x').catch(() => [])).length,
      0,
    );
  }
});

test('links that lead back to their folder are followed once', async (t) => {
  const root = await temporaryFolder(t);
  await mkdir(join(root, 'd'));
  await writeFile(join(root, 'd/a.nii'), '');
  await symlink(join(root, 'd'), join(root, 'd/back'));
  await symlink(join(root, 'd'), join(root, 'd/again'));
  await symlink(root, join(root, 'd/up'));
  const files = await listFiles(join(root, 'd/**/*.nii'), 'images');
  assert.ok(files.length >= 1 && files.length < 10, files.join());
});

test('a pattern of many stars is matched in a moment', () => {
  const start = performance.now();
  assert.equal(fits('a'.repeat(200) + 'b', '*a'.repeat(30) + '*c'), false);
  assert.equal(fits('a'.repeat(200), '*a'.repeat(30) + '*'), true);
  assert.ok(performance.now() - start < 1000);
  for (const [name, pattern, expected] of [
    ['sub-01_t1.nii', 'sub-*_t?.nii', true],
    ['abc', 'abc*', true],
    ['', '*', true],
    ['', '?', false],
    ['a.b', 'a?b', true],
    ['axb', 'a.b', false],
    ['aab', '*ab', true],
    ['ab', 'ab?', false],
  ] as const) {
    assert.equal(fits(name, pattern), expected, `${name} ${pattern}`);
  }
});
