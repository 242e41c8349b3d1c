import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import {test, testedBackend} from '../../support/native.js';
import {seededRandom} from '../../support/random.js';

const backend = await testedBackend();

const LARGE = 1 << 16; // elements; well above the smallest pooled buffer

test('the addon is built for the base instruction set and every vector set of the architecture', () => {
  const names = backend.addon.compiledIsas().map((entry) => entry.isa);
  const expected =
    process.arch === 'arm64' ? ['neon', 'scalar'] : ['avx512bf16', 'avx512', 'avx2', 'scalar'];
  assert.deepEqual(names, expected);
});

test('forcing an instruction set takes effect', () => {
  const before = backend.addon.isa();
  for (const {isa, supported} of backend.addon.compiledIsas()) {
    if (!supported) continue;
    backend.addon.setIsa(isa);
    assert.equal(backend.addon.isa(), isa);
  }
  backend.addon.setIsa(before);
});

test('an unknown instruction set is refused with E_ENGINE', () => {
  assert.throws(() => backend.addon.setIsa('mmx'), {code: 'E_ENGINE', message: /mmx/});
});

test('the native LeakyRelu multiplies negative values by alpha, for sizes around a vector', () => {
  for (const size of [1, 7, 8, 9, 1000]) {
    const random = seededRandom(size);
    const values = Float32Array.from({length: size}, () => random() * 2 - 1);
    const x = tf.tensor1d(values);
    const y = tf.leakyRelu(x, 0.2);
    const expected = values.map((value) =>
      value > 0 ? value : Math.fround(Math.fround(0.2) * value),
    );
    assert.deepEqual(y.dataSync(), expected);
    tf.dispose([x, y]);
  }
});

test('a disposed buffer is used again', () => {
  backend.pool.trim();
  const x = tf.zeros([LARGE]);
  const first = tf.leakyRelu(x, 0.1);
  const {usedBytes} = backend.pool.memory();
  assert.ok(usedBytes >= LARGE * 4);
  first.dispose();
  const freed = backend.pool.memory();
  assert.equal(freed.usedBytes, usedBytes - LARGE * 4);
  assert.ok(freed.freeBytes >= LARGE * 4);
  const second = tf.leakyRelu(x, 0.1);
  assert.equal(backend.pool.memory().freeBytes, freed.freeBytes - LARGE * 4);
  tf.dispose([x, second]);
});

test('what was read from a tensor stays as it was when its memory is used again', () => {
  backend.pool.trim();
  const x = tf.ones<tf.Rank.R1>([LARGE]);
  const y = tf.leakyRelu(x, 0.1);
  const seen = y.dataSync();
  y.dispose();
  const zeros = tf.zerosLike(x);
  const other = tf.leakyRelu(zeros, 0.1);
  assert.ok(seen.every((value) => value === 1));
  tf.dispose([x, zeros, other]);
});

test('the memory of a large disposed tensor serves several smaller ones, and afterwards a large one again', () => {
  backend.pool.trim();
  const x = tf.zeros<tf.Rank.R1>([4 * LARGE]);
  tf.leakyRelu(x, 0.1).dispose();
  const {freeBytes} = backend.pool.memory();
  const quarter = tf.zeros<tf.Rank.R1>([LARGE]);
  const parts = [1, 2, 3, 4].map((value) => tf.add(quarter, value));
  assert.equal(backend.pool.memory().freeBytes, freeBytes - 4 * LARGE * 4);
  assert.deepEqual(
    parts.map(
      (part) => part.dataSync().every((value, _, all) => value === all[0]) && part.dataSync()[0],
    ),
    [1, 2, 3, 4],
  );
  tf.dispose([parts[1], parts[3], parts[0], parts[2]]);
  const again = tf.leakyRelu(x, 0.1);
  assert.equal(backend.pool.memory().freeBytes, freeBytes - 4 * LARGE * 4);
  tf.dispose([x, quarter, again]);
});

test('a slice keeps the buffer it shares with its disposed source', () => {
  backend.pool.trim();
  const x = tf.ones<tf.Rank.R1>([LARGE]);
  const y = tf.leakyRelu(x, 0.1);
  const part = tf.slice(y, [0], [10]);
  y.dispose();
  const zeros = tf.zerosLike(x);
  const other = tf.leakyRelu(zeros, 0.1);
  assert.deepEqual([...part.dataSync()], new Array<number>(10).fill(1));
  tf.dispose([x, part, zeros, other]);
});

test('the peak is what used and free buffers took together', () => {
  backend.pool.trim();
  backend.pool.resetPeak();
  const before = backend.pool.memory().peakBytes;
  const x = tf.zeros([LARGE]);
  const y = tf.leakyRelu(x, 0.1);
  tf.dispose(y);
  const z = tf.leakyRelu(x, 0.1);
  assert.equal(backend.pool.memory().peakBytes, before + LARGE * 4);
  tf.dispose([x, z]);
});
