import {promisify} from 'node:util';
import zlib from 'node:zlib';
import {HypermorphError} from '../errors.js';
import {byteLengthOf, joinBytes, partsOf, type Bytes} from './bytes.js';

/** Compresses bytes to one gzip stream; an engine may bring a faster one. */
export type GzipFunction = (bytes: Bytes) => Promise<Uint8Array>;

/** DEFLATE cannot shrink anything by more than this factor, so a file cannot hold more. */
export const MAX_INFLATION = 1032;

/** How far past the wanted bytes a stream is followed to check its checksum before it is called too long. */
const MAX_SURPLUS = 1 << 30;
const CHUNK_BYTES = 1 << 18;
/** Unpacked pieces: large ones, as each waits until the program has time for it. */
const INFLATED_BYTES = 1 << 22;
/** Blocks of this size are compressed at the same time, on the threads that Node.js has for such work. */
const BLOCK_BYTES = 1 << 21;
const SAMPLE_BYTES = 1 << 15;
/** Measured on moved images (float32): half the time of level 6, files 6 % larger; on displacement fields both are equal. */
const LEVEL = 1;

const deflateRaw = promisify(zlib.deflateRaw);
const gzip = promisify(zlib.gzip);

/**
 * Displacements have few repetitions to find: on them run lengths alone (Z_RLE) give the same size in 45 % of the time,
 * while images become a third larger. A sample of the block shows which it is.
 */
function chooseStrategy(block: Uint8Array): number {
  const middle = Math.max(0, (block.length - SAMPLE_BYTES) >> 1);
  const sample = block.subarray(middle, middle + SAMPLE_BYTES);
  const {Z_DEFAULT_STRATEGY, Z_RLE} = zlib.constants;
  const sizeWith = (strategy: number): number =>
    zlib.deflateRawSync(sample, {level: LEVEL, strategy}).length;
  return sizeWith(Z_RLE) <= 1.02 * sizeWith(Z_DEFAULT_STRATEGY) ? Z_RLE : Z_DEFAULT_STRATEGY;
}

/** Whether bytes start a gzip stream with DEFLATE inside; the content decides, never the name. */
export function isGzip(bytes: Uint8Array): boolean {
  return bytes.length >= 3 && bytes[0] === 0x1f && bytes[1] === 0x8b && bytes[2] === 8;
}

/**
 * The default `GzipFunction`: one member, so that readers which stop after the first member see everything.
 *
 * Each block becomes a piece of the same DEFLATE stream, ended by an empty stored block (Z_SYNC_FLUSH) so that pieces join at
 * whole bytes; RFC 1951, section 3.2.4, and RFC 1952, section 2.3.
 */
export async function gzipBytes(bytes: Bytes): Promise<Uint8Array> {
  const length = byteLengthOf(bytes);
  // Node.js has crc32 since 20.15.
  if (length <= BLOCK_BYTES || typeof zlib.crc32 !== 'function') {
    return gzip(joinBytes(bytes), {level: LEVEL, chunkSize: CHUNK_BYTES});
  }
  const parts = partsOf(bytes);
  const blocks = parts.flatMap(blocksOf).map((block, n, {length: count}) => {
    const {Z_FINISH, Z_SYNC_FLUSH} = zlib.constants;
    const finishFlush = n === count - 1 ? Z_FINISH : Z_SYNC_FLUSH;
    const strategy = chooseStrategy(block);
    return deflateRaw(block, {level: LEVEL, chunkSize: CHUNK_BYTES, finishFlush, strategy});
  });
  const header = Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255); // No name, no time, unknown system.
  const trailer = new DataView(new ArrayBuffer(8));
  const checksum = parts.reduce((sum, part) => zlib.crc32(part, sum), 0);
  trailer.setUint32(0, checksum, true);
  trailer.setUint32(4, length % 2 ** 32, true);
  return joinBytes([header, ...(await Promise.all(blocks)), new Uint8Array(trailer.buffer)]);
}

function blocksOf(part: Uint8Array): Uint8Array[] {
  const count = Math.ceil(part.length / BLOCK_BYTES);
  return Array.from({length: count}, (_, n) =>
    part.subarray(n * BLOCK_BYTES, (n + 1) * BLOCK_BYTES),
  );
}

/**
 * The first bytes inside a gzip stream, at most `length`; fewer where the stream is shorter or `compressed` is only its start.
 *
 * @throws {HypermorphError} E_IO if not even the first byte can be had.
 */
export async function inflateStart(
  compressed: Uint8Array,
  length: number,
  where: string,
): Promise<Uint8Array<ArrayBuffer>> {
  const result = new Uint8Array(length);
  let filled = 0;
  try {
    const options = {chunkSize: 4096, finishFlush: zlib.constants.Z_SYNC_FLUSH};
    await eachChunk(zlib.createGunzip(options), compressed, (chunk) => {
      const part = chunk.subarray(0, length - filled);
      result.set(part, filled);
      filled += part.length;
      return filled < length;
    });
  } catch (error) {
    if (filled === 0) {
      throw damaged(where, error);
    }
  }
  return result.slice(0, filled);
}

/**
 * Bytes [start, end) of what a gzip stream holds: all its members, checksums verified, memory for these bytes only.
 *
 * @param compressed - The whole stream; zero padding behind it is fine.
 * @returns `bytes` in memory of their own (offset 0 of a fresh ArrayBuffer), shorter than asked where the stream holds less;
 *   `length` is how much the stream holds, followed to at most 1 GiB past `expectedLength`.
 * @throws {HypermorphError} E_IO if the stream is cut off or damaged.
 */
export async function inflateRange(
  compressed: Uint8Array,
  [start, end]: readonly [number, number],
  {where, expectedLength}: {readonly where: string; readonly expectedLength: number},
): Promise<{readonly bytes: Uint8Array<ArrayBuffer>; readonly length: number}> {
  const possibleEnd = Math.min(end, compressed.length * MAX_INFLATION);
  const result = new Uint8Array(Math.max(0, possibleEnd - start));
  let position = 0;
  try {
    await eachChunk(zlib.createGunzip({chunkSize: INFLATED_BYTES}), compressed, (chunk) => {
      const from = Math.max(start, position);
      const to = Math.min(end, position + chunk.length);
      if (to > from) {
        result.set(chunk.subarray(from - position, to - position), from - start);
      }
      position += chunk.length;
      return position < expectedLength + MAX_SURPLUS;
    });
  } catch (error) {
    throw damaged(where, error);
  }
  const bytes = position >= end ? result : result.slice(0, Math.max(0, position - start));
  return {bytes, length: position};
}

/**
 * Everything a gzip stream holds.
 *
 * @param maxBytes - More than this is refused before it is allocated.
 * @throws {HypermorphError} E_IO if the stream is damaged or holds more.
 */
export async function inflateAll(
  compressed: Uint8Array,
  maxBytes: number,
  where: string,
): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    await eachChunk(zlib.createGunzip({chunkSize: INFLATED_BYTES}), compressed, (chunk) => {
      chunks.push(chunk);
      length += chunk.length;
      return length <= maxBytes;
    });
  } catch (error) {
    throw damaged(where, error);
  }
  if (length > maxBytes) {
    throw new HypermorphError(
      'E_IO',
      `${where}: the compressed content must be at most ${maxBytes} bytes, got more.`,
    );
  }
  return joinBytes(chunks);
}

/** Hands every inflated piece to `take`, until that returns false. The input goes in whole, so members may end anywhere. */
function eachChunk(
  stream: zlib.Gunzip,
  compressed: Uint8Array,
  take: (chunk: Uint8Array) => boolean,
): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.on('data', (chunk: Uint8Array) => {
      if (!take(chunk)) {
        stream.destroy();
        resolve();
      }
    });
    stream.on('end', resolve);
    stream.on('error', reject);
    stream.end(compressed);
  });
}

/** What zlib's sentences mean to the owner of the file. */
const DAMAGE: Readonly<Record<string, string>> = {
  'unexpected end of file': 'it ends too early, as after an interrupted copy or download',
  'incorrect data check': 'its checksum is wrong, so some of its content changed',
  'incorrect length check': 'its length is wrong, so a part of it is missing or changed',
  'incorrect header check': 'something other than gzip data follows the compressed image',
};

function damaged(where: string, error: unknown): HypermorphError {
  const reason = error instanceof Error ? error.message : String(error);
  return new HypermorphError(
    'E_IO',
    `${where}: the gzip data must be whole, but ${DAMAGE[reason] ?? `it cannot be unpacked (${reason})`}.`,
    {cause: error, hint: 'Copy or download the file again.'},
  );
}
