import {partsOf} from '../../formats/bytes.js';
import type {GzipFunction} from '../../formats/gzip.js';
import type {NativeAddon} from './addon.js';

/** Compresses on all threads of the engine, to one gzip member; the same bytes for every number of threads. */
export function createNativeGzip(addon: NativeAddon): GzipFunction {
  return (bytes) => {
    const parts = partsOf(bytes);
    const room = new Uint8Array(addon.gzipBound(parts));
    return Promise.resolve(room.subarray(0, addon.gzip(parts, room)));
  };
}
