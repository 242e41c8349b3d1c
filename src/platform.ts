// All that differs between Node.js and a browser, but for files. A bundler for browsers takes platform.browser.ts instead: the
// entry "browser" of package.json tells it so.

import {constants} from 'node:buffer';
import {createHash} from 'node:crypto';
import {totalmem} from 'node:os';
import {constrainedMemory} from 'node:process';
import {pipeline, Readable} from 'node:stream';
import {promisify} from 'node:util';
import {Worker} from 'node:worker_threads';
import zlib from 'node:zlib';

/** The built package: threads of Node.js read no TypeScript, so that a program that runs from its source takes them from there. */
const BUILT = new URL(import.meta.url.endsWith('.ts') ? '../dist/' : './', import.meta.url);

/** The longest array of bytes that can be made. */
export const MAX_ARRAY_BYTES = constants.MAX_LENGTH;

/** The memory that this process can have at most: the machine's, or what its control group leaves of it; bytes. */
export function memoryLimit(): number {
  const constrained = constrainedMemory(); // 0 where the system has no such limit, beyond all memory where none is set
  return constrained > 0 ? Math.min(constrained, totalmem()) : totalmem();
}

/**
 * Run a module on a thread of its own, that ends with it or when its time is over: for code that damaged data may keep busy for
 * ever.
 *
 * @param module - Its path in the built package; it posts one answer to its parent.
 * @param data - Copied to the module.
 * @returns The answer, or null where time was over.
 * @throws {Error} What the thread did not catch.
 */
export function runApart(
  module: string,
  data: unknown,
  {timeoutMs}: {readonly timeoutMs: number},
): Promise<unknown> {
  // Not the options of this process, such as loaders that are looked for in the folder where it runs.
  const worker = new Worker(new URL(module, BUILT), {workerData: data, execArgv: []});
  return new Promise((resolve, reject) => {
    const end = (finish: () => void) => {
      clearTimeout(timer);
      worker.terminate().then(finish, reject);
    };
    const timer = setTimeout(() => end(() => resolve(null)), timeoutMs);
    worker.on('message', (answer) => end(() => resolve(answer)));
    worker.on('error', (error) => end(() => reject(error)));
  });
}

/** SHA-256 of pieces that follow each other, text as UTF-8: 64 hexadecimal digits. */
export function sha256(pieces: Iterable<Uint8Array | string>): string {
  const hash = createHash('sha256');
  for (const piece of pieces) hash.update(piece);
  return hash.digest('hex');
}

/** Let timers, signals and drawing through: a long computation waits for nothing else. */
export function pause(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/**
 * Unpack a gzip stream with all its members, or a zlib stream, piece by piece.
 *
 * @param take - Given every piece of at most `pieceBytes`, until it returns false.
 * @param options.isStart - The stream may end anywhere: only its start is at hand.
 * @throws {Error} What zlib says about a damaged stream; the pieces before the damage have been given by then.
 */
export function gunzip(
  compressed: Uint8Array,
  take: (piece: Uint8Array) => boolean,
  {pieceBytes, isStart = false}: {readonly pieceBytes: number; readonly isStart?: boolean},
): Promise<void> {
  const finishFlush = isStart ? zlib.constants.Z_SYNC_FLUSH : zlib.constants.Z_FINISH;
  const stream = zlib.createUnzip({chunkSize: pieceBytes, finishFlush});
  return new Promise((resolve, reject) => {
    stream.on('data', (piece: Uint8Array) => {
      if (!take(piece)) {
        stream.destroy();
        resolve();
      }
    });
    stream.on('end', resolve);
    stream.on('error', reject);
    stream.end(compressed); // whole, so that members may end anywhere
  });
}

/** Unpack such a stream that comes in pieces, piece by piece; errors as those of `gunzip`. */
export async function* gunzipPieces(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const unpacking = zlib.createUnzip({chunkSize: CHUNK_BYTES});
  // What fails is thrown where the pieces are taken.
  yield* pipeline(Readable.from(pieces), unpacking, () => undefined);
}

/** Compressed output comes in pieces of this size, unpacked input in pieces of at most this size. */
const CHUNK_BYTES = 1 << 18;
/** Blocks of this size are compressed at the same time, on the threads that Node.js has for such work. */
const BLOCK_BYTES = 1 << 21;
/** A block is judged by so many pieces from all over it, each of so many bytes. */
const SAMPLE = {pieces: 16, bytes: 1 << 10};
/** Blocks that would keep more than this share of their size are stored as they are: docs/decisions/010-compression.md. */
const WORTHLESS = 7 / 8;
/** The most that a stored block of DEFLATE holds. */
const STORED_BYTES = 65535;
/** Measured on moved images (float32): half the time of level 6, files 6 % larger. */
const LEVEL = 1;

/** Compress bytes to a zlib stream (RFC 1950). */
export const deflate: (bytes: Uint8Array) => Promise<Uint8Array> = promisify(zlib.deflate);

const deflateRaw = promisify(zlib.deflateRaw);
const gzipWhole = promisify(zlib.gzip);

/**
 * How zlib is to take a block, by a sample of it: run lengths alone (Z_RLE) where they find as much as a search for
 * repetitions does, in half its time; nothing at all where neither finds enough.
 */
function chooseStrategy(block: Uint8Array): number | 'store' {
  const {Z_DEFAULT_STRATEGY, Z_RLE} = zlib.constants;
  const sample = sampleOf(block);
  const sizeWith = (strategy: number): number =>
    zlib.deflateRawSync(sample, {level: LEVEL, strategy}).length;
  const [byRuns, bySearch] = [sizeWith(Z_RLE), sizeWith(Z_DEFAULT_STRATEGY)];
  if (Math.min(byRuns, bySearch) > WORTHLESS * sample.length) return 'store';
  return byRuns <= 1.02 * bySearch ? Z_RLE : Z_DEFAULT_STRATEGY;
}

function sampleOf(block: Uint8Array): Uint8Array {
  const {pieces, bytes} = SAMPLE;
  if (block.length <= pieces * bytes) return block;
  const stride = (block.length - bytes) / (pieces - 1);
  const starts = Array.from({length: pieces}, (_, n) => Math.floor(n * stride));
  return Buffer.concat(starts.map((start) => block.subarray(start, start + bytes)));
}

/** One block as a piece of a DEFLATE stream that ends at a whole byte. */
async function deflateBlock(block: Uint8Array, isLast: boolean): Promise<readonly Uint8Array[]> {
  const strategy = chooseStrategy(block);
  if (strategy === 'store') return store(block, isLast);
  const {Z_FINISH, Z_SYNC_FLUSH} = zlib.constants;
  const finishFlush = isLast ? Z_FINISH : Z_SYNC_FLUSH;
  return [await deflateRaw(block, {level: LEVEL, chunkSize: CHUNK_BYTES, finishFlush, strategy})];
}

/** Stored blocks: RFC 1951, section 3.2.4. */
function store(bytes: Uint8Array, isLast: boolean): readonly Uint8Array[] {
  return Array.from({length: Math.ceil(bytes.length / STORED_BYTES)}, (_, n) => {
    const stored = bytes.subarray(n * STORED_BYTES, (n + 1) * STORED_BYTES);
    const header = new DataView(new ArrayBuffer(5));
    header.setUint8(0, isLast && (n + 1) * STORED_BYTES >= bytes.length ? 1 : 0);
    header.setUint16(1, stored.length, true);
    header.setUint16(3, ~stored.length, true);
    return [new Uint8Array(header.buffer), stored];
  }).flat();
}

/**
 * Compress bytes in several parts to one gzip member, so that readers which stop after the first member see everything.
 *
 * Each block becomes a piece of the same DEFLATE stream; what zlib made is ended by an empty stored block (Z_SYNC_FLUSH), so that
 * pieces join at whole bytes (RFC 1951, section 3.2.4; RFC 1952, section 2.3).
 */
export async function gzip(parts: readonly Uint8Array[]): Promise<readonly Uint8Array[]> {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  if (length <= BLOCK_BYTES || !HAS_CRC32) {
    return [await gzipWhole(Buffer.concat(parts), {level: LEVEL, chunkSize: CHUNK_BYTES})];
  }
  const blocks = parts
    .flatMap(blocksOf)
    .map((block, n, {length: count}) => deflateBlock(block, n === count - 1));
  const checksum = parts.reduce((sum, part) => zlib.crc32(part, sum), 0);
  return [HEADER, ...(await Promise.all(blocks)).flat(), trailerOf(checksum, length)];
}

/** The same for parts that are made one after the other: the blocks of one part are compressed at the same time. */
export async function* gzipPieces(parts: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  if (!HAS_CRC32) {
    const packing = zlib.createGzip({level: LEVEL, chunkSize: CHUNK_BYTES});
    yield* pipeline(Readable.from(parts), packing, () => undefined);
    return;
  }
  yield HEADER;
  let [checksum, length] = [0, 0];
  for await (const part of parts) {
    checksum = zlib.crc32(part, checksum);
    length += part.length;
    yield* (await Promise.all(blocksOf(part).map((block) => deflateBlock(block, false)))).flat();
  }
  yield EMPTY_LAST_BLOCK;
  yield trailerOf(checksum, length);
}

/** Node.js has crc32 since 20.15. */
const HAS_CRC32 = typeof zlib.crc32 === 'function';
/** No name, no time, unknown system. */
const HEADER = Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255);
const EMPTY_LAST_BLOCK = Uint8Array.of(1, 0, 0, 0xff, 0xff);

function trailerOf(checksum: number, length: number): Uint8Array {
  const trailer = new DataView(new ArrayBuffer(8));
  trailer.setUint32(0, checksum, true);
  trailer.setUint32(4, length % 2 ** 32, true);
  return new Uint8Array(trailer.buffer);
}

function blocksOf(part: Uint8Array): Uint8Array[] {
  const count = Math.ceil(part.length / BLOCK_BYTES);
  return Array.from({length: count}, (_, n) =>
    part.subarray(n * BLOCK_BYTES, (n + 1) * BLOCK_BYTES),
  );
}
