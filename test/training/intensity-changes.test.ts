import assert from 'node:assert/strict';
import {test} from 'node:test';
import {PORTABLE} from '../../src/kernels/voxel-operation.js';
import type {GridContext} from '../../src/training/smooth-noise.js';
import {Random} from '../../src/random.js';
import {changeIntensities} from '../../src/training/intensity-changes.js';

const BENCH: GridContext = {shape: [8, 7, 6], engine: PORTABLE};
const NOTHING = {gamma: 0, biasField: 0, noise: 0, blurVox: 0};

function imageIn(low: number, high: number): Float32Array {
  const random = new Random(3);
  return Float32Array.from({length: 8 * 7 * 6}, () => random.uniform(low, high));
}

test('where nothing is switched on, no voxel changes, whatever its range', () => {
  const image = imageIn(-1000, 2000);
  const before = image.slice();
  changeIntensities(image, BENCH, NOTHING, new Random(1));
  assert.deepEqual(image, before);
});

test('a blur alone keeps the range of the image', () => {
  const image = imageIn(100, 2000);
  changeIntensities(image, BENCH, {...NOTHING, blurVox: 8}, new Random(1));
  assert.ok(image.every((value) => value > 99 && value < 2001));
  assert.notDeepEqual(image, imageIn(100, 2000));
});

for (const key of ['gamma', 'biasField', 'noise'] as const) {
  test(`${key} changes an image and keeps it in [0, 1]`, () => {
    const image = imageIn(0, 1);
    changeIntensities(image, BENCH, {...NOTHING, [key]: 0.5}, new Random(1));
    assert.ok(image.every((value) => value >= 0 && value <= 1));
    assert.notDeepEqual(image, imageIn(0, 1));
  });
}
