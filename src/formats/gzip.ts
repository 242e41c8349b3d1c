import {promisify} from 'node:util';
import zlib from 'node:zlib';
import {HypermorphError} from '../errors.js';
import {byteLengthOf, joinBytes, partsOf, type Bytes} from './bytes.js';

/** DEFLATE cannot shrink anything by more than this factor, so a file cannot hold more. */
export const MAX_INFLATION = 1032;

/** How far past the wanted bytes a stream is followed to check its checksum before it is called too long. */
const MAX_SURPLUS = 1 << 30;
const CHUNK_BYTES = 1 << 18;
/** Unpacked pieces: large ones, as each waits until the program has time for it. */
const INFLATED_BYTES = 1 << 22;
/** Blocks of this size are compressed at the same time, on the threads that Node.js has for such work. */
const BLOCK_BYTES = 1 << 21;
/** A block is judged by so many pieces from all over it, each of so many bytes. */
const SAMPLE = {pieces: 16, bytes: 1 << 10};
/** Blocks that would keep more than this share of their size are stored as they are: docs/decisions/009-compression.md. */
const WORTHLESS = 7 / 8;
/** The most that a stored block of DEFLATE holds. */
const STORED_BYTES = 65535;
/** Measured on moved images (float32): half the time of level 6, files 6 % larger. */
const LEVEL = 1;

const deflateRaw = promisify(zlib.deflateRaw);
const gzip = promisify(zlib.gzip);

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
  return joinBytes(starts.map((start) => block.subarray(start, start + bytes)));
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

/** Whether bytes start a gzip stream with DEFLATE inside; the content decides, never the name. */
export function isGzip(bytes: Uint8Array): boolean {
  return bytes.length >= 3 && bytes[0] === 0x1f && bytes[1] === 0x8b && bytes[2] === 8;
}

/**
 * Compress bytes to one gzip member, so that readers which stop after the first member see everything.
 *
 * Each block becomes a piece of the same DEFLATE stream; what zlib made is ended by an empty stored block (Z_SYNC_FLUSH), so that
 * pieces join at whole bytes (RFC 1951, section 3.2.4; RFC 1952, section 2.3).
 */
export async function gzipBytes(bytes: Bytes): Promise<Uint8Array> {
  const length = byteLengthOf(bytes);
  // Node.js has crc32 since 20.15.
  if (length <= BLOCK_BYTES || typeof zlib.crc32 !== 'function') {
    return gzip(joinBytes(bytes), {level: LEVEL, chunkSize: CHUNK_BYTES});
  }
  const parts = partsOf(bytes);
  const blocks = parts
    .flatMap(blocksOf)
    .map((block, n, {length: count}) => deflateBlock(block, n === count - 1));
  const header = Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255); // No name, no time, unknown system.
  const trailer = new DataView(new ArrayBuffer(8));
  const checksum = parts.reduce((sum, part) => zlib.crc32(part, sum), 0);
  trailer.setUint32(0, checksum, true);
  trailer.setUint32(4, length % 2 ** 32, true);
  return joinBytes([header, ...(await Promise.all(blocks)).flat(), new Uint8Array(trailer.buffer)]);
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
  return {bytes: result.subarray(0, Math.max(0, position - start)), length: position};
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
