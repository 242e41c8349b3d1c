// What platform.ts is in a browser, with the same names.

import {sha256 as sha256Hash} from '@noble/hashes/sha2.js';
import {bytesToHex, utf8ToBytes} from '@noble/hashes/utils.js';

/** What every browser can. */
export const MAX_ARRAY_BYTES = 2 ** 31 - 1;

/** A page that hangs is closed by its user; there is no thread to run a module on without its bundler's help. */
export const runApart = null;

/** A browser does not tell. */
export function memoryLimit(): number {
  return Infinity;
}

export function sha256(pieces: Iterable<Uint8Array | string>): string {
  const hash = sha256Hash.create();
  for (const piece of pieces) hash.update(typeof piece === 'string' ? utf8ToBytes(piece) : piece);
  return bytesToHex(hash.digest());
}

export function pause(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve);
  });
}

/** Gzip begins with 1f 8b; what else is compressed is a zlib stream. */
function unpacking(start: Uint8Array | undefined): DecompressionStream {
  const isGzip = start?.[0] === 0x1f && start[1] === 0x8b;
  return new DecompressionStream(isGzip ? 'gzip' : 'deflate');
}

/** Streams of one member only: browsers refuse what follows it. The size of the pieces is the browser's choice. */
export async function gunzip(
  compressed: Uint8Array,
  take: (piece: Uint8Array) => boolean,
): Promise<void> {
  for await (const piece of through(unpacking(compressed), [compressed])) {
    if (!take(piece)) return;
  }
}

export async function gzip(parts: readonly Uint8Array[]): Promise<readonly Uint8Array[]> {
  const pieces: Uint8Array[] = [];
  for await (const piece of through(new CompressionStream('gzip'), parts)) pieces.push(piece);
  return pieces;
}

export async function deflate(bytes: Uint8Array): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for await (const piece of through(new CompressionStream('deflate'), [bytes])) pieces.push(piece);
  return new Uint8Array(await new Blob(pieces).arrayBuffer());
}

export async function* gunzipPieces(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const all = await allOf(pieces);
  yield* through(unpacking(all[0]), all);
}

export async function* gzipPieces(parts: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* through(new CompressionStream('gzip'), await allOf(parts));
}

async function allOf(pieces: AsyncIterable<Uint8Array>): Promise<Uint8Array[]> {
  const all: Uint8Array[] = [];
  for await (const piece of pieces) all.push(piece);
  return all;
}

/** Not by the stream's own iterator, which not every browser has. */
async function* through(
  stream: CompressionStream | DecompressionStream,
  parts: readonly Uint8Array[],
): AsyncGenerator<Uint8Array> {
  const input = new Blob(parts as Uint8Array<ArrayBuffer>[]).stream();
  const reader = input.pipeThrough<Uint8Array>(stream).getReader();
  try {
    for (;;) {
      const {done, value} = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}
