import assert from 'node:assert/strict';
import {test} from 'node:test';
import {HypermorphError} from '../../src/errors.js';
import {
  backgroundOf,
  measureIntensity,
  normaliseInPlace,
  type Normalisation,
} from '../../src/volume/intensity.js';
import type {Triple} from '../../src/geometry/triple.js';
import {PORTABLE as engine} from '../../src/kernels/voxel-operation.js';

const line = (...values: number[]) => ({
  shape: [values.length, 1, 1] as Triple,
  data: Float32Array.from(values),
});
const measure = (image: ReturnType<typeof line>, normalisation: Normalisation) =>
  measureIntensity(image, normalisation, engine, 'brain.nii');

test('min-max brings the smallest voxel to 0 and the largest to 1', () => {
  const image = line(-20, 0, 80);
  normaliseInPlace(image.data, measure(image, {kind: 'minmax'}));
  assert.deepEqual([...image.data], [0, Math.fround(0.2), 1]);
});

test('percentiles cut what lies beyond them', () => {
  const image = line(...Array.from({length: 100}, (_, n) => n + 1), 1e6);
  const scale = measure(image, {kind: 'percentile', low: 0, high: 99});
  normaliseInPlace(image.data, scale);
  assert.equal(image.data[0], 0);
  assert.equal(image.data[100], 1);
  assert.ok(Math.abs(scale.high - 100) < 1e-3);
});

test('no normalisation leaves every voxel as it is', () => {
  const image = line(-20, 0, 80);
  normaliseInPlace(image.data, measure(image, {kind: 'none'}));
  assert.deepEqual([...image.data], [-20, 0, 80]);
});

test('voxels without a value are left out, and said', () => {
  const scale = measure(line(NaN, 1, 3, Infinity), {kind: 'minmax'});
  assert.equal(scale.low, 1);
  assert.equal(scale.high, 3);
  assert.deepEqual(scale.warnings, ['brain.nii: 2 voxels are NaN or infinite and count as 0.']);
});

test('an image whose percentiles coincide falls back on its extremes', () => {
  const scale = measure(line(...new Array<number>(99).fill(0), 7), {
    kind: 'percentile',
    low: 1,
    high: 90,
  });
  assert.deepEqual([scale.low, scale.high], [0, 7]);
  assert.match(scale.warnings[0], /percentiles 1 and 90 are both 0/);
});

test('a constant image is an error that says so', () => {
  assert.throws(
    () => measure(line(5, 5, 5), {kind: 'minmax'}),
    (error) =>
      error instanceof HypermorphError &&
      error.code === 'E_RANGE' &&
      error.message === 'brain.nii: voxels must differ from each other, got 5 in all of them.',
  );
});

test('an image without a single number is an error that says so', () => {
  assert.throws(
    () => measure(line(NaN, Infinity), {kind: 'none'}),
    (error) =>
      error instanceof HypermorphError &&
      error.code === 'E_RANGE' &&
      error.message === 'brain.nii: voxels must be numbers, got 2 of 2 that are NaN or infinite.',
  );
});

test('the background of a CT is its air, that of everything else 0', () => {
  const shape: Triple = [3, 3, 3];
  const air = new Float32Array(27).fill(-1000);
  air[13] = 60;
  assert.equal(backgroundOf({shape, data: air}), -1000);
  const head = new Float32Array(27);
  head[13] = -3;
  assert.equal(backgroundOf({shape, data: head}), 0);
  const tissue = new Float32Array(27).fill(40);
  assert.equal(backgroundOf({shape, data: tissue}), 0);
});
