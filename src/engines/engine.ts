import type {AlignKernels} from '../kernels/align.js';
import type {TrainingKernels} from '../training/training-kernels.js';
import type {RefinementKernels} from '../optimisers/refinement/level.js';
import type {VoxelKernels} from '../volume/voxel-kernels.js';

/** Engines by the names that users choose from. */
export type EngineName = 'tensorflow' | 'native' | 'javascript';

/** What the large convolutions of a network multiply: float32, or numbers rounded to bfloat16. */
export type Precision = 'float32' | 'bf16';

/** A started engine: TensorFlow.js runs on its backend from now on. */
export interface Engine {
  readonly name: EngineName;
  /** What it computes with, for people: library, device, instruction set, threads. */
  readonly description: string;
  /** The loops over voxels outside the network. */
  readonly voxelKernels: VoxelKernels;
  /** The loops over voxels that bring two images together. */
  readonly alignKernels: AlignKernels;
  /** The loops over voxels with which training pairs are made. */
  readonly trainingKernels: TrainingKernels;
  /** The loops over voxels with which a pair is refined. */
  readonly refinementKernels: RefinementKernels;
  /** What a user should know, such as that a faster engine could not be used. */
  readonly warnings: readonly string[];
}

export interface StartOptions {
  /** Threads of the engine, >= 1; without it as many as the machine has processors. */
  readonly threads?: number;
  /** `bf16`, for a network without gradients: only on the native engine and a processor with AVX512_BF16. Default float32. */
  readonly precision?: Precision;
}
