import '@tensorflow/tfjs-backend-cpu';
import {existsSync} from 'node:fs';
import {createRequire} from 'node:module';
import {before, describe, test} from 'node:test';
import {fileURLToPath} from 'node:url';
import util from 'node:util';
import * as tf from '@tensorflow/tfjs-core';
import {registerNativeBackend} from '../../src/engines/native/backend.js';

/** An engine that this machine can run, and how to make it the current one. */
export interface TestEngine {
  readonly name: string;
  readonly activate: () => Promise<void>;
}

export async function testEngines(): Promise<readonly TestEngine[]> {
  const engines: TestEngine[] = [{name: 'javascript', activate: () => setBackend('cpu')}];
  if (process.env.TF_PREFIX && existsSync(process.env.TF_PREFIX)) {
    (util as any).isNullOrUndefined ??= (x: unknown) => x == null;
    createRequire(process.env.TF_PREFIX + '/x.js')('@tensorflow/tfjs-node-gpu');
    engines.push({name: 'tensorflow', activate: () => setBackend('tensorflow')});
  }
  registerNativeBackend();
  engines.push({name: 'native', activate: () => setBackend('native')});
  return process.env.ONLY ? engines.filter((e) => e.name === process.env.ONLY) : engines;
}

async function setBackend(name: string): Promise<void> {
  await tf.setBackend(name);
  await tf.ready();
}
const available = await testEngines();

/** Register tests once for every engine. */
export function onEveryEngine(what: string, tests: () => void): void {
  for (const engine of available) {
    describe(`${what} on ${engine.name}`, () => {
      before(engine.activate);
      tests();
    });
  }
}
