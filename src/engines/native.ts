import * as tf from '@tensorflow/tfjs-core';
import type {Engine, StartOptions} from './engine.js';
import {loadAddon} from './native/addon.js';
import {NATIVE_BACKEND, registerNativeBackend} from './native/backend.js';
import {createNativeGzip} from './native/gzip.js';
import {createNativeVoxelKernels} from './native/voxel-kernels.js';

/**
 * The addon's kernels on a TensorFlow.js backend.
 *
 * @throws {HypermorphError} E_ENGINE if the addon cannot be loaded.
 */
export async function startNative(options: StartOptions): Promise<Engine> {
  const backend = registerNativeBackend(options);
  await tf.setBackend(NATIVE_BACKEND);
  return {
    name: 'native',
    description: describeNative(),
    voxelKernels: createNativeVoxelKernels(backend.addon),
    gzip: createNativeGzip(backend.addon),
    warnings: [],
  };
}

/** Instruction set and threads. */
export function describeNative(): string {
  const addon = loadAddon();
  const threads = addon.threads();
  return `${addon.isa()}, ${threads} ${threads === 1 ? 'thread' : 'threads'}`;
}
