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
  const command = process.env.HYPERMORPH_PYTHON ?? join(ROOT, '.cache', 'python', 'bin', 'python');
  try {
    execFileSync(command, ['-c', `import ${modules.join(', ')}`], {stdio: 'ignore'});
    return {command};
  } catch {
    return {
      missing: `no Python with ${modules.join(' and ')}: run node scripts/provide-python.js, or set HYPERMORPH_PYTHON`,
    };
  }
}

/** What one of our scripts in scripts/reference prints, as JSON. */
export function runReference(command: string, script: string, args: readonly string[]): unknown {
  const path = join(ROOT, 'scripts', 'reference', script);
  const maxBuffer = 1 << 28;
  return JSON.parse(execFileSync(command, [path, ...args], {encoding: 'utf8', maxBuffer}));
}
