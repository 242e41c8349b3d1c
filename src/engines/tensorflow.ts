import {createRequire} from 'node:module';
import {join} from 'node:path';
import process from 'node:process';
import {pathToFileURL} from 'node:url';
import util from 'node:util';
import * as tf from '@tensorflow/tfjs-core';
import {HypermorphError} from '../errors.js';
import {PORTABLE} from '../kernels/voxel-operation.js';
import type {Engine, StartOptions} from './engine.js';

const PACKAGE = '@tensorflow/tfjs-node-gpu';
const BACKEND = 'tensorflow';
/** A folder whose node_modules holds the package, for machines where its installation cannot download the library. */
const PREFIX_VARIABLE = 'HYPERMORPH_TENSORFLOW_PREFIX';
const hintFor = (verb: 'install' | 'rebuild') =>
  `Run \`npm ${verb} ${PACKAGE}\` with access to the network, name a folder that has it in ${PREFIX_VARIABLE}, or use the native engine.`;

/** What tfjs-node says about itself. */
interface TensorflowBackend {
  readonly isUsingGpuDevice: boolean;
  readonly binding?: {readonly TF_Version?: string};
}

/** What was loaded. */
export interface TensorflowDevice {
  readonly description: string;
  readonly usesGpu: boolean;
}

/**
 * Load libtensorflow, once per process. TensorFlow.js runs on it afterwards.
 *
 * @throws {HypermorphError} E_ENGINE if the package or its library cannot be loaded.
 */
export async function loadTensorflow(options: StartOptions = {}): Promise<TensorflowDevice> {
  prepareEnvironment(options);
  try {
    restoreIsNullOrUndefined();
    withoutWarnings(() => requirePackage());
    const isReady = await tf.setBackend(BACKEND);
    if (!isReady) throw new Error('its backend could not be initialised');
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.split('\n')[0].trim() : String(cause);
    throw new HypermorphError(
      'E_ENGINE',
      `tensorflow engine: ${PACKAGE} must load, got: ${reason}`,
      {
        cause,
        hint: hintFor(reason.includes(`'${PACKAGE}'`) ? 'install' : 'rebuild'),
      },
    );
  }
  const backend = tf.backend() as tf.KernelBackend & TensorflowBackend;
  const usesGpu = backend.isUsingGpuDevice;
  const version = backend.binding?.TF_Version;
  const library = version === undefined ? 'libtensorflow' : `libtensorflow ${version}`;
  return {description: `${library} on ${usesGpu ? 'a CUDA GPU' : 'the processor'}`, usesGpu};
}

/** @throws {HypermorphError} E_ENGINE, as `loadTensorflow`. */
export async function startTensorflow(options: StartOptions): Promise<Engine> {
  const {description, usesGpu} = await loadTensorflow(options);
  return {
    ...PORTABLE,
    name: 'tensorflow',
    description,
    warnings: usesGpu
      ? []
      : ['The tensorflow engine found no CUDA GPU; on a processor the native engine is faster.'],
  };
}

/** What libtensorflow reads when it starts: the user's own settings stay, but for the threads that were asked for here. */
function prepareEnvironment({threads}: StartOptions): void {
  const {env} = process;
  env['TF_CPP_MIN_LOG_LEVEL'] ??= '2';
  env['TF_FORCE_GPU_ALLOW_GROWTH'] ??= 'true';
  if (threads === undefined) return;
  env['TF_NUM_INTRAOP_THREADS'] = String(threads);
  env['OMP_NUM_THREADS'] = String(threads);
}

/** tfjs-node calls a function that newer Node.js versions no longer have. */
function restoreIsNullOrUndefined(): void {
  if ('isNullOrUndefined' in util) return;
  Reflect.set(util, 'isNullOrUndefined', (value: unknown) => value === null || value === undefined);
}

function requirePackage(): void {
  const prefix = process.env[PREFIX_VARIABLE];
  const from =
    prefix === undefined ? import.meta.url : pathToFileURL(join(prefix, 'package.json')).href;
  createRequire(from)(PACKAGE);
}

/** A second copy of TensorFlow.js says on the console that kernels are there already. */
function withoutWarnings(load: () => void): void {
  const environment = tf.env();
  const before = environment.getBool('PROD');
  environment.set('PROD', true);
  try {
    load();
  } finally {
    environment.set('PROD', before);
  }
}
