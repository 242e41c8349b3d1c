import assert from 'node:assert/strict';
import {SUM_MOMENTS, MEASURE_DETERMINANTS} from '../../../src/kernels/measures.js';
import {
  FILL_MISSING,
  MARK_FINITE,
  NORMALISE_INTENSITIES,
} from '../../../src/kernels/intensities.js';
import {LOCAL_CORRELATION} from '../../../src/kernels/local-correlation.js';
import {PORTABLE, runnerOn, type KernelRunner} from '../../../src/kernels/voxel-operation.js';
import {VOXEL_KERNELS} from '../../../src/engines/native/kernels/index.js';
import {areFinite} from '../../../src/volume/finite.js';
import {Affine} from '../../../src/geometry/affine.js';
import type {Triple} from '../../../src/geometry/triple.js';
import {test, testedAddon} from '../../support/native.js';
import {ISAS, backend, draw} from './kernel-cases.js';

const native = runnerOn(testedAddon(), VOXEL_KERNELS);

/** More than one chunk, and no multiple of any vector. */
const LONG = 70_001;
const SHAPES: readonly Triple[] = [
  [1, 1, 1],
  [3, 1, 2],
  [7, 5, 4],
  [9, 17, 33],
];

/** Both implementations, the native one for every instruction set; the same bits for one to three threads. */
function compare(
  what: string,
  measure: (engine: KernelRunner) => readonly number[],
  tolerance = 1e-12,
): void {
  const expected = measure(PORTABLE);
  for (const isa of ISAS) {
    backend.addon.setIsa(isa);
    backend.addon.setThreads(1);
    const actual = measure(native);
    expected.forEach((value, n) => {
      const isNear =
        Object.is(value, actual[n]) ||
        Math.abs(actual[n] - value) <= tolerance * Math.max(1, Math.abs(value));
      assert.ok(isNear, `${what}, ${isa}: number ${n} must be ${value}, got ${actual[n]}`);
    });
    for (const threads of [2, 3]) {
      backend.addon.setThreads(threads);
      assert.deepEqual(measure(native), actual, `${what}, ${isa}, ${threads} threads`);
    }
  }
  backend.addon.setIsa(ISAS[0]);
  backend.addon.setThreads(2);
}

function numbersOf(measured: object): number[] {
  return Object.values(measured) as number[];
}

test('moments of three images are the sums over the voxels where all are finite', () => {
  for (const length of [0, 1, 7, 8, 9, 33, LONG]) {
    const [fixed, before, after] = [1, 2, 3].map((seed) => draw([length], seed, -20, 300).values);
    for (let n = 5; n < length; n += 17) before[n] = NaN;
    for (let n = 6; n < length; n += 23) after[n] = NaN;
    if (length > 8) fixed[2] = Infinity;
    compare(`${length} voxels`, (engine) =>
      numbersOf(engine.run(SUM_MOMENTS, {fixed, before, after}, {fixed: 0.004, moving: 0.0025})),
    );
  }
});

test('a fixed image of integers has moments too', () => {
  const [before, after] = [2, 3].map((seed) => draw([50], seed, 0, 100).values);
  const fixed = Int16Array.from(before, Math.round);
  compare('int16', (engine) =>
    numbersOf(engine.run(SUM_MOMENTS, {fixed, before, after}, {fixed: 1, moving: 2})),
  );
});

test('determinants count inside the bounds, up to half a voxel around them', () => {
  const toVoxel: Affine = Affine.fromMatrix([0.9, 0.1, 0, -0.7, 0, 0.5, 0, 0.25, 0.1, 0, -1, 6]);
  for (const shape of SHAPES) {
    const determinants = draw(shape, 5, -0.2, 2).values;
    determinants[0] = 0;
    for (const bounds of [null, {toVoxel, shape: [4, 3, 5] as Triple}]) {
      compare(`${shape.join('x')}, ${bounds === null ? 'all' : 'some'}`, (engine) =>
        numbersOf(engine.run(MEASURE_DETERMINANTS, determinants, shape, bounds, 1e-9)),
      );
    }
  }
});

test('no determinant inside gives infinite extremes and no voxels', () => {
  const toVoxel: Affine = Affine.fromMatrix([1, 0, 0, 50, 0, 1, 0, 0, 0, 0, 1, 0]);
  const bounds = {toVoxel, shape: [2, 2, 2] as Triple};
  const found = native.run(
    MEASURE_DETERMINANTS,
    new Float32Array(8).fill(1),
    [2, 2, 2],
    bounds,
    1e-9,
  );
  assert.deepEqual(found, {
    ...{voxels: 0, folds: 0, squeezed: 0, minimum: Infinity, maximum: -Infinity},
    ...{logSum: 0, logSquares: 0},
  });
});

test('intensities are rescaled, cut and filled in place, number by number', () => {
  for (const length of [0, 1, 9, LONG]) {
    for (const clips of [false, true]) {
      compare(
        `${length} voxels`,
        (engine) => {
          const {values} = draw([length], 6, -50, 300);
          engine.run(NORMALISE_INTENSITIES, values, {low: 3.7, factor: 1 / 200, clips});
          for (let n = 3; n < length; n += 11) values[n] = NaN;
          engine.run(FILL_MISSING, values, -1.5);
          return Array.from(values);
        },
        0,
      );
    }
  }
});

test('the local correlation of volumes, slices and rows is that of the portable loops, whatever the window', () => {
  const shapes: readonly Triple[] = [
    [9, 8, 7],
    [21, 5, 1],
    [12, 1, 6],
    [40, 3, 11],
  ];
  for (const shape of shapes) {
    const length = shape[0] * shape[1] * shape[2];
    const [f, m, places] = [21, 22, 23].map((seed) => draw([length], seed, 0, 1).values);
    for (let n = 0; n < length; n++) {
      if (n % shape[0] < 4) f[n] = m[n] = 0.5; // where nothing is shown
      m[n] = n % 2 === 0 ? m[n] : 1 - f[n]; // opposed contrast
    }
    const counts = places.map((value) => Math.round(2 * value) - 1);
    for (const window of [3, 5, 9, 11]) {
      const windows = {length: window, bound: 0.05};
      const [ours, plain] = [native, PORTABLE].map((engine) =>
        engine.run(LOCAL_CORRELATION, [f, m], counts, shape, windows),
      );
      assert.equal(ours.windows, plain.windows);
      assert.equal(ours.missing, plain.missing);
      for (const key of ['sum', 'either'] as const)
        assert.ok(Math.abs(ours[key] - plain[key]) < 1e-4 * (plain[key] + 1), key);
      assert.ok(plain.either >= plain.sum);
    }
  }
});

test('every number is marked, and nothing else', () => {
  for (const length of [1, 9, LONG]) {
    const {values} = draw([length], 24, -50, 300);
    for (let n = 0; n < length; n += 3) values[n] = [NaN, Infinity, -Infinity][(n % 9) / 3];
    const [ours, plain] = [native, PORTABLE].map((engine) => engine.run(MARK_FINITE, values));
    assert.deepEqual(ours, plain);
    assert.deepEqual([...plain.slice(0, 3)], [0, 1, 1].slice(0, length));
  }
});

test('one number that is not finite is found wherever it is', () => {
  for (const length of [1, 8, 13, LONG]) {
    const values = draw([length], 7, -1e38, 1e38).values;
    assert.equal(areFinite(native, values), true);
    for (const value of [NaN, Infinity, -Infinity]) {
      for (const index of [0, length >> 1, length - 1]) {
        const damaged = values.slice();
        damaged[index] = value;
        assert.equal(areFinite(native, damaged), false, `${value} at ${index} of ${length}`);
      }
    }
  }
});
