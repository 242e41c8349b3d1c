import type {Tensor} from '@tensorflow/tfjs-core';

/**
 * A loop over voxels: what every engine computes on arrays of numbers.
 *
 * Its parameters and its result are those of the portable twin, which runs anywhere and which every faster implementation is
 * compared with.
 */
export interface VoxelOperation<Parameters extends readonly unknown[], Result> {
  /** The name that the operation has in every engine and in the native code, such as `sampleGrid`. */
  readonly name: string;
  readonly portable: (...parameters: Parameters) => Result;
}

/** What runs loops over voxels: a started engine, or `PORTABLE`. */
export interface KernelRunner {
  /** The engine's own kernel where it has one, else the portable twin. */
  run<Parameters extends readonly unknown[], Result>(
    operation: VoxelOperation<Parameters, Result>,
    ...parameters: Parameters
  ): Result;
  /** The values of a float32 tensor where they lie, which hold until it is disposed and must not be changed; absent where they have to be fetched. */
  readonly valuesInPlace?: (tensor: Tensor) => Float32Array;
  /** Give back the memory that is kept for the next operations, as before much is needed for something else; absent where none is kept. */
  readonly releaseMemory?: () => void;
}

/** An engine's own kernel for an operation, whose types were checked where it was made. */
export interface VoxelKernel {
  readonly operation: {readonly name: string};
  /** Gets the engine, then the operation's parameters. */
  readonly run: unknown;
}

/** Tie an engine's kernel to the operation it implements. */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- The caller says which engine it wrote the kernel for.
export function implementLoop<Engine, Parameters extends readonly unknown[], Result>(
  operation: VoxelOperation<Parameters, Result>,
  run: (engine: Engine, ...parameters: Parameters) => Result,
): VoxelKernel {
  return {operation, run};
}

/** Run operations on an engine that has these kernels. */
export function runnerOn(engine: unknown, kernels: readonly VoxelKernel[]): KernelRunner {
  const own = new Map<object, unknown>(kernels.map(({operation, run}) => [operation, run]));
  return {
    run<Parameters extends readonly unknown[], Result>(
      operation: VoxelOperation<Parameters, Result>,
      ...parameters: Parameters
    ): Result {
      type Run = (engine: unknown, ...parameters: Parameters) => Result;
      const run = own.get(operation) as Run | undefined;
      return run === undefined ? operation.portable(...parameters) : run(engine, ...parameters);
    },
  };
}

/** Every operation in plain TypeScript. */
export const PORTABLE: KernelRunner = runnerOn(undefined, []);
