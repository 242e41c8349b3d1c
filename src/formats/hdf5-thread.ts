// What threads on which HDF5 files are read have in common, see `readHdf5`.

import {parentPort, workerData} from 'node:worker_threads';
import {HypermorphError} from '../errors.js';
import type {Hdf5Answer} from './hdf5.js';

const bytes = workerData as Uint8Array;

/** Memory that the HDF5 library may take: a file holds little more than its numbers. */
const LIBRARY_BYTES = 2 ** 28 + 4 * bytes.length;
const PAGE_BYTES = 2 ** 16;

/** Damage can make the library ask for any amount, and its memory is none that a thread can be limited to. */
function limitMemory(): void {
  const {prototype} = (Reflect.get(globalThis, 'WebAssembly') as WebAssembly).Memory;
  const grow = prototype.grow;
  prototype.grow = function (pages) {
    if (this.buffer.byteLength + pages * PAGE_BYTES > LIBRARY_BYTES) {
      throw new RangeError('the HDF5 library asks for more memory than the file can need');
    }
    return grow.call(this, pages);
  };
}

/** What is needed of WebAssembly here: the types of Node.js leave it out. */
interface WebAssembly {
  readonly Memory: {readonly prototype: WasmMemory};
}
interface WasmMemory {
  readonly buffer: ArrayBuffer;
  grow: (this: WasmMemory, pages: number) => number;
}

/** Read the bytes that this thread was given, with little more memory than they need, and answer with what they hold. */
export async function answerHdf5(read: (bytes: Uint8Array) => Promise<unknown>): Promise<void> {
  limitMemory();
  parentPort?.postMessage(await answerOf(() => read(bytes)));
}

async function answerOf(read: () => Promise<unknown>): Promise<Hdf5Answer> {
  try {
    return {value: await read()};
  } catch (error) {
    if (!(error instanceof HypermorphError)) throw error;
    const {code, message} = error;
    return {error: {code, message}};
  }
}
