import {createHash, randomBytes} from 'node:crypto';
import {constants, createReadStream} from 'node:fs';
import {
  access,
  appendFile,
  mkdir,
  open,
  readdir,
  realpath,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import type {FileHandle} from 'node:fs/promises';
import {basename, dirname, join, resolve} from 'node:path';
import {HypermorphError} from '../errors.js';
import type {Bytes, OpenFile} from './bytes.js';

/** One read call moves at most this much; the system's own limit is 2 GiB. */
const READ_BYTES = 1 << 30;

/**
 * Open a file, use it, close it.
 *
 * @throws {HypermorphError} E_IO if it cannot be opened or is not a regular file.
 */
export async function withOpenFile<Result>(
  path: string,
  use: (file: OpenFile) => Promise<Result>,
): Promise<Result> {
  // Before it is opened: opening a pipe waits for whoever fills it.
  const status = await attempt(path, 'read', () => stat(path));
  if (!status.isFile()) {
    const got = status.isDirectory() ? 'a directory' : 'a pipe or a device';
    throw new HypermorphError('E_IO', `${path}: must be a file, got ${got}.`);
  }
  const handle = await attempt(path, 'read', () => open(path, 'r'));
  try {
    const {size} = await attempt(path, 'read', () => handle.stat());
    return await use({path, size, read: (start, end) => readRange(handle, path, start, end)});
  } finally {
    await handle.close();
  }
}

async function readRange(
  handle: FileHandle,
  path: string,
  start: number,
  end: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = allocate(path, Math.max(0, end - start));
  let done = 0;
  while (done < bytes.length) {
    const length = Math.min(READ_BYTES, bytes.length - done);
    const {bytesRead} = await attempt(path, 'read', () =>
      handle.read(bytes, done, length, start + done),
    );
    if (bytesRead === 0) {
      throw new HypermorphError(
        'E_IO',
        `${path}: must hold at least ${end} bytes, got ${start + done}; the file ended while it was read.`,
      );
    }
    done += bytesRead;
  }
  return bytes;
}

function allocate(path: string, length: number): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(length);
  } catch (cause) {
    const text = `${path}: what is read must fit into memory, got ${length} bytes.`;
    throw new HypermorphError('E_MEMORY', text, {cause});
  }
}

/** The whole content of a file, in memory of its own. E_IO if it cannot be read. */
export async function readFileBytes(path: string): Promise<Uint8Array<ArrayBuffer>> {
  return withOpenFile(path, (file) => file.read(0, file.size));
}

/** The whole content of a UTF-8 text file, without a byte order mark. E_IO if it cannot be read. */
export async function readFileText(path: string): Promise<string> {
  return new TextDecoder().decode(await readFileBytes(path));
}

/**
 * Write a file whole or not at all: beside it under another name, flushed to the disk, then renamed. Folders are created.
 *
 * @throws {HypermorphError} E_IO; then nothing is left behind and an earlier file of that name is untouched.
 */
export async function writeFileAtomically(path: string, content: Bytes | string): Promise<void> {
  await writeFilesAtomically([{path, content}]);
}

/**
 * Check that a file could be written: its name is not that of a folder, and the nearest folder that exists takes files.
 *
 * @throws {HypermorphError} E_IO; nothing is created.
 */
export async function requireWritable(path: string): Promise<void> {
  await attempt(path, 'write', async () => {
    const status = await stat(path).catch(() => null);
    if (status?.isDirectory() === true) throw Object.assign(new Error(), {code: 'EISDIR'});
    let folder = dirname(resolve(path));
    for (;;) {
      const found = await stat(folder).catch((error: unknown) => {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
        return null;
      });
      if (found?.isDirectory() === false) throw Object.assign(new Error(), {code: 'ENOTDIR'});
      if (found !== null || folder === dirname(folder)) break;
      folder = dirname(folder);
    }
    await access(folder, constants.W_OK | constants.X_OK);
  });
}

/**
 * Write several files, all or none: every one is on the disk under another name before the first gets its own.
 *
 * @throws {HypermorphError} E_IO; then nothing is left behind, unless the disk fails between two renames.
 */
export async function writeFilesAtomically(
  files: readonly {readonly path: string; readonly content: Bytes | string}[],
): Promise<void> {
  const unique = randomBytes(4).toString('hex');
  const named = files.map(({path, content}) => {
    const temporary = join(dirname(path), `${basename(path)}.tmp-${unique}`);
    return {path, content, temporary};
  });
  try {
    for (const {path, content, temporary} of named) {
      await attempt(path, 'write', () => writeFlushed(temporary, content));
    }
    for (const {path} of named) await requireWritable(path); // a folder of that name stops the rename
    for (const {path, temporary} of named) {
      await attempt(path, 'write', () => rename(temporary, path));
    }
  } catch (error) {
    await Promise.all(
      named.map(({temporary}) => rm(temporary, {force: true}).catch(() => undefined)),
    );
    throw error;
  }
}

async function writeFlushed(path: string, content: Bytes | string): Promise<void> {
  await mkdir(dirname(path), {recursive: true});
  const handle = await open(path, 'wx');
  try {
    await writeFile(handle, content);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** The absolute path of a file with all links followed, also where the file or its folders do not exist yet. */
export async function resolveLinks(path: string): Promise<string> {
  const absolute = resolve(path);
  try {
    return await realpath(absolute);
  } catch {
    const folder = dirname(absolute);
    return folder === absolute ? absolute : join(await resolveLinks(folder), basename(absolute));
  }
}

/** Add a line to a log file; its folder is created. For progress logs only: results are written with `writeFileAtomically`. */
export async function appendLine(path: string, line: string): Promise<void> {
  await attempt(path, 'write', async () => {
    await mkdir(dirname(path), {recursive: true});
    await appendFile(path, `${line}\n`);
  });
}

/** Whether a file (not a directory) of this name exists. */
export async function fileExists(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}

/** The names in a directory, sorted. E_IO if it cannot be read. */
export async function listDirectory(path: string): Promise<readonly string[]> {
  const names = await attempt(path, 'read', () => readdir(path));
  return names.sort();
}

/** The SHA-256 of the bytes of a file, or of several one after the other, as 64 hexadecimal digits. */
export async function sha256OfFile(...paths: readonly string[]): Promise<string> {
  const hash = createHash('sha256');
  for (const path of paths) {
    await attempt(path, 'read', async () => {
      for await (const chunk of createReadStream(path)) {
        hash.update(chunk as Uint8Array);
      }
    });
  }
  return hash.digest('hex');
}

async function attempt<Result>(
  path: string,
  purpose: 'read' | 'write',
  action: () => Promise<Result>,
): Promise<Result> {
  try {
    return await action();
  } catch (error) {
    throw fileError(path, purpose, error);
  }
}

/** What the usual failures are called, without jargon. */
const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or folder',
  ENOTDIR: 'a part of this path is a file, not a folder',
  EEXIST: 'a part of this path is a file, not a folder',
  EISDIR: 'this is a folder, not a file',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the disk is read-only',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  ENAMETOOLONG: 'the name is too long',
  EMFILE: 'too many files are open',
  EIO: 'the disk reports a fault',
};

function fileError(path: string, purpose: 'read' | 'write', error: unknown): HypermorphError {
  if (error instanceof HypermorphError) {
    return error;
  }
  const code = (error as NodeJS.ErrnoException).code ?? '';
  const reason = REASONS[code] ?? (error instanceof Error ? error.message : String(error));
  return new HypermorphError(
    'E_IO',
    `${path}: cannot be ${purpose === 'read' ? 'read' : 'written'}: ${reason}.`,
    {
      cause: error,
    },
  );
}
