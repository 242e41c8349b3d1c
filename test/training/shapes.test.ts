import assert from 'node:assert/strict';
import {test} from 'node:test';
import {Random} from '../../src/random.js';
import {compactLabels, drawContrast} from '../../src/training/shapes.js';

const labels = (...values: number[]) => ({name: 'map', data: Float32Array.from(values)});

test('labels are numbered in ascending order, the same in all maps, and 0 is 0', () => {
  const [first, second] = compactLabels([labels(0, 17, 3), labels(3, 1000, 0)], 'sources[0]');
  assert.deepEqual([...first.data], [0, 2, 1]);
  assert.deepEqual([...second.data], [1, 3, 0]);
  assert.deepEqual([first.codes, second.codes], [4, 4]);
});

test('0 is 0 also where it is not the lowest label, or where there is none', () => {
  assert.deepEqual([...compactLabels([labels(-5, 0, 7)], 'x')[0].data], [1, 0, 2]);
  assert.deepEqual([...compactLabels([labels(4, 9)], 'x')[0].data], [1, 2]);
});

test('more than 256 labels keep their own numbers', () => {
  const values = Array.from({length: 3000}, (_, n) => 7 * n);
  const [{data, codes}] = compactLabels([labels(...values)], 'x');
  assert.deepEqual([...data], [...values.keys()]);
  assert.equal(codes, 3000);
  assert.equal(drawContrast(codes, new Random(1)).length, 3000);
});

test('more labels than 16 bits can number are refused', () => {
  const data = Float32Array.from({length: 70_000}, (_, n) => n);
  assert.throws(() => compactLabels([{name: 'scan', data}], 'sources[0].images'), {
    code: 'E_RANGE',
    message: 'sources[0].images: label maps must have at most 65535 different labels, got 69999.',
  });
});

test('few labels take as many random numbers as 256', () => {
  const [few, many] = [new Random(1), new Random(1)];
  drawContrast(2, few);
  drawContrast(256, many);
  assert.equal(few.uniform(), many.uniform());
});
