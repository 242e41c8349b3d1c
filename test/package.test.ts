import assert from 'node:assert/strict';
import {execFile} from 'node:child_process';
import {test} from 'node:test';
import {fileURLToPath} from 'node:url';
import {promisify} from 'node:util';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

test('the package holds what it runs with: programs, sources of the addon, settings, models; no images of examples', async () => {
  const {stdout} = await promisify(execFile)(
    'npm',
    ['pack', '--dry-run', '--json', '--ignore-scripts'],
    {cwd: ROOT, maxBuffer: 2 ** 24, shell: process.platform === 'win32'},
  );
  const [{files}] = JSON.parse(stdout) as [{files: readonly {readonly path: string}[]}];
  const paths = files.map(({path}) => path);
  const known =
    /^(package\.json|README\.md|LICENSE|bin\/|dist\/|src\/native\/|scripts\/build-native\.js|prebuilds\/|configs\/|man\/|data\/models\/)/;
  assert.deepEqual(
    paths.filter((path) => !known.test(path)),
    [],
  );
  assert.deepEqual(
    paths.filter((path) => /\.(nii|gz|npy|npz|h5|png)$/.test(path)),
    [],
  );
  for (const needed of [
    'bin/hypermorph.js',
    'dist/index.js',
    'dist/models/keras-worker.js',
    'data/models/default.safetensors',
    'src/native/addon.cc',
    'scripts/build-native.js',
    'configs/training.schema.json',
    'man/hypermorph.1',
  ]) {
    assert.ok(paths.includes(needed), needed);
  }
});
