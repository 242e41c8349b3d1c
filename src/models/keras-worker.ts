// The thread on which a Keras file is read, see `decodeKerasFile`.

import {parentPort, workerData} from 'node:worker_threads';
import {HypermorphError} from '../errors.js';
import {decodeHere, type KerasAnswer} from './keras-file.js';

const bytes = workerData as Uint8Array;

async function answer(): Promise<KerasAnswer> {
  try {
    return {file: await decodeHere(bytes)};
  } catch (error) {
    if (!(error instanceof HypermorphError)) throw error;
    const {code, message} = error;
    return {error: {code, message}};
  }
}

parentPort?.postMessage(await answer());
