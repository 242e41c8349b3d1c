import * as tf from '@tensorflow/tfjs-core';
import {HypermorphError} from '../errors.js';
import {runnerOn} from '../kernels/voxel-operation.js';
import type {Engine, Precision, StartOptions} from './engine.js';
import type {NativeAddon} from './native/addon.js';
import {loadAddon} from './native/open-addon.js';
import {NATIVE_BACKEND} from './native/backend.js';
import {registerNativeBackend} from './native/register-backend.js';
import {VOXEL_KERNELS} from './native/kernels/index.js';

/**
 * The addon's kernels on a TensorFlow.js backend.
 *
 * @throws {HypermorphError} E_ENGINE if the addon cannot be loaded, or has no bfloat16 on this processor and it was asked for.
 */
export async function startNative(options: StartOptions): Promise<Engine> {
  if (options.precision === 'bf16') requireBfloat16(loadAddon());
  const backend = registerNativeBackend(options);
  await tf.setBackend(NATIVE_BACKEND);
  return {
    ...runnerOn(backend.addon, VOXEL_KERNELS),
    valuesInPlace: (tensor) => backend.floats(tensor),
    releaseMemory: () => {
      backend.pool.trim();
      backend.addon.releaseScratch();
    },
    name: 'native',
    description: describeNative(options.precision),
    warnings: [],
  };
}

/** Instruction set and threads, and the precision where it is not float32. */
export function describeNative(precision: Precision = 'float32'): string {
  const addon = loadAddon();
  const threads = addon.threads();
  const suffix = precision === 'float32' ? '' : `, precision ${precision}`;
  return `${addon.isa()}, ${threads} ${threads === 1 ? 'thread' : 'threads'}${suffix}`;
}

/** Whether the instruction set in use multiplies bfloat16. The others compute the same, slower than float32: for tests. */
export function hasBfloat16(addon: NativeAddon): boolean {
  return addon.isa() === 'avx512bf16';
}

function requireBfloat16(addon: NativeAddon): void {
  if (hasBfloat16(addon)) return;
  throw new HypermorphError(
    'E_ENGINE',
    `native engine: precision bf16 must run on a processor with AVX512_BF16, got instruction set ${addon.isa()}.`,
    {hint: 'Use precision float32, the default.'},
  );
}
