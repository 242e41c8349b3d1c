import type {Work} from './cases.js';

/** What a worker is asked, one line of JSON each. */
export type Request =
  | {readonly do: 'describe'}
  | {readonly do: 'peak'}
  /** Make the inputs; `model` is the path of the model file. */
  | {readonly do: 'prepare'; readonly work: Work; readonly model: string}
  | {readonly do: 'run'};

/** What it says. */
export type Answer =
  | {readonly engine: string; readonly description: string}
  | MachineLimits
  /** Whether it can do the work. */
  | {readonly ready: boolean}
  | Run;

export interface Run {
  readonly ms: number;
  /** Time that all processors together spent. */
  readonly processorMs: number;
}

/** Measured on all threads that the engine uses. */
export interface MachineLimits {
  readonly gflops: number;
  readonly gigabytesPerSecond: number;
  readonly isa: string;
}
