/** What went wrong, as a stable word: the command line maps it to an exit code. */
export type ErrorCode =
  | 'E_USAGE'
  | 'E_CONFIG'
  | 'E_IO'
  | 'E_NIFTI'
  | 'E_GRID'
  | 'E_SHAPE'
  | 'E_RANGE'
  | 'E_WEIGHTS'
  | 'E_ENGINE'
  | 'E_MEMORY'
  | 'E_INTERRUPTED';

export interface ErrorOptions {
  /** The error underneath, kept for logs and for callers. */
  readonly cause?: unknown;
  /** What the user can do, one sentence. */
  readonly hint?: string;
}

/**
 * Every error this library raises on purpose.
 *
 * The message has the form `<where>: <what> must <requirement>, got <value>.`; anything without a code is a bug of ours.
 */
export class HypermorphError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : {cause: options.cause});
    this.name = 'HypermorphError';
    this.code = code;
    this.hint = options.hint;
  }
}
