// Measures hypermorph on this machine; with --peers, PyTorch and libtensorflow too, and with --beside another checkout, in turns with it.
//
//   node scripts/bench.js [--peers] [--beside FOLDER] [--only GROUP,...] [--threads N] [--rounds N] [--json FILE]
//
// Docs: docs/performance.md. The work itself is in scripts/bench/.

import {spawnSync} from 'node:child_process';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const main = join(root, 'scripts', 'bench', 'main.ts');
const {status} = spawnSync(process.execPath, ['--import', 'tsx', main, ...process.argv.slice(2)], {
  cwd: root,
  stdio: 'inherit',
});
process.exitCode = status ?? 1;
