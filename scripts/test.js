// Runs the tests: all of them, or the files and folders that are named.
//
//   node scripts/test.js [--isa NAME] [--no-native] [file or folder ...]
//
// --isa forces one instruction set of the native engine, --no-native hides its addon.

import {spawnSync} from 'node:child_process';
import {readdirSync, statSync} from 'node:fs';
import {availableParallelism} from 'node:os';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

function findTests(path) {
  if (statSync(path).isFile()) return [path];
  return readdirSync(path, {recursive: true})
    .filter((name) => name.endsWith('.test.ts'))
    .sort()
    .map((name) => join(path, name));
}

const environment = {...process.env};
const paths = [];
const words = process.argv.slice(2);
while (words.length > 0) {
  const word = words.shift();
  if (word === '--isa') environment.HYPERMORPH_FORCE_ISA = words.shift();
  else if (word === '--no-native') environment.HYPERMORPH_NO_NATIVE = '1';
  else paths.push(word);
}

const files = (paths.length > 0 ? paths : ['test']).flatMap((path) => findTests(join(root, path)));
const {status} = spawnSync(
  process.execPath,
  [
    '--import',
    'tsx',
    '--test',
    '--test-reporter=spec',
    `--test-concurrency=${Math.min(2, availableParallelism())}`,
    ...files,
  ],
  {cwd: root, stdio: 'inherit', env: environment},
);
process.exitCode = status ?? 1;
