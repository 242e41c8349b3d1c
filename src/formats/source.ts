import {HypermorphError} from '../errors.js';
import type {OpenFile} from './bytes.js';
import {withOpenFile} from './files.js';

/** Where a file's bytes are: on the disk, by their path, or in memory under the name that messages call them by. */
export type Source = string | NamedBytes;

export interface NamedBytes {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** The path, or the name of the bytes. */
export function nameOf(source: Source): string {
  return typeof source === 'string' ? source : source.name;
}

/**
 * Open a source, use it, close it.
 *
 * @throws {HypermorphError} E_IO if it is a path that cannot be opened or is not a regular file.
 */
export async function withOpenSource<Result>(
  source: Source,
  use: (file: OpenFile) => Promise<Result>,
): Promise<Result> {
  return typeof source === 'string' ? withOpenFile(source, use) : use(openBytes(source));
}

function openBytes({name, bytes}: NamedBytes): OpenFile {
  return {
    path: name,
    size: bytes.length,
    read(start, end) {
      if (end <= bytes.length) return Promise.resolve(new Uint8Array(bytes.subarray(start, end)));
      throw new HypermorphError(
        'E_IO',
        `${name}: must hold at least ${end} bytes, got ${bytes.length}.`,
      );
    },
  };
}
