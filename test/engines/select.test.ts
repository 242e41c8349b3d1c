import assert from 'node:assert/strict';
import {test} from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import {describeEngines, startEngine} from '../../src/engines/select.js';
import {test as nativeTest, testedAddon} from '../support/native.js';

nativeTest('the native engine starts on its backend with the threads it was given', async () => {
  const engine = await startEngine({engine: 'native', threads: 2});
  assert.equal(engine.name, 'native');
  assert.match(engine.description, /^(avx512bf16|avx512|avx2|neon|scalar), 2 threads$/);
  assert.equal(tf.getBackend(), 'native');
  assert.deepEqual(engine.warnings, []);
});

nativeTest(
  'a native tensor is read where it lies, and stays what it is until it is disposed',
  async () => {
    const {valuesInPlace} = await startEngine({engine: 'native'});
    const large = tf.add(tf.range(0, 1e5), 1);
    const values = valuesInPlace!(large);
    assert.deepEqual(values, large.dataSync());
    assert.equal(valuesInPlace!(large).buffer, values.buffer);
    const other = tf.mul(large, 2);
    assert.deepEqual(values, large.dataSync());
    tf.dispose([large, other]);
  },
);

test('the javascript engine warns that it is slow and says nothing on the console', async (context) => {
  const warn = context.mock.method(console, 'warn', () => undefined);
  const engine = await startEngine({engine: 'javascript'});
  assert.equal(tf.getBackend(), 'cpu');
  assert.match(engine.warnings[0], /about 300 times slower/);
  tf.tidy(() => tf.add(tf.tensor1d([1]), 1).dataSync());
  assert.equal(warn.mock.callCount(), 0);
});

nativeTest('auto never picks the javascript engine while the native one loads', async () => {
  const {name} = await startEngine({engine: 'auto'});
  assert.notEqual(name, 'javascript');
});

test('a tensorflow engine that is not there is an E_ENGINE with a reason and a hint', async (context) => {
  const before = process.env.HYPERMORPH_TENSORFLOW_PREFIX;
  process.env.HYPERMORPH_TENSORFLOW_PREFIX = '/nonexistent';
  context.after(() => {
    if (before === undefined) delete process.env.HYPERMORPH_TENSORFLOW_PREFIX;
    else process.env.HYPERMORPH_TENSORFLOW_PREFIX = before;
  });
  await assert.rejects(startEngine({engine: 'tensorflow'}), {
    code: 'E_ENGINE',
    message: /^tensorflow engine: @tensorflow\/tfjs-node-gpu must load, got: Cannot find module/,
    hint: /^Run `npm install @tensorflow\/tfjs-node-gpu`.*HYPERMORPH_TENSORFLOW_PREFIX/,
  });
});

test('threads below one are refused', async () => {
  await assert.rejects(startEngine({engine: 'native', threads: 0}), {
    code: 'E_RANGE',
    message: 'engine: threads must be a whole number of at least 1, got 0.',
  });
});

nativeTest(
  'bf16 starts where the instructions are and is refused elsewhere, also by auto',
  async () => {
    const addon = testedAddon();
    for (const engine of ['native', 'auto'] as const) {
      const start = () => startEngine({engine, threads: 2, precision: 'bf16'});
      if (addon.isa() === 'avx512bf16') {
        assert.equal((await start()).description, 'avx512bf16, 2 threads, precision bf16');
        continue;
      }
      await assert.rejects(start, {
        code: 'E_ENGINE',
        message: `native engine: precision bf16 must run on a processor with AVX512_BF16, got instruction set ${addon.isa()}.`,
        hint: 'Use precision float32, the default.',
      });
    }
  },
);

test('bf16 is refused by the other engines', async () => {
  for (const engine of ['javascript', 'tensorflow'] as const) {
    await assert.rejects(startEngine({engine, precision: 'bf16'}), {
      code: 'E_ENGINE',
      message: `engine: precision bf16 must run on the native engine, got ${engine}.`,
      hint: 'Use the native engine, or precision float32.',
    });
  }
});

test('every engine is described, whether it loads or not', async () => {
  const reports = await describeEngines();
  assert.deepEqual(
    reports.map(({name}) => name),
    ['tensorflow', 'native', 'javascript'],
  );
  assert.ok(reports[2].loads);
  for (const report of reports) assert.notEqual(report.description, '');
});
