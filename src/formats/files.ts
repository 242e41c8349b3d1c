import {createHash, randomBytes} from 'node:crypto';
import {constants, createReadStream, rmSync} from 'node:fs';
import {
  access,
  appendFile,
  mkdir,
  open,
  readdir,
  readlink,
  realpath,
  rename,
  rm,
  stat,
  statfs,
  writeFile,
} from 'node:fs/promises';
import type {FileHandle} from 'node:fs/promises';
import {basename, dirname, join, resolve} from 'node:path';
import {HypermorphError} from '../errors.js';
import {MAX_ARRAY_BYTES, memoryLimit} from '../platform.js';
import type {Bytes, OpenFile} from './bytes.js';
import {KIND_BYTES, recogniseFile} from './file-kinds.js';
import {isGzip} from './gzip.js';

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
  const text = `${path}: what is read must fit into memory, got ${length} bytes.`;
  if (length > Math.min(memoryLimit(), MAX_ARRAY_BYTES)) {
    throw new HypermorphError('E_MEMORY', text);
  }
  try {
    return new Uint8Array(length);
  } catch (cause) {
    throw new HypermorphError('E_MEMORY', text, {cause});
  }
}

/** The whole content of a file, in memory of its own. E_IO if it cannot be read. */
export async function readFileBytes(path: string): Promise<Uint8Array<ArrayBuffer>> {
  return withOpenFile(path, (file) => file.read(0, file.size));
}

/** Text files are written by people: none is larger. */
const LONGEST_TEXT = 1 << 28;

/**
 * The whole content of a UTF-8 text file, without a byte order mark.
 *
 * @throws {HypermorphError} E_IO if it cannot be read, or holds no text; what is recognised is named.
 */
export async function readFileText(path: string): Promise<string> {
  return withOpenFile(path, async (file) => {
    const start = await file.read(0, Math.min(file.size, KIND_BYTES));
    const other = start.includes(0) || isGzip(start) ? recogniseFile(start) : null;
    if (start.includes(0) || other !== null || file.size > LONGEST_TEXT) {
      const got = other?.name ?? (start.includes(0) ? 'bytes that are none' : `${file.size} bytes`);
      throw new HypermorphError(
        'E_IO',
        `${path}: must be a text file, got ${got}.`,
        other === null ? {} : {hint: other.advice},
      );
    }
    return new TextDecoder().decode(await file.read(0, file.size));
  });
}

/**
 * Write a file whole or not at all: beside it under another name, flushed to the disk, then renamed. Folders are created.
 *
 * @throws {HypermorphError} E_IO; then nothing is left behind and an earlier file of that name is untouched.
 */
export async function writeFileAtomically(path: string, content: FileContent): Promise<void> {
  await writeFilesAtomically([{path, content}]);
}

/**
 * Check that a file could be written: its name is not that of a folder, a pipe or a device, and the nearest folder that exists
 * takes files.
 *
 * @throws {HypermorphError} E_IO; nothing is created.
 */
export async function requireWritable(path: string): Promise<void> {
  const status = await stat(path).catch(() => null);
  if (status !== null && !status.isFile() && !status.isDirectory()) {
    throw new HypermorphError('E_IO', `${path}: an output must be a file, got a pipe or a device.`);
  }
  await attempt(path, 'write', async () => {
    if (status?.isDirectory() === true) throw Object.assign(new Error(), {code: 'EISDIR'});
    const folder = await nearestFolder(path);
    await access(folder, constants.W_OK | constants.X_OK);
    if (SYSTEM_FOLDERS.has((await statfs(folder)).type)) {
      throw Object.assign(new Error(), {code: 'ENOTSUP'});
    }
  });
}

/** File systems of the kernel that show its state and take no files: proc, sysfs, devpts, cgroup, cgroup2, debugfs, tracefs. */
const SYSTEM_FOLDERS: ReadonlySet<number> = new Set([
  ...[0x9fa0, 0x62656572, 0x1cd1, 0x27e0eb, 0x63677270, 0x64626720, 0x74726163],
]);

async function nearestFolder(path: string): Promise<string> {
  let folder = dirname(resolve(path));
  for (;;) {
    const found = await stat(folder).catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      return null;
    });
    if (found?.isDirectory() === false) throw Object.assign(new Error(), {code: 'ENOTDIR'});
    if (found !== null || folder === dirname(folder)) return folder;
    folder = dirname(folder);
  }
}

/** What a file is to hold: bytes, a text, or bytes that are made while it is written. */
export type FileContent = Bytes | string | AsyncIterable<Uint8Array>;

/** Files under other names that are still being written. */
const unfinished = new Set<string>();

/** Remove what is half written, at once: for a program that must end in the midst of it. */
export function removeUnfinished(): void {
  for (const path of unfinished) rmSync(path, {force: true});
}

/** What stands in the name of a file that is still being written. */
const UNFINISHED = /^\.tmp-[0-9a-f]{8}-\d+$/;

/** Remove what runs that were killed left half written in a folder that is this run's own. E_IO if it cannot be read. */
export async function removeLeftovers(folder: string): Promise<void> {
  const names = (await listDirectory(folder)).filter((name) => UNFINISHED.test(name));
  await Promise.all(names.map((name) => rm(join(folder, name), {force: true})));
}

/**
 * Write several files, all or none: every one is on the disk under another name before the first gets its own. A link stays,
 * and what it points to is written; a file that was there keeps its permissions.
 *
 * @param options.writer - Who writes, where nobody else of this name writes at the same time: what it left half written when it was
 *   killed is written over.
 * @throws {HypermorphError} E_IO; then nothing is left behind, unless the disk fails between two renames.
 */
export async function writeFilesAtomically(
  files: readonly {readonly path: string; readonly content: FileContent}[],
  {writer}: {readonly writer?: string | undefined} = {},
): Promise<void> {
  const unique = writer === undefined ? randomBytes(4).toString('hex') : nameOfWriter(writer);
  const named = await Promise.all(
    files.map(async ({path, content}, n) => {
      const target = await followLink(path);
      // Not the whole name with something added: that may be too long for a name.
      return {path, content, target, temporary: join(dirname(target), `.tmp-${unique}-${n}`)};
    }),
  );
  try {
    for (const {path, target, content, temporary} of named) {
      await requireWritable(path);
      unfinished.add(temporary);
      await attempt(path, 'write', () => writeFlushed(temporary, content, target));
    }
    for (const {path} of named) await requireWritable(path); // a folder of that name stops the rename
    for (const {path, target, temporary} of named) {
      await attempt(path, 'write', () => rename(temporary, target));
      unfinished.delete(temporary);
    }
  } catch (error) {
    await Promise.all(
      named.map(({temporary}) => rm(temporary, {force: true}).catch(() => undefined)),
    );
    named.forEach(({temporary}) => unfinished.delete(temporary));
    throw error;
  }
}

function nameOfWriter(writer: string): string {
  return createHash('sha256').update(writer).digest('hex').slice(0, 8);
}

/** Where a link points, also to a file that is not there yet; any other path is itself. */
async function followLink(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch {
    const link = await readlink(path).catch(() => null);
    return link === null ? path : resolve(dirname(path), link);
  }
}

/** @param replaced - The file whose place it will take. */
async function writeFlushed(path: string, content: FileContent, replaced: string): Promise<void> {
  await createFolder(dirname(path));
  const earlier = await stat(replaced).catch(() => null);
  await rm(path, {force: true}); // of a writer that was killed
  const handle = await open(path, 'wx');
  try {
    await writeFile(handle, content);
    if (earlier !== null) await handle.chmod(earlier.mode & 0o777);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Create a folder and those above it. One by one: the recursive way of Node.js never ends where the system refuses. */
export async function createFolder(path: string): Promise<void> {
  const error = await tryFolder(path);
  if (error === null) return;
  if (error.code !== 'ENOENT' || dirname(path) === path) throw error;
  await createFolder(dirname(path));
  // Once the one above is there, made by whomever, what still is in the way is the system.
  const again = await tryFolder(path);
  if (again !== null) throw again;
}

/** @returns What went wrong; null where the folder is there now. */
async function tryFolder(path: string): Promise<NodeJS.ErrnoException | null> {
  try {
    await mkdir(path);
    return null;
  } catch (error) {
    const known = error as NodeJS.ErrnoException;
    return known.code === 'EEXIST' && (await stat(path)).isDirectory() ? null : known;
  }
}

/** The absolute path of a file with all links followed, also where the file or its folders do not exist yet. */
async function resolveLinks(path: string): Promise<string> {
  const absolute = resolve(path);
  try {
    return await realpath(absolute);
  } catch {
    const folder = dirname(absolute);
    return folder === absolute ? absolute : join(await resolveLinks(folder), basename(absolute));
  }
}

/** One text for one file, whatever it is called: hard links and names that differ by their case alone are the same. */
export async function identityOf(path: string): Promise<string> {
  const status = await stat(path, {bigint: true}).catch(() => null);
  return status === null || status.ino === 0n ? resolveLinks(path) : `${status.dev}:${status.ino}`;
}

/** Add to the end of a log; its folder is created. For progress logs only: results are written with `writeFileAtomically`. */
export async function appendToFile(path: string, content: string | Uint8Array): Promise<void> {
  await attempt(path, 'write', async () => {
    await createFolder(dirname(path));
    await appendFile(path, content);
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

/** What stands at a path: a file that can be read, a folder, nothing, or else in words what is wrong with it. */
export async function kindOfPath(path: string): Promise<string> {
  try {
    const status = await stat(path);
    if (status.isDirectory()) return 'folder';
    if (!status.isFile()) return 'a pipe or a device';
    await access(path, constants.R_OK);
    return 'file';
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    const isLink = (await readlink(path).catch(() => null)) !== null;
    if (isLink) return code === 'ELOOP' ? 'a link to itself' : 'a link to nowhere';
    return code === 'ENOENT' || code === 'ENOTDIR' ? 'nothing' : (REASONS[code] ?? code);
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
    // What has no code is a fault of ours in what makes the content.
    throw error instanceof Error && 'code' in error ? fileError(path, purpose, error) : error;
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
  ENOTSUP: 'this folder belongs to the system and takes no files',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  ENAMETOOLONG: 'the name is too long',
  EMFILE: 'too many files are open',
  EIO: 'the disk reports a fault',
};

export function fileError(
  path: string,
  purpose: 'read' | 'write',
  error: unknown,
): HypermorphError {
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
