import assert from 'node:assert/strict';
import test from 'node:test';
import {gunzipSync, gzipSync} from 'node:zlib';
import {gzipBytes, inflateRange, inflateStart, isGzip} from '../../src/formats/gzip.js';
import {seededRandom} from '../support/random.js';

/** Half noise, half zeros: compressible, but no block like another. */
function someBytes(length: number, seed = 1): Uint8Array {
  const random = seededRandom(seed);
  return Uint8Array.from({length}, (_, n) => (n % 64 < 32 ? 256 * random() : 0));
}

const CONTENT = someBytes(10_000);

async function inflate(stream: Uint8Array): Promise<Uint8Array> {
  const {bytes} = await inflateRange(stream, [0, 1e6], 1e6);
  return bytes;
}

test('gzip is recognised by its content', () => {
  assert.equal(isGzip(gzipSync(CONTENT)), true);
  assert.equal(isGzip(Uint8Array.of(0x1f, 0x8b)), false);
  assert.equal(isGzip(Uint8Array.of(0x1f, 0x8b, 7)), false);
  assert.equal(isGzip(Uint8Array.of(1, 0x8b, 8)), false);
  assert.equal(isGzip(new Uint8Array(0)), false);
});

test('several members are one content, and zero padding is no member', async () => {
  const parts = [CONTENT.subarray(0, 1), CONTENT.subarray(1, 7000), CONTENT.subarray(7000)];
  const members = Buffer.concat(parts.map((part) => gzipSync(part)));
  assert.deepEqual(await inflate(members), CONTENT);
  assert.deepEqual(await inflate(Buffer.concat([members, new Uint8Array(512)])), CONTENT);
});

test('a range of the content is inflated without the rest', async () => {
  const stream = gzipSync(CONTENT);
  const {bytes, length} = await inflateRange(stream, [1234, 5678], CONTENT.length);
  assert.deepEqual(bytes, CONTENT.slice(1234, 5678));
  assert.equal(bytes.byteOffset, 0);
  assert.equal(length, CONTENT.length);
});

test('a range past the end comes back short, and its memory is bounded by the stream', async () => {
  const {bytes, length} = await inflateRange(gzipSync(CONTENT), [9000, 1e12], 1e12);
  assert.deepEqual(bytes, CONTENT.slice(9000));
  assert.ok(bytes.buffer.byteLength > bytes.length); // no second copy of a large file that is cut off
  assert.equal(length, CONTENT.length);
});

test('the start of a stream is inflated even where the rest is missing', async () => {
  const stream = gzipSync(CONTENT);
  assert.deepEqual(await inflateStart(stream, 540), CONTENT.slice(0, 540));
  assert.deepEqual(await inflateStart(stream.subarray(0, 3000), 540), CONTENT.slice(0, 540));
  assert.deepEqual(await inflateStart(gzipSync(CONTENT.slice(0, 9)), 540), CONTENT.slice(0, 9));
});

const changed = (change: (stream: Uint8Array) => void): Uint8Array => {
  const stream = Uint8Array.from(gzipSync(CONTENT));
  change(stream);
  return stream;
};
const DAMAGES: readonly (readonly [string, Uint8Array, string])[] = [
  [
    'a truncated stream',
    gzipSync(CONTENT).subarray(0, 4000),
    'it ends too early, as after an interrupted copy or download',
  ],
  [
    'junk behind the stream',
    Buffer.concat([gzipSync(CONTENT), Buffer.from('junk')]),
    'something other than gzip data follows the compressed image',
  ],
  [
    'a wrong checksum',
    changed((stream) => (stream[stream.length - 8] ^= 1)),
    'its checksum is wrong, so some of its content changed',
  ],
  [
    'a trailer with a length that is too small',
    changed((stream) => (stream[stream.length - 4] -= 1)),
    'its length is wrong, so a part of it is missing or changed',
  ],
  [
    'a trailer with a length of 4 GiB',
    changed((stream) => stream.fill(255, stream.length - 4)),
    'its length is wrong, so a part of it is missing or changed',
  ],
];

for (const [name, stream, reason] of DAMAGES) {
  test(`${name} is refused with one sentence`, async () => {
    const refusal = {
      code: 'E_IO',
      message: `the gzip data must be whole, but ${reason}.`,
    };
    await assert.rejects(inflate(stream), refusal);
    await assert.rejects(inflateRange(stream, [0, 500], CONTENT.length), refusal);
  });
}

test('compression gives one member that any gunzip reads, for every number of blocks', async () => {
  const BLOCK = 1 << 21;
  for (const length of [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK, 2 * BLOCK + 17]) {
    const bytes = someBytes(Math.min(length, 1000), length);
    const content = new Uint8Array(length);
    for (let start = 0; start < length; start += 40_000) {
      content.set(bytes.subarray(0, length - start), start);
    }
    const stream = await gzipBytes(content);
    assert.deepEqual(new Uint8Array(gunzipSync(stream)), content);
    assert.equal(
      Buffer.from(stream.buffer, stream.byteOffset).readUInt32LE(stream.length - 4),
      length,
    );
    const parts = [content.subarray(0, 352), content.subarray(352)];
    assert.deepEqual(new Uint8Array(gunzipSync(await gzipBytes(parts))), content);
  }
});

test('bytes that would hardly shrink are stored, and the rest of the file is not', async () => {
  const BLOCK = 1 << 21;
  const random = seededRandom(3);
  const noise = Uint8Array.from({length: BLOCK}, () => 256 * random());
  const content = new Uint8Array(3 * BLOCK);
  content.set(noise, BLOCK);
  const stream = await gzipBytes(content);
  assert.ok(gunzipSync(stream).equals(content));
  assert.ok(stream.length > BLOCK && stream.length < 1.01 * BLOCK, `${stream.length} bytes`);
  // The block's first bytes in the middle of the stream as they are: nothing was coded.
  assert.ok(Buffer.from(stream).includes(Buffer.from(noise.subarray(0, 1000))));
});
