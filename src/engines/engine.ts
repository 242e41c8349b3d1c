import type {GzipFunction} from '../formats/gzip.js';
import type {VoxelKernels} from '../volume/voxel-kernels.js';

/** Engines by the names that users choose from. */
export type EngineName = 'tensorflow' | 'native' | 'javascript';

/** A started engine: TensorFlow.js runs on its backend from now on. */
export interface Engine {
  readonly name: EngineName;
  /** What it computes with, for people: library, device, instruction set, threads. */
  readonly description: string;
  /** The loops over voxels outside the network. */
  readonly voxelKernels: VoxelKernels;
  /** Where the engine has a faster one than `gzipBytes`. */
  readonly gzip?: GzipFunction;
  /** What a user should know, such as that a faster engine could not be used. */
  readonly warnings: readonly string[];
}

export interface StartOptions {
  /** Threads of the engine, >= 1; without it as many as the machine has processors. */
  readonly threads?: number;
}
