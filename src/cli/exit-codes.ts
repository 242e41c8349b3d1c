import {ERROR_CODES, HypermorphError, type ErrorCode} from '../errors.js';

/** What the exit code of the program says. */
export const EXIT = {
  done: 0,
  /** Our own fault. */
  bug: 1,
  usage: 2,
  input: 3,
  engine: 4,
  interrupted: 130,
} as const;

const EXIT_OF: Readonly<Record<ErrorCode, number>> = {
  E_USAGE: EXIT.usage,
  E_CONFIG: EXIT.usage,
  E_IO: EXIT.input,
  E_NIFTI: EXIT.input,
  E_GRID: EXIT.input,
  E_SHAPE: EXIT.input,
  E_RANGE: EXIT.input,
  E_WEIGHTS: EXIT.input,
  E_ENGINE: EXIT.engine,
  E_MEMORY: EXIT.engine,
  E_INTERRUPTED: EXIT.interrupted,
};

export function exitCodeOf(error: unknown): number {
  return error instanceof HypermorphError ? EXIT_OF[error.code] : EXIT.bug;
}

/** An error of the engine that says that memory ran out, as ours; any other error unchanged. */
export function recogniseMemoryError(error: unknown): unknown {
  const isOutOfMemory =
    error instanceof RangeError &&
    /allocation failed|invalid (typed )?array (buffer )?length|out of memory/i.test(error.message);
  if (!isOutOfMemory) return error;
  return new HypermorphError(
    'E_MEMORY',
    `the images and the network must fit into memory, got "${error.message}".`,
    {cause: error, hint: ERROR_CODES.E_MEMORY.remedy},
  );
}
