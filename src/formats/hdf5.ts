import type {Dataset, File, Group} from 'h5wasm';
import {HypermorphError, type ErrorCode} from '../errors.js';
import {runApart} from '../platform.js';
import {recogniseFile} from './file-kinds.js';

export type {Dataset, Group};

const SIGNATURE = '\x89HDF\r\n\x1a\n';

/** Whether bytes start an HDF5 file. */
export function isHdf5(start: Uint8Array): boolean {
  return String.fromCharCode(...start.subarray(0, SIGNATURE.length)) === SIGNATURE;
}

/** What reads one kind of HDF5 file. */
export interface Hdf5Reader<Result> {
  /** On this thread. */
  readonly here: (bytes: Uint8Array) => Promise<Result>;
  /** The module that does so on a thread of its own and answers by `answerHdf5`: its path in the built package. */
  readonly thread: string;
  /** Of what is wrong with such a file. */
  readonly code: ErrorCode;
  /** What a file that is not HDF5 is not. */
  readonly wanted: string;
}

/** A sound file is read in far less. */
const BASE_MS = 20_000;
const BYTES_PER_MS = 1e4;

/** What a thread that reads a file answers: errors cross threads by their parts. */
export type Hdf5Answer =
  | {readonly value: unknown}
  | {readonly error: {readonly code: ErrorCode; readonly message: string}};

/**
 * Read an HDF5 file on a thread of its own: damage can keep the HDF5 library busy for ever, and there it can be ended.
 *
 * @throws {HypermorphError} The reader's code if the file is not HDF5 or damaged; what the reader throws.
 */
export async function readHdf5<Result>(
  bytes: Uint8Array,
  {here, thread, code, wanted}: Hdf5Reader<Result>,
): Promise<Result> {
  if (!isHdf5(bytes)) {
    const other = recogniseFile(bytes);
    throw new HypermorphError(
      code,
      `not an HDF5 file (.h5), so not ${wanted}${other === null ? '' : `; it looks like ${other.name}`}.`,
      other === null ? {} : {hint: other.advice},
    );
  }
  const timeoutMs = BASE_MS + bytes.length / BYTES_PER_MS;
  const apart = runApart as typeof runApart | null; // null in a browser
  if (apart === null) return here(bytes);
  const answer = (await apart(thread, bytes, {timeoutMs})) as Hdf5Answer | null;
  if (answer === null) {
    throw new HypermorphError(
      code,
      `the HDF5 file must be read within ${Math.round(timeoutMs / 1000)} s, got no end; it is damaged.`,
    );
  }
  if ('error' in answer) throw new HypermorphError(answer.error.code, answer.error.message);
  return answer.value as Result;
}

let opened = 0;

/**
 * Use an HDF5 file on this thread.
 *
 * @throws {HypermorphError} `code` if it cannot be read; what `use` throws.
 */
export async function withHdf5<Result>(
  bytes: Uint8Array,
  use: (file: Group) => Result,
  code: ErrorCode,
): Promise<Result> {
  return withFile('r', {bytes, use}, (cause) => {
    if (cause instanceof HypermorphError) throw cause;
    const isCut = cause instanceof Error && cause.message.includes('truncated file');
    throw new HypermorphError(
      code,
      isCut ? 'the HDF5 file is cut off.' : 'the HDF5 file is damaged, it cannot be read.',
      {cause},
    );
  });
}

/** The bytes of an HDF5 file that `fill` fills. */
export async function createHdf5(fill: (file: Group) => void): Promise<Uint8Array<ArrayBuffer>> {
  let bytes = new Uint8Array(0);
  await withFile('w', {use: fill, after: (content) => (bytes = content)}, (error) => {
    throw error;
  });
  return bytes;
}

async function withFile<Result>(
  mode: 'r' | 'w',
  {
    bytes,
    use,
    after,
  }: {
    readonly bytes?: Uint8Array;
    readonly use: (file: File) => Result;
    readonly after?: (content: Uint8Array<ArrayBuffer>) => void;
  },
  refuse: (error: unknown) => never,
): Promise<Result> {
  // Loaded on demand: 6 MB of WebAssembly that few runs need.
  const h5wasm = await import('h5wasm');
  const module = await h5wasm.ready;
  module.activate_throwing_error_handler(); // else HDF5 prints its errors
  const path = `/${++opened}.h5`; // in memory
  if (bytes !== undefined) module.FS.writeFile(path, bytes);
  try {
    const file = new h5wasm.File(path, mode);
    let result: Result;
    try {
      result = use(file);
    } finally {
      file.close();
    }
    after?.(new Uint8Array(module.FS.readFile(path)));
    return result;
  } catch (error) {
    return refuse(error);
  } finally {
    if (module.FS.analyzePath(path).exists) module.FS.unlink(path);
  }
}

type Entity = ReturnType<Group['get']>;

function isKind(entity: Entity, kind: string): boolean {
  if (entity === null || !('type' in entity)) return false;
  const type: string = entity.type;
  return type === kind;
}

export const isGroup = (entity: Entity): entity is Group => isKind(entity, 'Group');
export const isDataset = (entity: Entity): entity is Dataset => isKind(entity, 'Dataset');

/** HDF5's class of floating-point numbers. */
export const FLOATS = 1;
