// Provides the programs that the benchmark of accuracy and the tests of transforms compare with: .cache/python-peers with greedy,
// ANTs, SimpleITK, the Python of FSL and of FreeSurfer, and what the scripts themselves need.
//
//   node scripts/bench/provide-peers.js
//
// A program that cannot be installed is named and left out; nothing else needs them, and those tests are skipped without.

import {execFileSync} from 'node:child_process';
import {existsSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';

const NEEDED = ['numpy==2.2.6', 'nibabel==5.3.2', 'SimpleITK==2.5.2'];
const PEERS = ['picsl_greedy==1.4.0.3', 'antspyx==0.6.3', 'fslpy==3.24.0', 'surfa==0.6.3'];

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const folder = join(root, '.cache', 'python-peers');
const python = join(folder, 'bin', 'python');
const stamp = join(folder, 'provided.txt');
const wanted = `${[...NEEDED, ...PEERS].join('\n')}\n`;

function say(text) {
  console.error(`provide-peers: ${text}`);
}

function install(...packages) {
  const words = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...packages];
  execFileSync(python, words, {stdio: 'inherit'});
}

function provide() {
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  rmSync(folder, {recursive: true, force: true});
  execFileSync('python3', ['-m', 'venv', folder], {stdio: 'inherit'});
  install(...NEEDED);
  for (const peer of PEERS) {
    try {
      install(peer, ...NEEDED);
    } catch (error) {
      say(`could not install ${peer}, it is left out: ${error.message}`);
    }
  }
  writeFileSync(stamp, wanted);
}

try {
  provide();
  say(`ready: ${python}`);
} catch (error) {
  rmSync(folder, {recursive: true, force: true});
  say(`could not install ${NEEDED.join(', ')}: ${error.message}`);
  process.exitCode = 1;
}
