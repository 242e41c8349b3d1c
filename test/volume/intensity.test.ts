import assert from 'node:assert/strict';
import {test} from 'node:test';
import {HypermorphError} from '../../src/errors.js';
import {
  backgroundOf,
  fillMissing,
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
  measureIntensity(image, normalisation, engine, {where: 'brain.nii'});

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
  assert.deepEqual(scale.warnings, ['brain.nii: 2 voxels are NaN or infinite and count as 1.']);
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

/** A cube of one background with something inside. */
function inside(background: number, ...object: number[]) {
  const shape: Triple = [5, 5, 5];
  const data = new Float32Array(125).fill(background);
  object.forEach((value, n) => (data[62 + n - (object.length >> 1)] = value));
  return {shape, data};
}

test('the background is what the faces show, whether it is the darkest value or not', () => {
  assert.equal(backgroundOf(inside(-1000, 60, 1200)), -1000); // the air of a CT
  assert.equal(backgroundOf(inside(1000, 1060, 1400)), 1000); // an offset of 1000
  assert.equal(backgroundOf(inside(-0.5, -1.5, 0.2, 3)), -0.5); // scored without the background
  assert.equal(backgroundOf(inside(0, -1.5, 0.2, 3)), 0); // scored, the background masked
  assert.equal(backgroundOf(inside(4095, 0, 900, 1200)), 4095); // a negative picture
  const noisy = inside(0, 100, 100);
  noisy.data.forEach((value, n) => (noisy.data[n] = value === 0 ? n % 3 : value));
  assert.equal(backgroundOf(noisy), 0); // noise around 0
});

test('a tight crop, whose faces show tissue, is surrounded by 0, or by its darkest voxel where that is above', () => {
  const shape: Triple = [4, 4, 4];
  const tissue = Float32Array.from({length: 64}, (_, n) => (n * 37) % 64);
  assert.equal(backgroundOf({shape, data: tissue}), 0);
  assert.equal(backgroundOf({shape, data: tissue.map((value) => value + 1000)}), 1000);
});

test('an offset changes nothing for the network, nor does a scale: background and outside are one', () => {
  for (const normalisation of [
    {kind: 'minmax'},
    {kind: 'percentile', low: 0, high: 99.9},
    {kind: 'percentile', low: 2, high: 99.9},
  ] as const) {
    const scales = [0, -700, 1000].map((offset) => {
      const image = inside(offset, offset + 20, offset + 60, offset + 100);
      const scale = measureIntensity(image, normalisation, engine, {where: 'brain.nii'});
      const seen = Float32Array.of(...image.data, scale.outside);
      normaliseInPlace(seen, scale);
      assert.equal(seen[0], seen[125]); // a background voxel, and what is outside
      return [...seen];
    });
    assert.deepEqual(scales[1], scales[0]);
    assert.deepEqual(scales[2], scales[0]);
  }
});

test('a background in the middle of the range is said with its numbers, and another one can be given', () => {
  const image = inside(0, -2, -1, 1, 2);
  const measureWith = (background?: number) =>
    measureIntensity(image, {kind: 'minmax'}, engine, {where: 'brain.nii', background});
  assert.match(
    measureWith().warnings.join(),
    /^brain\.nii: the background is 0, not the darkest value \(-2 to 2\); the network sees it as 0\.5 of 0 to 1\..*`background`/,
  );
  assert.deepEqual(measureWith(-2), {
    ...{low: -2, high: 2, clips: false, background: -2, outside: -2, missing: 0, warnings: []},
  });
});

test('voxels without a value count as what is outside, also where that is not 0', () => {
  for (const background of [-1000, 1000]) {
    const image = inside(background, NaN, background + 60);
    const scale = measureIntensity(image, {kind: 'minmax'}, engine, {where: 'brain.nii'});
    const filled = fillMissing(image, scale);
    assert.equal(filled.data[61], background);
    assert.ok(Number.isNaN(image.data[61]));
  }
  const masked = inside(NaN, 1000, 1200);
  const scale = measureIntensity(masked, {kind: 'minmax'}, engine, {where: 'brain.nii'});
  assert.equal(fillMissing(masked, scale).data[0], 1000); // as dark as anything the network sees
});
