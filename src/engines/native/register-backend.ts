import * as tf from '@tensorflow/tfjs-core';
import {registerTensorKernel} from '../../kernels/tensor-operation.js';
import type {StartOptions} from '../engine.js';
import type {NativeAddon} from './addon.js';
import {NATIVE_BACKEND, NativeBackend} from './backend.js';
import {releasingMemory} from './gradient-memory.js';
import {TENSOR_KERNELS} from './kernels/index.js';
import {loadAddon} from './open-addon.js';

let registered: NativeBackend | undefined;

/**
 * Register the native engine as TensorFlow.js backend `native`; later calls only set threads and precision.
 *
 * @param options.threads - Threads of the kernels, >= 1; without it those of `loadAddon`.
 * @param options.precision - Default float32, also in later calls.
 * @returns The backend. `tf.setBackend(NATIVE_BACKEND)` makes it the current one.
 * @throws {HypermorphError} E_ENGINE if the addon cannot be loaded.
 */
export function registerNativeBackend({
  threads,
  precision = 'float32',
}: StartOptions = {}): NativeBackend {
  const addon = loadAddon();
  if (threads !== undefined) addon.setThreads(threads);
  registered ??= createBackend(addon);
  registered.precision = precision;
  return registered;
}

function createBackend(addon: NativeAddon): NativeBackend {
  const backend = new NativeBackend(addon);
  tf.copyRegisteredKernels('cpu', NATIVE_BACKEND);
  for (const kernel of TENSOR_KERNELS)
    registerTensorKernel(NATIVE_BACKEND, backend, releasingMemory(kernel));
  tf.registerBackend(NATIVE_BACKEND, () => backend, 1);
  return backend;
}
