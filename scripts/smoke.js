// Runs the built package under the Node that runs this: version, doctor, and one real registration into a temporary folder.

import {execFileSync} from 'node:child_process';
import {existsSync, mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const data = join(root, 'data', 'brainmaps');
const folder = mkdtempSync(join(tmpdir(), 'hypermorph-smoke-'));
const hypermorph = (...words) =>
  execFileSync(process.execPath, [join(root, 'bin', 'hypermorph.js'), ...words], {
    cwd: folder,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });

try {
  console.log(`node ${process.version}, hypermorph ${hypermorph('--version').trim()}`);
  console.log(hypermorph('doctor'));
  const moved = join(folder, 'moved.nii.gz');
  const [fixed, moving] = ['sub05_t1.nii.gz', 'sub11_t1.nii.gz'].map((name) => join(data, name));
  console.log(hypermorph('register', '--lambda', '0.3', '--moved', moved, fixed, moving));
  if (!existsSync(moved)) throw new Error(`${moved} was not written`);
} finally {
  rmSync(folder, {recursive: true, force: true});
}
