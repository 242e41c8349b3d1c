import {HypermorphError, type ErrorCode} from '../errors.js';

/** What the exit code of the program says. */
export const EXIT = {
  done: 0,
  /** Our own fault. */
  bug: 1,
  usage: 2,
  input: 3,
  engine: 4,
  /** Some of several; the others are done. */
  some: 5,
  interrupted: 130,
} as const;

/** The same in the words of the help. */
export const EXIT_MEANINGS: ReadonlyMap<number, string> = new Map([
  [EXIT.done, 'done'],
  [EXIT.bug, 'a fault of this program'],
  [EXIT.usage, 'wrong usage or configuration'],
  [EXIT.input, 'wrong input data'],
  [EXIT.engine, 'engine or memory'],
  [EXIT.some, 'some pairs of a batch failed'],
  [EXIT.interrupted, 'interrupted'],
]);

const EXIT_OF: Readonly<Record<ErrorCode, number>> = {
  E_USAGE: EXIT.usage,
  E_CONFIG: EXIT.usage,
  E_IO: EXIT.input,
  E_NIFTI: EXIT.input,
  E_IMAGE: EXIT.input,
  E_GRID: EXIT.input,
  E_SHAPE: EXIT.input,
  E_RANGE: EXIT.input,
  E_WEIGHTS: EXIT.input,
  E_ENGINE: EXIT.engine,
  E_MEMORY: EXIT.engine,
  E_PAIRS: EXIT.some,
  E_INTERRUPTED: EXIT.interrupted,
};

export function exitCodeOf(error: unknown): number {
  return error instanceof HypermorphError ? EXIT_OF[error.code] : EXIT.bug;
}
