import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import {PORTABLE} from '../kernels/voxel-operation.js';
import type {Engine} from './engine.js';

export const JAVASCRIPT_WARNING =
  'The javascript engine is about 300 times slower than the native one.';

/**
 * TensorFlow.js' own CPU backend: runs everywhere, on one thread.
 *
 * @param reasons - Why it is the one to run; added to its warnings.
 */
export async function startJavascript(reasons: readonly string[] = []): Promise<Engine> {
  // Otherwise its first use recommends another package, on the console.
  Reflect.set(tf.findBackend('cpu'), 'firstUse', false);
  await tf.setBackend('cpu');
  return {
    ...PORTABLE,
    name: 'javascript',
    description: `TensorFlow.js ${tf.version_core}, one thread`,
    warnings: [JAVASCRIPT_WARNING, ...reasons],
  };
}
