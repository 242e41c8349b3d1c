// Provides the `tensorflow` engine where @tensorflow/tfjs-node-gpu cannot download its library:
// .cache/libtensorflow with that package, compiled against the TensorFlow inside the Python wheel `tensorflow-cpu`.
//
//   node scripts/provide-libtensorflow.js
//
// Needs npm, Python 3 with pip, and g++; takes minutes and 1.2 GB. Where something is missing, the engine's tests are skipped.

import {execFileSync} from 'node:child_process';
import {copyFileSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync} from 'node:fs';
import {createRequire} from 'node:module';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';

const TFJS_VERSION = '4.22.0';
const TENSORFLOW_VERSION = '2.21.0';
const LIBRARIES = ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2'];

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const prefix = join(root, '.cache', 'libtensorflow');
const addon = join(prefix, 'node_modules', '@tensorflow', 'tfjs-node-gpu');
const wheel = join(prefix, 'wheel');

const say = (text) => console.error(`provide-libtensorflow: ${text}`);
const runQuietly = (command, words, options = {}) =>
  execFileSync(command, words, {stdio: ['ignore', 'ignore', 'pipe'], ...options});

function loads() {
  try {
    // tfjs-node calls a function that newer Node versions no longer have.
    const probe = `require('util').isNullOrUndefined ??= (x) => x == null;
      process.exit(require(${JSON.stringify(addon)}).getBackend() === 'tensorflow' ? 0 : 1)`;
    runQuietly(process.execPath, ['-e', probe], {env: {...process.env, TF_CPP_MIN_LOG_LEVEL: '2'}});
    return true;
  } catch {
    return false;
  }
}

function fetchPackage() {
  mkdirSync(prefix, {recursive: true});
  writeFileSync(join(prefix, 'package.json'), '{"private": true}\n');
  const names = [`@tensorflow/tfjs-node-gpu@${TFJS_VERSION}`, 'node-api-headers'];
  const words = ['install', '--ignore-scripts', '--no-audit', '--no-fund', ...names];
  runQuietly('npm', words, {cwd: prefix});
}

function fetchLibraries() {
  mkdirSync(wheel, {recursive: true});
  const name = `tensorflow-cpu==${TENSORFLOW_VERSION}`;
  runQuietly('python3', ['-m', 'pip', 'download', '--quiet', '--no-deps', '--dest', wheel, name]);
  const file = readdirSync(wheel).find((entry) => entry.endsWith('.whl'));
  const members = [...LIBRARIES.map((library) => `tensorflow/${library}`), 'tensorflow/include/'];
  const unpack = `import sys, zipfile
archive = zipfile.ZipFile(sys.argv[1])
archive.extractall(sys.argv[2], [m for m in archive.namelist() if m.startswith(tuple(sys.argv[3:]))])`;
  runQuietly('python3', ['-c', unpack, join(wheel, file), wheel, ...members]);
}

function compileBinding() {
  const libraries = join(addon, 'deps', 'lib');
  const output = join(addon, 'lib', 'napi-v8');
  for (const folder of [libraries, output]) mkdirSync(folder, {recursive: true});
  for (const library of LIBRARIES) {
    copyFileSync(join(wheel, 'tensorflow', library), join(libraries, library));
  }
  const headers = createRequire(join(prefix, 'package.json'))('node-api-headers').include_dir;
  const defines = [
    'NAPI_VERSION=8',
    'NODE_GYP_MODULE_NAME=tfjs_binding',
    'BUILDING_NODE_EXTENSION',
  ];
  runQuietly('g++', [
    ...['-O2', '-w', '-fPIC', '-shared', '-std=c++17'],
    ...defines.map((define) => `-D${define}`),
    ...[headers, join(wheel, 'tensorflow', 'include'), addon].map((folder) => `-I${folder}`),
    ...['tfjs_backend.cc', 'tfjs_binding.cc'].map((file) => join(addon, 'binding', file)),
    ...['-o', join(output, 'tfjs_binding.node'), `-L${libraries}`],
    ...LIBRARIES.map((library) => `-l:${library}`),
    '-Wl,-rpath,$ORIGIN/../../deps/lib',
  ]);
}

function provide() {
  try {
    prepare();
  } finally {
    rmSync(wheel, {recursive: true, force: true});
  }
}

function prepare() {
  if (existsSync(addon) && loads()) return say(`ready: ${prefix}`);
  for (const [what, step] of [
    ['installing @tensorflow/tfjs-node-gpu', fetchPackage],
    ['fetching TensorFlow', fetchLibraries],
    ['compiling the binding', compileBinding],
  ]) {
    say(what);
    try {
      step();
    } catch (error) {
      const reason = String(error.stderr ?? error.message)
        .trim()
        .split('\n')
        .slice(-3)
        .join('\n  ');
      return say(`not available, ${what} failed:\n  ${reason}`);
    }
  }
  rmSync(wheel, {recursive: true, force: true});
  return say(
    loads() ? `ready: ${prefix}` : 'not available: the binding was built but does not load',
  );
}

provide();
