import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';

/** An engine that this machine can run, and how to make it the current one. */
export interface TestEngine {
  readonly name: string;
  readonly activate: () => Promise<void>;
}

export async function testEngines(): Promise<readonly TestEngine[]> {
  const engines: TestEngine[] = [{name: 'javascript', activate: () => setBackend('cpu')}];
  return engines;
}

async function setBackend(name: string): Promise<void> {
  await tf.setBackend(name);
  await tf.ready();
}
