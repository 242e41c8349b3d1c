/** Every code of an error: what it means, and what to do. docs/reference/errors.md is written from it. */
export const ERROR_CODES = {
  E_USAGE: {
    meaning: 'Something was asked for that cannot be done, or not together.',
    remedy:
      'Change the options of the command, or the arguments of the function, as the message says.',
  },
  E_CONFIG: {
    meaning: 'A setting of a configuration is unknown, or has a value that it must not have.',
    remedy: 'Change the setting that the message names by its path.',
  },
  E_IO: {
    meaning:
      'A file cannot be read or written: missing, no permission, a full disk, a damaged archive.',
    remedy: 'Look at the path in the message; copy a damaged file again.',
  },
  E_NIFTI: {
    meaning: 'A file is no NIfTI image, or one whose header contradicts itself.',
    remedy: 'Write the image again with the program that made it, or convert it.',
  },
  E_IMAGE: {
    meaning:
      'A file is no image of FreeSurfer, NRRD or MetaImage although it is called so, or its header contradicts itself.',
    remedy: 'Write the image again with the program that made it, or convert it.',
  },
  E_GRID: {
    meaning: 'Images do not fit together, or do not say where their voxels lie.',
    remedy: 'Give images of one space, or say how they lie.',
  },
  E_SHAPE: {
    meaning: 'A tensor, an image or a list has another size than it must have.',
    remedy: 'Compare the two sizes in the message.',
  },
  E_RANGE: {
    meaning: 'A number lies outside of what is allowed, or is not finite.',
    remedy: 'Take a number from the range in the message.',
  },
  E_WEIGHTS: {
    meaning:
      'A model file is damaged, of an unknown version, or lacks what its description promises.',
    remedy: 'Copy the model again, or update hypermorph where the version is higher.',
  },
  E_ENGINE: {
    meaning: 'An engine cannot start on this machine.',
    remedy: 'Let `hypermorph doctor` say which engines run here; build the native one.',
  },
  E_MEMORY: {
    meaning: 'The images and the network do not fit into memory.',
    remedy:
      'Crop the images to what matters, take a model of a coarser grid, check that the headers have lengths in millimetres, or use a machine with more memory.',
  },
  E_PAIRS: {
    meaning: 'Some pairs of a batch failed; all others are done.',
    remedy: 'Look at the messages of the pairs that failed; the same command does what is left.',
  },
  E_INTERRUPTED: {
    meaning: 'The run was stopped by its user.',
    remedy: 'Start it again; a training can be resumed from its checkpoint.',
  },
} as const;

/** What went wrong, as a stable word: the command line maps it to an exit code. */
export type ErrorCode = keyof typeof ERROR_CODES;

/** The values of a message, for programs. */
export type ErrorDetails = Readonly<Record<string, unknown>>;

/** What an error may carry beside its code and its message. */
export interface ErrorOptions {
  /** The error underneath, kept for logs and for callers. */
  readonly cause?: unknown;
  /** What the user can do, one sentence. */
  readonly hint?: string;
  /** The values of the message, for programs: what was asked of which setting, and what was got. */
  readonly details?: ErrorDetails;
}

/**
 * Every error this library raises on purpose.
 *
 * The message has the form `<where>: <what> must <requirement>, got <value>.`; anything without a code is a bug of ours.
 * A setting of the caller's is written as code, `volume` or `geometry: 'sform'`, so that a program can put its own word there.
 *
 * @example
 * import {HypermorphError, readImage} from 'hypermorph';
 * try {
 *   await readImage('nowhere.nii');
 * } catch (error) {
 *   if (error instanceof HypermorphError) console.error(error.code, error.message, error.hint);
 * }
 */
export class HypermorphError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : {cause: options.cause});
    this.name = 'HypermorphError';
    this.code = code;
    this.hint = options.hint;
    this.details = options.details ?? {};
  }
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
