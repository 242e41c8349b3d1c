import {execFileSync} from 'node:child_process';
import {join} from 'node:path';

const ROOT = join(import.meta.dirname, '..', '..');

/** A Python interpreter with what a test needs, or the reason why there is none. */
export type Python =
  | {readonly command: string; readonly missing?: never}
  | {readonly command?: never; readonly missing: string};

/**
 * Look for a Python that can import the named modules: HYPERMORPH_PYTHON, else the one of scripts/provide-python.js.
 *
 * Tests skip visibly with `missing` where there is none.
 */
export function findPython(...modules: readonly string[]): Python {
  const own = process.env.HYPERMORPH_PYTHON ?? join(ROOT, '.cache', 'python', 'bin', 'python');
  return withModules(own, modules, 'scripts/provide-python.js, or set HYPERMORPH_PYTHON');
}

/** The same with the large programs of scripts/bench/provide-peers.js, such as ANTs. */
export function findPeers(...modules: readonly string[]): Python {
  const command = join(ROOT, '.cache', 'python-peers', 'bin', 'python');
  return withModules(command, modules, 'scripts/bench/provide-peers.js');
}

function withModules(command: string, modules: readonly string[], remedy: string): Python {
  try {
    execFileSync(command, ['-c', `import ${modules.join(', ')}`], {stdio: 'ignore'});
    return {command};
  } catch {
    return {missing: `no Python with ${modules.join(' and ')}: run node ${remedy}`};
  }
}

/** What one of our scripts in scripts/reference prints, as JSON. */
export function runReference(command: string, script: string, args: readonly string[]): unknown {
  const path = join(ROOT, 'scripts', 'reference', script);
  const maxBuffer = 1 << 28;
  return JSON.parse(execFileSync(command, [path, ...args], {encoding: 'utf8', maxBuffer}));
}
