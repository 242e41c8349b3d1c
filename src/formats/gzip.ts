import {gunzip, gunzipPieces, gzip} from '../platform.js';
import {HypermorphError} from '../errors.js';
import {joinBytes, partsOf, type Bytes} from './bytes.js';
import {withName} from './named.js';

/** DEFLATE cannot shrink anything by more than this factor, so a file cannot hold more. */
export const MAX_INFLATION = 1032;

/** How far past the wanted bytes a stream is followed to check its checksum before it is called too long. */
const MAX_SURPLUS = 1 << 30;
/** Unpacked pieces: large ones, as each waits until the program has time for it. */
const INFLATED_BYTES = 1 << 22;

/** Whether bytes start a gzip stream with DEFLATE inside; the content decides, never the name. */
export function isGzip(bytes: Uint8Array): boolean {
  return bytes.length >= 3 && bytes[0] === 0x1f && bytes[1] === 0x8b && bytes[2] === 8;
}

/** Compress bytes to one gzip member. */
export async function gzipBytes(bytes: Bytes): Promise<Uint8Array> {
  return joinBytes(await gzip(partsOf(bytes)));
}

/**
 * The first bytes inside a gzip stream, at most `length`; fewer where the stream is shorter or `compressed` is only its start.
 *
 * @throws {HypermorphError} E_IO if not even the first byte can be had; without the name of the file.
 */
export async function inflateStart(
  compressed: Uint8Array,
  length: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const result = new Uint8Array(length);
  let filled = 0;
  try {
    const take = (piece: Uint8Array): boolean => {
      const part = piece.subarray(0, length - filled);
      result.set(part, filled);
      filled += part.length;
      return filled < length;
    };
    await gunzip(compressed, take, {pieceBytes: 4096, isStart: true});
  } catch (error) {
    if (filled === 0) {
      throw damaged(error);
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
 * @throws {HypermorphError} E_IO if the stream is cut off or damaged; without the name of the file.
 */
export async function inflateRange(
  compressed: Uint8Array,
  [start, end]: readonly [number, number],
  expectedLength: number,
): Promise<{readonly bytes: Uint8Array<ArrayBuffer>; readonly length: number}> {
  const possibleEnd = Math.min(end, compressed.length * MAX_INFLATION);
  const result = new Uint8Array(Math.max(0, possibleEnd - start));
  let position = 0;
  try {
    const take = (piece: Uint8Array): boolean => {
      const from = Math.max(start, position);
      const to = Math.min(end, position + piece.length);
      if (to > from) {
        result.set(piece.subarray(from - position, to - position), from - start);
      }
      position += piece.length;
      return position < expectedLength + MAX_SURPLUS;
    };
    await gunzip(compressed, take, {pieceBytes: INFLATED_BYTES});
  } catch (error) {
    throw damaged(error);
  }
  return {bytes: result.subarray(0, Math.max(0, position - start)), length: position};
}

/**
 * What a gzip stream holds, piece by piece, while it is read: for more than fits into memory.
 *
 * @param path - Names the file in messages.
 * @throws {HypermorphError} E_IO if the stream is cut off or damaged; what the pieces throw.
 */
export async function* inflatePieces(
  pieces: AsyncIterable<Uint8Array>,
  path: string,
): AsyncGenerator<Uint8Array> {
  try {
    yield* gunzipPieces(pieces);
  } catch (error) {
    throw error instanceof HypermorphError ? error : withName(path, damaged(error));
  }
}

/** What zlib's sentences mean to the owner of the file. */
const DAMAGE: Readonly<Record<string, string>> = {
  'unexpected end of file': 'it ends too early, as after an interrupted copy or download',
  'incorrect data check': 'its checksum is wrong, so some of its content changed',
  'incorrect length check': 'its length is wrong, so a part of it is missing or changed',
  'incorrect header check': 'something other than gzip data follows the compressed image',
};

function damaged(error: unknown): HypermorphError {
  const reason = error instanceof Error ? error.message : String(error);
  return new HypermorphError(
    'E_IO',
    `the gzip data must be whole, but ${DAMAGE[reason] ?? `it cannot be unpacked (${reason})`}.`,
    {cause: error, hint: 'Copy or download the file again.'},
  );
}
