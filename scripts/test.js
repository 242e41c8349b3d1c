// Runs the tests: all of them, or the files and folders that are named.
//
//   node scripts/test.js [--isa NAME] [--no-native] [--sanitize] [file or folder ...]
//
// --isa forces one instruction set of the native engine, --no-native hides its addon. --sanitize runs the tests of the native
// kernels, unless others are named, on an addon that is built with the address and undefined-behaviour sanitizers of g++ and
// stops at the first fault; Linux only.

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

/** Build the addon with sanitizers. @returns What makes Node load it, and the sanitizers before anything else. */
function sanitizedEnvironment() {
  const build = spawnSync(process.execPath, ['scripts/build-native.js', '--sanitize'], {
    cwd: root,
    stdio: 'inherit',
  });
  if (build.status !== 0) process.exit(1);
  const [compiler, ...first] = (process.env['CXX'] ?? 'c++').split(' ');
  const {stdout} = spawnSync(compiler, [...first, '-print-file-name=libasan.so'], {
    encoding: 'utf8',
  });
  return {
    HYPERMORPH_ADDON: join(root, 'build/native-sanitize/hypermorph.node'),
    LD_PRELOAD: stdout.trim(),
    // Node frees little when it ends, and handles some faults of WebAssembly itself.
    ASAN_OPTIONS: 'detect_leaks=0:allow_user_segv_handler=1',
    UBSAN_OPTIONS: 'halt_on_error=1:print_stacktrace=1',
  };
}

const environment = {...process.env};
const paths = [];
let standard = 'test';
const words = process.argv.slice(2);
while (words.length > 0) {
  const word = words.shift();
  if (word === '--isa') environment.HYPERMORPH_FORCE_ISA = words.shift();
  else if (word === '--no-native') environment.HYPERMORPH_NO_NATIVE = '1';
  else if (word === '--sanitize') {
    Object.assign(environment, sanitizedEnvironment());
    standard = 'test/engines/native';
  } else paths.push(word);
}

const files = (paths.length > 0 ? paths : [standard]).flatMap((path) =>
  findTests(join(root, path)),
);
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
