import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {chmodSync, readdirSync, readFileSync, statSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {test} from 'node:test';
import {fileURLToPath} from 'node:url';
import {VERSION} from '../../src/version.js';
import {temporaryFolder} from '../support/temporary-folder.js';

const PROGRAM = fileURLToPath(new URL('../../bin/hypermorph.js', import.meta.url));

/** What `--version` prints with a cache folder of its own. */
function start(cache: string, environment: Record<string, string> = {}): string {
  const env = {...process.env, XDG_CACHE_HOME: cache, ...environment};
  return execFileSync(process.execPath, [PROGRAM, '--version'], {env, encoding: 'utf8'}).trim();
}

function cacheFile(cache: string): string {
  const names = readdirSync(join(cache, 'hypermorph'));
  assert.equal(names.length, 1, names.join(' '));
  return join(cache, 'hypermorph', names[0]);
}

test('a start keeps what was compiled, for its user alone, and the next one takes it', async (t) => {
  const cache = await temporaryFolder(t);
  assert.equal(start(cache), VERSION);
  const file = cacheFile(cache);
  const {mode, mtimeMs} = statSync(file);
  assert.equal(mode & 0o077, 0);
  assert.equal(start(cache), VERSION);
  assert.equal(statSync(file).mtimeMs, mtimeMs, 'written again');
});

test('a damaged cache is made again', async (t) => {
  const cache = await temporaryFolder(t);
  start(cache);
  const file = cacheFile(cache);
  const whole = readFileSync(file);
  for (const damage of [
    whole.subarray(0, 20),
    whole.subarray(0, 5000),
    whole.map((byte, n) => (n === whole.length >> 1 ? byte ^ 1 : byte)),
    Buffer.alloc(0),
  ]) {
    writeFileSync(file, damage);
    assert.equal(start(cache), VERSION);
    assert.ok(readFileSync(file).length > 5000);
  }
});

test('where no cache can be kept or none is wanted the program starts all the same', async (t) => {
  const cache = await temporaryFolder(t);
  const file = join(cache, 'file');
  writeFileSync(file, '');
  assert.equal(start(file), VERSION);
  const closed = await temporaryFolder(t);
  chmodSync(closed, 0o500);
  assert.equal(start(join(closed, 'none')), VERSION);
  chmodSync(closed, 0o700);
  const cwd = await temporaryFolder(t);
  for (const [XDG_CACHE_HOME, HOME] of [
    ['relative', cwd],
    ['', ''],
  ]) {
    const env = {...process.env, XDG_CACHE_HOME, HOME};
    const printed = execFileSync(process.execPath, [PROGRAM, '--version'], {cwd, env});
    assert.equal(printed.toString().trim(), VERSION);
    assert.deepEqual(readdirSync(cwd), []);
  }
  const unused = await temporaryFolder(t);
  assert.equal(start(unused, {NODE_DISABLE_COMPILE_CACHE: '1'}), VERSION);
  assert.deepEqual(readdirSync(unused), []);
});
