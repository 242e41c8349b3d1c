// Provides the Python of the benchmarks' peers: .cache/python-torch with PyTorch and nibabel.
//
//   node scripts/bench/provide-torch.js
//
// PyTorch's wheel in the package index brings its CUDA libraries, so this takes some 7 GB; nothing but the benchmarks needs it.

import {execFileSync} from 'node:child_process';
import {existsSync, rmSync, writeFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';

const PACKAGES = ['torch==2.9.1', 'numpy==2.2.6', 'nibabel==5.3.2'];

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const folder = join(root, '.cache', 'python-torch');
const python = join(folder, 'bin', 'python');
const stamp = join(folder, 'provided.txt');

function say(text) {
  console.error(`provide-torch: ${text}`);
}

if (existsSync(stamp)) {
  say(`ready: ${python}`);
} else {
  try {
    rmSync(folder, {recursive: true, force: true});
    execFileSync('python3', ['-m', 'venv', folder], {stdio: 'inherit'});
    const words = ['-m', 'pip', 'install', '--quiet', '--no-cache-dir', ...PACKAGES];
    execFileSync(python, words, {stdio: 'inherit'});
    writeFileSync(stamp, `${PACKAGES.join('\n')}\n`);
    say(`ready: ${python}`);
  } catch (error) {
    rmSync(folder, {recursive: true, force: true});
    say(`could not install ${PACKAGES.join(', ')}: ${error.message}`);
    process.exitCode = 1;
  }
}
