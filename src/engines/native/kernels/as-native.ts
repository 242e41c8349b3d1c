import type {NativeBackend} from '../backend.js';

/** The backend of a kernel call. */
export function asNative(backend: unknown): NativeBackend {
  return backend as NativeBackend;
}
