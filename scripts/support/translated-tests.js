// The tests of the native kernels as plain JavaScript in a package of their own, for a machine where neither TypeScript nor the
// loader of `npm test` is: the emulated ones of test-arm64.js and test-avx512.js.

import {copyFileSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {parseArgs} from 'node:util';
import ts from 'typescript';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const TESTS = 'test/engines/native';
/** Starts Node itself, which an emulator may pass on to the machine; no kernel is in it. */
const LOADER_TEST = 'open-addon.test.ts';

/**
 * Write the package: sources and tests as JavaScript, and the addon where the loader looks for it.
 *
 * @param {string} folder - Emptied first.
 * @param {string} addon - The file of the addon.
 */
export function writeTestPackage(folder, addon) {
  rmSync(folder, {recursive: true, force: true});
  for (const room of ['src', 'test/support', TESTS]) translate(room, folder);
  const copies = {
    'package.json': join(ROOT, 'package.json'),
    'scripts/build-native.js': join(ROOT, 'scripts/build-native.js'),
    'build/native/hypermorph.node': addon,
  };
  for (const [name, source] of Object.entries(copies)) {
    mkdirSync(dirname(join(folder, name)), {recursive: true});
    copyFileSync(source, join(folder, name));
  }
}

/** Every TypeScript file below a room, as a JavaScript file at the same place below the folder. */
function translate(room, folder) {
  for (const name of readdirSync(join(ROOT, room), {recursive: true})) {
    if (!name.endsWith('.ts')) continue;
    const source = readFileSync(join(ROOT, room, name), 'utf8');
    const {outputText} = ts.transpileModule(source, {
      compilerOptions: {
        target: ts.ScriptTarget.ES2022,
        module: ts.ModuleKind.ESNext,
        verbatimModuleSyntax: true,
      },
    });
    const target = join(folder, room, name.replace(/\.ts$/, '.js'));
    mkdirSync(dirname(target), {recursive: true});
    writeFileSync(target, outputText);
  }
}

/**
 * What the command line asks for: `[--only PATTERN] [test file ...]`.
 *
 * @param {string[]} without - Names of tests that are left out unless they are asked for.
 * @returns {{tests: string[], options: string[]}} Tests as they are called in the repository, and options for Node.
 */
export function readTestArguments(without = []) {
  const {values, positionals} = parseArgs({
    allowPositionals: true,
    options: {only: {type: 'string'}},
  });
  const options = ['--test-reporter=spec'];
  if (values.only !== undefined) options.push(`--test-name-pattern=${values.only}`);
  return {tests: positionals.length > 0 ? positionals : listKernelTests(without), options};
}

function listKernelTests(without) {
  return readdirSync(join(ROOT, TESTS))
    .filter((name) => name.endsWith('.test.ts') && ![LOADER_TEST, ...without].includes(name))
    .map((name) => `${TESTS}/${name}`);
}

/** Where a test is in the package. */
export function translatedName(test) {
  return test.replace(/\.ts$/, '.js');
}
