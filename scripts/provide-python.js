// Provides the Python that some tests compare with: .cache/python with numpy, nibabel, SimpleITK, SciPy, TensorBoard and the
// validator of BIDS, and clang-format for the C++ sources.
//
//   node scripts/provide-python.js
//
// Nothing else needs it: without Python or the package index those tests are skipped, and say so.

import {execFileSync} from 'node:child_process';
import {existsSync, mkdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';

// The newest versions that Python 3.10, 3.11 and newer all have wheels for.
const PACKAGES = [
  'numpy==2.2.6',
  'nibabel==5.3.2',
  'SimpleITK==2.5.2',
  'scipy==1.15.3',
  'clang-format==19.1.7',
  'tensorboard==2.21.0',
  'bids-validator-deno==3.0.2',
];

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const folder = join(root, '.cache', 'python');
const python = join(folder, 'bin', 'python');
const stamp = join(folder, 'provided.txt');
const wanted = PACKAGES.join('\n');

function say(text) {
  console.error(`provide-python: ${text}`);
}

function lastLines(error) {
  const text = String(error.stderr ?? error.message ?? error).trim();
  return text.split('\n').slice(-3).join('\n  ');
}

function findInterpreter() {
  for (const command of ['python3', 'python']) {
    try {
      const version = execFileSync(command, ['-c', 'import sys; print(*sys.version_info[:2])'], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      const [major, minor] = version.trim().split(' ').map(Number);
      if (major === 3 && minor >= 10) return command;
    } catch {
      // Not there: try the next name.
    }
  }
  return null;
}

function provide() {
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) {
    say(`ready: ${python}`);
    return;
  }
  const interpreter = findInterpreter();
  if (interpreter === null) {
    say(
      'no Python 3.10 or newer here; tests that compare with nibabel or SimpleITK will be skipped.',
    );
    return;
  }
  const quiet = {encoding: 'utf8', stdio: ['ignore', 'ignore', 'pipe']};
  try {
    rmSync(folder, {recursive: true, force: true});
    mkdirSync(dirname(folder), {recursive: true});
    execFileSync(interpreter, ['-m', 'venv', folder], quiet);
    execFileSync(
      python,
      ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...PACKAGES],
      quiet,
    );
    writeFileSync(stamp, wanted);
    say(`ready: ${python}`);
  } catch (error) {
    rmSync(folder, {recursive: true, force: true});
    say(
      `could not install ${PACKAGES.join(', ')}; tests that compare with them will be skipped.\n  ${lastLines(error)}`,
    );
  }
}

provide();
