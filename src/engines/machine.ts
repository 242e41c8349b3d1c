import * as tf from '@tensorflow/tfjs-core';
import {convolve} from '../ops/convolve.js';
import {hasBfloat16, startNative} from './native.js';
import type {CompiledIsa} from './native/addon.js';
import {loadAddon} from './native/open-addon.js';

/** What the native engine can do on this machine, measured. */
export interface MachineMeasurement {
  readonly isa: string;
  readonly compiledIsas: readonly CompiledIsa[];
  /** Whether precision bf16 can be asked for. */
  readonly bfloat16: boolean;
  readonly threads: number;
  /** Fused multiply-adds on registers, 10^9 floating-point operations per second. */
  readonly gflops: number;
  /** Copying memory, bytes read plus written, 10^9 per second. */
  readonly gigabytesPerSecond: number;
  /** A 3x3x3 convolution of 32 channels as the network has them; Winograd's algorithm may exceed `gflops`. */
  readonly convolutionGflops: number;
}

/** What registering one pair would take. */
export interface RegistrationEstimate {
  /** With all stages. */
  readonly seconds: number;
  /** With the network alone. */
  readonly networkSeconds: number;
  readonly gigabytes: number;
}

/** Convolutions of the default network at 160x192x224 with half-resolution velocity, 10^9 operations. */
const NETWORK_GFLOP = 240;
/** Layers with few channels, near the images, reach less than the one that is measured. */
const NETWORK_EFFICIENCY = 0.9;
/**
 * The rest of the command, measured with 2 threads at 200 GFLOP/s: starting, reading and unpacking, sampling, compressing, writing.
 * More threads do little for it.
 */
const OTHER_SECONDS = 1.9;
/**
 * Affine, refinement and judge, measured with one thread at 94 GFLOP/s: 16 s for two 160x160x192, most of it in the refinement, whose
 * share of a voxel hardly depends on the image.
 */
const STAGES_GFLOP = 16 * 94 * ((160 * 192 * 224) / (160 * 160 * 192));
/** Most memory that the process takes at once. */
const PEAK_GIGABYTES = 1.3;

/**
 * Measure the native engine, about one second; it is the current engine afterwards.
 *
 * @throws {HypermorphError} E_ENGINE if it does not load.
 */
export async function measureMachine(
  options: {readonly threads?: number} = {},
): Promise<MachineMeasurement> {
  await startNative(options);
  const addon = loadAddon();
  return {
    isa: addon.isa(),
    compiledIsas: addon.compiledIsas(),
    bfloat16: hasBfloat16(addon),
    threads: addon.threads(),
    ...addon.measurePeak(),
    convolutionGflops: measureConvolution(),
  };
}

function measureConvolution(): number {
  const size: [number, number, number] = [40, 48, 56];
  const channels = 32;
  const flop = 2 * size[0] * size[1] * size[2] * 27 * channels * channels;
  const x = tf.ones([1, ...size, channels]);
  const kernel = tf.ones([1, 3, 3, 3, channels, channels]);
  let best = Infinity;
  for (let run = 0; run < 5; run++) {
    const start = performance.now();
    convolve(x, kernel, null).dispose();
    best = Math.min(best, performance.now() - start);
  }
  tf.dispose([x, kernel]);
  return flop / best / 1e6;
}

/** Time and memory of `register` for a pair of 160x192x224 voxels with the default network, from what was measured. */
export function estimateRegistration(machine: MachineMeasurement): RegistrationEstimate {
  const network = NETWORK_GFLOP / (machine.convolutionGflops * NETWORK_EFFICIENCY);
  const networkSeconds = network + OTHER_SECONDS;
  return {
    seconds: networkSeconds + STAGES_GFLOP / machine.gflops,
    networkSeconds,
    gigabytes: PEAK_GIGABYTES,
  };
}
