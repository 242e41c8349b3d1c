import type {KernelRunner} from '../kernels/voxel-operation.js';

/** Engines by the names that users choose from, in the order in which `auto` prefers them. */
export const ENGINE_NAMES = ['tensorflow', 'native', 'javascript'] as const;

export type EngineName = (typeof ENGINE_NAMES)[number];

/** What the large convolutions of a network multiply: float32, or numbers rounded to bfloat16. */
export type Precision = 'float32' | 'bf16';

/** A started engine: TensorFlow.js runs on its backend from now on, and it runs loops over voxels. */
export interface Engine extends KernelRunner {
  readonly name: EngineName;
  /** What it computes with, for people: library, device, instruction set, threads. */
  readonly description: string;
  /** What a user should know, such as that a faster engine could not be used. */
  readonly warnings: readonly string[];
}

export interface StartOptions {
  /** Threads of the engine, >= 1; without it as many as there are processors that the process may use. */
  readonly threads?: number;
  /** `bf16`, for a network without gradients: only on the native engine and a processor with AVX512_BF16. Default float32. */
  readonly precision?: Precision;
}
