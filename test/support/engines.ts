import '@tensorflow/tfjs-backend-cpu';
import {createRequire} from 'node:module';
import {existsSync} from 'node:fs';
import util from 'node:util';
import * as tf from '@tensorflow/tfjs-core';

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
    if (process.env.ONLY) engines.length = 0;
    engines.push({name: 'tensorflow', activate: () => setBackend('tensorflow')});
  }
  return engines;
}

async function setBackend(name: string): Promise<void> {
  await tf.setBackend(name);
  await tf.ready();
}
