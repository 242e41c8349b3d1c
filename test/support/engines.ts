import {existsSync} from 'node:fs';
import {before, describe, test} from 'node:test';
import {fileURLToPath} from 'node:url';
import * as tf from '@tensorflow/tfjs-core';
import {startEngine, type EngineName} from '../../src/engines/select.js';

/** An engine that this machine can run, and how to make it the current one. */
export interface TestEngine {
  readonly name: EngineName;
  readonly activate: () => Promise<void>;
}

/** Where `scripts/provide-libtensorflow.js` puts the tensorflow engine's package. */
const PROVIDED = fileURLToPath(new URL('../../.cache/libtensorflow', import.meta.url));
if (existsSync(PROVIDED)) process.env.HYPERMORPH_TENSORFLOW_PREFIX ??= PROVIDED;

const NAMES: readonly EngineName[] = ['javascript', 'tensorflow', 'native'];
const BACKENDS = {javascript: 'cpu', tensorflow: 'tensorflow', native: 'native'} as const;

const available: TestEngine[] = [];
const missing = new Map<EngineName, string>();
for (const name of NAMES) {
  try {
    await startEngine({engine: name});
    available.push({name, activate: () => useBackend(BACKENDS[name])});
  } catch (error) {
    missing.set(name, error instanceof Error ? error.message : String(error));
  }
}

async function useBackend(name: string): Promise<void> {
  await tf.setBackend(name);
  await tf.ready();
}

/** Register tests once for every engine; one that does not load on this machine is a visible skip. */
export function onEveryEngine(what: string, tests: (engine: EngineName) => void): void {
  for (const {name, activate} of available) {
    describe(`${what} on ${name}`, () => {
      before(activate);
      tests(name);
    });
  }
  for (const [name, reason] of missing) {
    test(`${what} on ${name}`, {skip: reason});
  }
}
