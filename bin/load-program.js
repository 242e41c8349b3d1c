// Loads dist/bundle/program.cjs. What Node.js compiles of it for a command is kept in the user's cache folder, because compiling takes
// longer than anything else at the start; a cache that is missing, of another program, or cannot be written makes no difference but time.

import {createHash} from 'node:crypto';
import {mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync} from 'node:fs';
import {createRequire} from 'node:module';
import {homedir} from 'node:os';
import {isAbsolute, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {Script} from 'node:vm';

const PROGRAM = fileURLToPath(new URL('../dist/bundle/program.cjs', import.meta.url));

const HASH_BYTES = 32;

/** The program; `command` names the cache, as every command compiles other parts. */
export function loadProgram(command = '') {
  const require = createRequire(PROGRAM);
  const cache = cacheOf(/^[a-z]+$/.test(command) ? command : 'other');
  const script = new Script(
    `(function (module, exports, require, importModule, __filename) {${readFileSync(PROGRAM, 'utf8')}\n})`,
    {filename: PROGRAM, cachedData: cache?.read()},
  );
  const module = {exports: {}};
  const importModule = (name) => import(name);
  script.runInThisContext()(module, module.exports, require, importModule, PROGRAM);
  if (cache && script.cachedDataRejected !== false) {
    // At the end everything that the command needed is compiled.
    process.on('exit', () => cache.write(script.createCachedData()));
  }
  return module.exports;
}

/** What was compiled for a command, in a file that begins with the hash of program and contents; null where it is not wanted. */
function cacheOf(command) {
  const folder = cacheFolder();
  if (folder === null) return null;
  const path = join(folder, `${command}-${process.version}-${process.arch}`);
  const {size, mtimeMs} = statSync(PROGRAM);
  // V8 itself looks at little more than lengths.
  const hashOf = (compiled) =>
    createHash('sha256').update(`${PROGRAM} ${size} ${mtimeMs}`).update(compiled).digest();
  return {
    read() {
      try {
        const bytes = readFileSync(path);
        const [hash, compiled] = [bytes.subarray(0, HASH_BYTES), bytes.subarray(HASH_BYTES)];
        return hash.equals(hashOf(compiled)) ? compiled : undefined;
      } catch {
        return undefined;
      }
    },
    write(compiled) {
      const started = `${path}.${process.pid}`;
      try {
        mkdirSync(folder, {recursive: true, mode: 0o700});
        writeFileSync(started, Buffer.concat([hashOf(compiled), compiled]), {mode: 0o600});
        renameSync(started, path);
      } catch {
        discard(started);
      }
    },
  };
}

function cacheFolder() {
  const {NODE_DISABLE_COMPILE_CACHE, XDG_CACHE_HOME} = process.env;
  if (NODE_DISABLE_COMPILE_CACHE) return null;
  try {
    const caches = XDG_CACHE_HOME || join(homedir(), '.cache');
    return isAbsolute(caches) ? join(caches, 'hypermorph') : null;
  } catch {
    return null; // A user of a container may have no home.
  }
}

function discard(path) {
  try {
    rmSync(path, {force: true});
  } catch {
    // Where nothing can be removed, nothing was written.
  }
}
