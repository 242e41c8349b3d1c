import assert from 'node:assert/strict';
import {gunzipSync, gzipSync} from 'node:zlib';
import {createNativeGzip} from '../../../src/engines/native/gzip.js';
import {gzipBytes} from '../../../src/formats/gzip.js';
import {test, testedAddon} from '../../support/native.js';
import {seededRandom} from '../../support/random.js';

const addon = testedAddon();
const compress = createNativeGzip(addon);

const BLOCK = 1 << 17; // bytes that the addon compresses by themselves

function bytesOf(size: number, draw: (index: number) => number): Uint8Array {
  return Uint8Array.from({length: size}, (_, index) => draw(index));
}

function smoothField(count: number): Uint8Array {
  const values = Float32Array.from(
    {length: count},
    (_, n) => Math.sin(n / 500) * Math.cos(n / 7000),
  );
  return new Uint8Array(values.buffer);
}

/** Contents that reach every kind of block, literal, match and code length. */
function contents(): [name: string, bytes: Uint8Array][] {
  const random = seededRandom(5);
  const skewed = () => Math.floor(-Math.log(1 - random()) * 2) & 0xff;
  // Fibonacci numbers as frequencies make the deepest tree.
  const fibonacci: number[] = [];
  for (
    let [a, b, symbol] = [1, 1, 0];
    fibonacci.length < BLOCK;
    [a, b, symbol] = [b, a + b, symbol + 1]
  )
    fibonacci.push(...new Array<number>(Math.min(a, BLOCK)).fill(symbol));
  const shuffled = fibonacci.sort(() => random() - 0.5);
  return [
    ['nothing', new Uint8Array(0)],
    ['one byte', Uint8Array.of(7)],
    ['three bytes', Uint8Array.of(1, 2, 3)],
    ['zeros', new Uint8Array(1_000_000)],
    ['one block less a byte', bytesOf(BLOCK - 1, skewed)],
    ['one block', bytesOf(BLOCK, skewed)],
    ['one block and a byte', bytesOf(BLOCK + 1, skewed)],
    ['noise', bytesOf(3 * BLOCK, () => Math.floor(random() * 256))],
    ['repeats of every distance', bytesOf(2 * BLOCK, (n) => (n * n) >> 9)],
    ['text', new TextEncoder().encode('fixed and moving, '.repeat(20_000))],
    ['very unequal frequencies', Uint8Array.from(shuffled)],
    ['a field', smoothField(200_000)],
  ];
}

test('what is compressed comes back from zlib, whatever it is', async () => {
  for (const [name, bytes] of contents()) {
    const compressed = await compress(bytes);
    assert.ok(Buffer.from(bytes).equals(gunzipSync(compressed)), name);
  }
});

test('any bytes of any length come back', async () => {
  const random = seededRandom(6);
  for (let run = 0; run < 200; run++) {
    const alphabet = 1 + Math.floor(random() * 256);
    const stay = random();
    let value = 0;
    const bytes = bytesOf(Math.floor(random() * 5000), () => {
      if (random() > stay) value = Math.floor(random() * alphabet);
      return value;
    });
    assert.ok(Buffer.from(bytes).equals(gunzipSync(await compress(bytes))), `run ${run}`);
  }
});

test('bytes in several parts become one member', async () => {
  for (const sizes of [[352, 3 * BLOCK + 7], [0, 5], [BLOCK, 0, 1], []]) {
    const parts = sizes.map((size, n) => bytesOf(size, (index) => (n + index * index) >> 5));
    const whole = Buffer.concat(parts);
    for (const gzip of [compress, gzipBytes]) {
      assert.ok(whole.equals(gunzipSync(await gzip(parts))), sizes.join(' + '));
    }
  }
});

test('the same bytes come out for every number of threads', async () => {
  const field = smoothField(300_000);
  const before = addon.threads();
  const results: Uint8Array[] = [];
  for (const threads of [1, 2, 3]) {
    addon.setThreads(threads);
    results.push(await compress(field));
  }
  addon.setThreads(before);
  assert.deepEqual(results[1], results[0]);
  assert.deepEqual(results[2], results[0]);
});

test('a field becomes as small as by zlib at its fastest, and noise grows by less than a thousandth', async () => {
  const field = smoothField(500_000);
  const own = (await compress(field)).length;
  assert.ok(own <= 1.05 * gzipSync(field, {level: 1}).length, `${own} bytes`);
  const random = seededRandom(7);
  const noise = bytesOf(4 * BLOCK, () => Math.floor(random() * 256));
  assert.ok((await compress(noise)).length < 1.001 * noise.length);
});
