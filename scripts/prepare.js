// Builds dist where it is not newer than everything that it is made from: what npm runs before the package is used from its own
// folder. `npx hypermorph` in a clone asks for it every time.
//
//   node scripts/prepare.js

import {spawnSync} from 'node:child_process';
import {existsSync, readdirSync, statSync} from 'node:fs';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
/** What the build writes last. */
const RESULT = join(ROOT, 'dist/bundle/program.cjs');
const FILES = ['package.json', 'tsconfig.json', 'tsconfig.build.json', 'scripts/bundle.js'];

/** Folders as well as files: one that lost a file is newer, too. */
function newestSource() {
  const sources = readdirSync(join(ROOT, 'src'), {recursive: true}).map((name) => `src/${name}`);
  const times = ['src', ...FILES, ...sources].map((name) => statSync(join(ROOT, name)).mtimeMs);
  return Math.max(...times);
}

if (existsSync(RESULT) && statSync(RESULT).mtimeMs > newestSource()) {
  process.stdout.write('dist: up to date\n');
} else {
  const {status} = spawnSync('npm run build', {cwd: ROOT, shell: true, stdio: 'inherit'});
  process.exitCode = status ?? 1;
}
