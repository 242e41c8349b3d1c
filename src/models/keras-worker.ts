// The thread on which a Keras file is read, see `decodeKerasFile`.

import {parentPort, workerData} from 'node:worker_threads';
import {HypermorphError} from '../errors.js';
import {decodeHere, type KerasAnswer} from './keras-file.js';

const bytes = workerData as Uint8Array;

/** Memory that the HDF5 library may take: a file holds little more than its weights. */
const LIBRARY_BYTES = 2 ** 28 + 4 * bytes.length;
const PAGE_BYTES = 2 ** 16;

/** Damage can make the library ask for any amount, and its memory is none that a thread can be limited to. */
function limitMemory(): void {
  const {prototype} = (globalThis as unknown as WasmHost).WebAssembly.Memory;
  const grow = prototype.grow;
  prototype.grow = function (pages) {
    if (this.buffer.byteLength + pages * PAGE_BYTES > LIBRARY_BYTES) {
      throw new RangeError('the HDF5 library asks for more memory than the file can need');
    }
    return grow.call(this, pages);
  };
}

/** What is needed of WebAssembly here: the types of Node.js leave it out. */
interface WasmHost {
  readonly WebAssembly: {readonly Memory: {readonly prototype: WasmMemory}};
}
interface WasmMemory {
  readonly buffer: ArrayBuffer;
  grow: (this: WasmMemory, pages: number) => number;
}

async function answer(): Promise<KerasAnswer> {
  try {
    return {file: await decodeHere(bytes)};
  } catch (error) {
    if (!(error instanceof HypermorphError)) throw error;
    const {code, message} = error;
    return {error: {code, message}};
  }
}

limitMemory();
parentPort?.postMessage(await answer());
