import assert from 'node:assert/strict';
import {test} from 'node:test';
import {Random} from '../../src/random.js';
import {commonCodes, drawContrast, labelsOf, numberLabels} from '../../src/training/shapes.js';

/** Several maps in common codes, and how many codes there are. */
function numbered(...maps: (readonly number[])[]) {
  const labels = maps.map((values) => ({labels: labelsOf(Int32Array.from(values), 'map')}));
  const codes = commonCodes(labels, 'sources[0]');
  return {
    maps: maps.map((values) => [...numberLabels(Int32Array.from(values), codes)]),
    codes: codes.size,
  };
}

test('labels are numbered in ascending order, the same in all maps, and 0 is 0', () => {
  assert.deepEqual(numbered([0, 17, 3], [3, 1000, 0]), {
    maps: [
      [0, 2, 1],
      [1, 3, 0],
    ],
    codes: 4,
  });
});

test('0 is 0 also where it is not the lowest label, or where there is none', () => {
  assert.deepEqual(numbered([-5, 0, 7]).maps, [[1, 0, 2]]);
  assert.deepEqual(numbered([4, 9]).maps, [[1, 2]]);
});

test('labels beyond the whole numbers of float32 stay apart', () => {
  assert.deepEqual(numbered([2 ** 24, 2 ** 24 + 1, 2 ** 31 - 1]).maps, [[1, 2, 3]]);
});

test('more than 256 labels keep their own numbers', () => {
  const values = Array.from({length: 3000}, (_, n) => 7 * n);
  const {maps, codes} = numbered(values);
  assert.deepEqual(maps[0], [...values.keys()]);
  assert.equal(codes, 3000);
  assert.equal(drawContrast(codes, new Random(1)).length, 3000);
});

test('more labels than 16 bits can number are refused', () => {
  const data = Float32Array.from({length: 70_000}, (_, n) => n);
  assert.throws(() => labelsOf(data, 'sources[0].images'), {
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
