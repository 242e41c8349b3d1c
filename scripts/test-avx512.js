#!/usr/bin/env node
// Runs the tests of the native kernels on the AVX-512 code of linux-x64 on a processor emulated by Bochs. Where a tool is missing
// it says which and succeeds. Bochs does some 50 million instructions a second: name a test file, or wait for an hour or so.
//
//   node scripts/test-avx512.js [--only PATTERN] [test file ...]      default: every file of test/engines/native
//
// Needs bochs, isolinux, syslinux-common, xorriso and busybox-static of Debian and, once, its archive for a kernel. It has to be
// Bochs 3.0, of Debian 13, or one built from its sources; Linux does not start in 3.1. BOCHS names the program, BXSHARE the folder
// of its ROMs. On a machine with AVX-512 `npm test` is the better way.

import {spawnSync} from 'node:child_process';
import {existsSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {findMissingTool, librariesOf, provideKernel, runDisc, writeDisc} from './support/bochs.js';
import {
  ROOT,
  readTestArguments,
  translatedName,
  writeTestPackage,
} from './support/translated-tests.js';

/** The first processor with AVX-512, which boots in Bochs 3.0; the later ones have more that can go wrong. */
const MODEL = 'corei7_skylake_x';
const WORK = join(ROOT, 'build/test-avx512');
const PACKAGE = join(WORK, 'package');
const DISC = join(WORK, 'disc');
/** What the tests load: of TensorFlow.js the one file that is its entry. */
const ENTRIES = ['tfjs-core', 'tfjs-backend-cpu', 'tfjs-layers'].map(
  (name) => `@tensorflow/${name}`,
);
const PACKAGES = ['seedrandom', 'zod'];
/** Reads the tests that TensorFlow.js comes with. */
const SPEC_TEST = 'tfjs-specs.test.ts';

function buildAddon() {
  const {status} = spawnSync(process.execPath, [join(ROOT, 'scripts/build-native.js')], {
    stdio: 'inherit',
  });
  const addon = join(ROOT, 'build/native/hypermorph.node');
  if (status !== 0 || !existsSync(addon)) throw new Error('the addon does not compile');
  return addon;
}

function filesOfMachine() {
  const files = {'/bin/node': process.execPath, '/package': PACKAGE};
  for (const library of librariesOf(process.execPath)) files[library] = library;
  const modules = join(ROOT, 'node_modules');
  for (const name of PACKAGES) files[`/package/node_modules/${name}`] = join(modules, name);
  for (const name of ENTRIES) {
    const {main} = JSON.parse(readFileSync(join(modules, name, 'package.json'), 'utf8'));
    for (const file of ['package.json', main])
      files[join('/package/node_modules', name, file)] = join(modules, name, file);
  }
  return files;
}

function scriptOf({tests, options}) {
  const node = ['node', ...options.map((option) => `'${option}'`)].join(' ');
  const runs = tests.map(
    (test) => `echo; echo "${test} on an emulated processor"
${node} ${translatedName(test)} || failed="$failed ${test}"`,
  );
  const isas = 'require("./build/native/hypermorph.node").compiledIsas()';
  return `cd /package
node -p '${isas}.filter(({supported}) => supported).map(({isa}) => isa).join(", ")'
${runs.join('\n')}
echo; echo "failed:\${failed:- none}"
[ -z "$failed" ]
`;
}

async function main() {
  writeTestPackage(PACKAGE, buildAddon());
  writeDisc(DISC, {
    files: filesOfMachine(),
    kernel,
    script: scriptOf(readTestArguments([SPEC_TEST])),
  });
  console.log(`avx512: starting Bochs as ${MODEL}`);
  const code = await runDisc(DISC, {model: MODEL, onText: (text) => process.stdout.write(text)});
  const ended = code === undefined ? `the machine stopped, see ${DISC}/bochs.log` : 'some failed';
  console.log(`avx512: ${code === 0 ? 'all passed' : ended}`);
  process.exitCode = code === 0 ? 0 : 1;
}

const missing = findMissingTool(MODEL);
const kernel = missing === undefined ? provideKernel(join(ROOT, '.cache/bochs-kernel')) : undefined;
if (kernel === undefined)
  console.log(
    `avx512: tests skipped, ${missing ?? 'a kernel from the Debian archive'} is missing.`,
  );
else await main();
