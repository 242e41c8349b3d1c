import assert from 'node:assert/strict';
import {
  SAMPLE_GRID,
  SAMPLE_MAP,
  SAMPLE_LABELS,
  MAP_OFFSETS,
  MEASURE_LENGTHS,
} from '../../../src/kernels/sampling.js';
import {SAMPLE_SPLINE, SPLINE_COEFFICIENTS} from '../../../src/kernels/spline.js';
import {PORTABLE, runnerOn, type KernelRunner} from '../../../src/kernels/voxel-operation.js';
import type {Outside, VoxelArray} from '../../../src/kernels/voxels.js';
import {VOXEL_KERNELS} from '../../../src/engines/native/kernels/index.js';
import {intensityRange} from '../../../src/volume/intensity-range.js';
import {Affine} from '../../../src/geometry/affine.js';
import type {Triple} from '../../../src/geometry/triple.js';
import type {MapLink, PlacedField, VoxelMap} from '../../../src/kernels/voxel-map.js';
import {test, testedAddon} from '../../support/native.js';
import {ISAS, assertNear, backend, draw} from './kernel-cases.js';

const native = runnerOn(testedAddon(), VOXEL_KERNELS);
const OUTSIDE: readonly Outside[] = ['edge', 0, 7, NaN];
const SIZE: Triple = [9, 7, 18];
const GRID: Triple = [17, 10, 5];

// Turned, scaled, and partly outside the image.
const TO_VOXEL: Affine = Affine.fromMatrix([
  0.4, 0.1, -0.2, 1, -0.05, 0.7, 0.3, -0.9, 0.2, -0.1, 2.1, 3,
]);
const FIELD_SIZE: Triple = [6, 5, 7];

function image(): Float32Array {
  const {values} = draw(SIZE, 1, 0, 100);
  values[40] = NaN;
  values[41] = Infinity;
  return values;
}

const DISPLACEMENT: PlacedField = {
  linear: [1.1, 0.1, 0, -0.2, 0.9, 0.1, 0, 0.3, 1.2],
  toField: Affine.fromMatrix([0.35, 0, 0.1, -0.8, 0, 0.5, 0, 0.2, 0.1, 0, 1.4, 0.3]),
  field: draw([...FIELD_SIZE, 3], 2, -2, 2).values,
  fieldShape: FIELD_SIZE,
  degree: 1,
};
const LINK: MapLink = {base: TO_VOXEL, displacement: DISPLACEMENT};

/** Partly over the grid of the image, partly beyond. */
const SPLINE: PlacedField = {...DISPLACEMENT, degree: 3};

/** Small steps: a map of many large ones through noise would multiply what float32 leaves. */
const SMALL: PlacedField = {...DISPLACEMENT, linear: [0.05, 0, 0, 0, 0.05, 0, 0, 0, 0.05]};

/** A map of each length that the addon follows by itself, and one more; one that displaces nowhere. */
const MAPS: Readonly<Record<string, VoxelMap>> = {
  'one link': [LINK],
  'a spline': [{...LINK, displacement: SPLINE}],
  'a spline after a field': [LINK, {base: Affine.rotation(0, 5), displacement: SPLINE}],
  'a spline without four coefficients along an axis': [
    {...LINK, displacement: {...SPLINE, fieldShape: [3, 10, 7]}},
  ],
  'no field': [{base: TO_VOXEL, displacement: null}],
  'three links, the second without a field': [
    {...LINK, base: Affine.scaling([0.5, 1, 1.5])},
    {base: Affine.rotation(2, 10), displacement: null},
    LINK,
  ],
  'eight links': new Array<MapLink>(8).fill({base: Affine.rotation(0, 5), displacement: SMALL}),
  'nine links': new Array<MapLink>(9).fill({base: Affine.rotation(1, 5), displacement: SMALL}),
};

/** Both implementations, the native one for every instruction set and for one to three threads. */
function compare(what: string, run: (engine: KernelRunner) => VoxelArray, tolerance = 1e-6): void {
  const expected = run(PORTABLE);
  for (const isa of ISAS) {
    backend.addon.setIsa(isa);
    backend.addon.setThreads(1);
    const actual = run(native);
    assert.equal(actual.constructor, expected.constructor);
    assertNear(withoutNaN(actual), withoutNaN(expected), tolerance, `${what}, ${isa}`);
    for (const threads of [2, 3]) {
      backend.addon.setThreads(threads);
      assert.deepEqual(run(native), actual, `${what}, ${isa}, ${threads} threads`);
    }
  }
  backend.addon.setIsa(ISAS[0]);
  backend.addon.setThreads(2);
}

/** NaN as a number that no image has, so that it must be at the same places. */
function withoutNaN(values: VoxelArray): Float32Array {
  return Float32Array.from(values, (value) => (Number.isNaN(value) ? -1e4 : value));
}

test('an image is sampled on a grid as by the portable kernel', () => {
  for (const outside of OUTSIDE) {
    for (const interpolation of ['linear', 'nearest'] as const) {
      compare(`${interpolation}, outside ${String(outside)}`, (engine) =>
        engine.run(SAMPLE_GRID, {data: image(), shape: SIZE}, TO_VOXEL, GRID, {
          interpolation,
          outside,
        }),
      );
    }
  }
});

test('where voxels lie on voxels they are copied, turned and cut as they are', () => {
  const maps: Record<string, readonly number[]> = {
    'the same grid': [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0],
    'reversed axes': [0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0, 0],
    'a flip, and partly outside': [-1, 0, 0, 12, 0, 0, 2, -1, 0, -1, 0, 7],
    'shifted, with what a product of matrices leaves': [
      ...[1, 1e-13, 0, -3],
      ...[0, 1, -2e-14, 1 + 1e-12],
      ...[1e-15, 0, 1, 5],
    ],
    'far outside': [1, 0, 0, 100, 0, 1, 0, 0, 0, 0, 1, 0],
  };
  for (const [name, rows] of Object.entries(maps)) {
    const toVoxel = Affine.fromMatrix(rows);
    for (const grid of [SIZE, [...SIZE].reverse() as unknown as Triple, [37, 3, 21] as Triple]) {
      for (const outside of OUTSIDE) {
        for (const interpolation of ['linear', 'nearest'] as const) {
          compare(`${name}, ${grid.join('x')}, outside ${String(outside)}`, (engine) =>
            engine.run(SAMPLE_GRID, {data: image(), shape: SIZE}, toVoxel, grid, {
              interpolation,
              outside,
            }),
          );
        }
      }
    }
  }
});

test('an image of integers is sampled on a grid too', () => {
  const data = Int16Array.from(image(), (value) => (Number.isFinite(value) ? value : 0));
  compare('int16', (engine) =>
    engine.run(SAMPLE_GRID, {data, shape: SIZE}, TO_VOXEL, GRID, {
      interpolation: 'linear',
      outside: 0,
    }),
  );
});

test('the coefficients of a spline are those of the portable kernel', () => {
  for (const shape of [SIZE, GRID, [1, 1, 1], [1, 40, 2], [3, 1, 33], [50, 2, 1]] as const) {
    const {values: data} = draw(shape, 3, 0, 100);
    if (data.length > 41) data.set([NaN, Infinity], 40);
    compare(`coefficients, ${shape.join('x')}`, (engine) =>
      engine.run(SPLINE_COEFFICIENTS, {data, shape}),
    );
  }
});

test('a spline is sampled along maps as by the portable kernel', () => {
  for (const [name, map] of Object.entries(MAPS)) {
    for (const outside of OUTSIDE) {
      for (const shape of [SIZE, [1, 7, 3], [2, 1, 40]] as const) {
        const {values: data} = draw(shape, 4, 0, 100);
        compare(`spline, ${name}, ${shape.join('x')}, outside ${String(outside)}`, (engine) =>
          engine.run(SAMPLE_SPLINE, {data, shape}, map, GRID, {outside}),
        );
      }
    }
  }
});

test('a field is read where its voxels lie on those of the grid', () => {
  const whole: Affine = Affine.fromMatrix([0, 1, 0, -2, 0, 0, -1, 4, 1, 0, 0, 1]);
  for (const outside of OUTSIDE) {
    compare(`whole, outside ${String(outside)}`, (engine) =>
      engine.run(
        SAMPLE_MAP,
        {data: image(), shape: SIZE},
        [{...LINK, displacement: {...DISPLACEMENT, toField: whole}}],
        GRID,
        {outside},
      ),
    );
  }
});

test('an image is sampled through a map as by the portable kernel', () => {
  for (const [name, map] of Object.entries(MAPS)) {
    for (const outside of OUTSIDE) {
      compare(`${name}, outside ${String(outside)}`, (engine) =>
        engine.run(SAMPLE_MAP, {data: image(), shape: SIZE}, map, GRID, {outside}),
      );
    }
  }
});

test('label maps keep their element type and their numbers', () => {
  const types = [Uint8Array, Int8Array, Uint16Array, Int16Array, Uint32Array, Int32Array];
  for (const Type of [...types, Float32Array, Float64Array]) {
    const labels = new Type(draw(SIZE, 3, 0, 120).values.map(Math.floor));
    if (Type === Float32Array) labels[33] = NaN;
    for (const outside of ['edge', 0, 3] as const) {
      compare(
        `${Type.name}, outside ${outside}`,
        (engine) => engine.run(SAMPLE_LABELS, {data: labels, shape: SIZE}, [LINK], GRID, {outside}),
        0,
      );
    }
  }
});

test('offsets, and their lengths, are what the portable kernels compute', () => {
  const origin = Affine.fromMatrix([0.1, 0, 0.02, -3, 0.03, -0.2, 0, 1, 0, 0.05, 0.3, 0.5]);
  for (const [name, map] of Object.entries(MAPS)) {
    compare(`offsets, ${name}`, (engine) => engine.run(MAP_OFFSETS, map, origin, GRID));
    compare(`lengths, ${name}`, (engine) => {
      const {maximum, sum} = engine.run(MEASURE_LENGTHS, map, origin, GRID);
      return Float64Array.of(maximum, sum / (GRID[0] * GRID[1] * GRID[2]));
    });
  }
});

test('the range of intensities is the same number by number', () => {
  const noisy = draw([300, 400], 4, -3, 5).values;
  noisy[7] = NaN;
  noisy[70000] = -Infinity;
  const cases = [noisy, new Float32Array(10).fill(2), Float32Array.of(NaN), new Float32Array(0)];
  for (const data of cases) {
    for (const percentiles of [
      {low: 0, high: 100},
      {low: 1, high: 99},
      {low: 0.1, high: 99.9},
    ]) {
      assert.deepEqual(
        intensityRange(native, data, percentiles),
        intensityRange(PORTABLE, data, percentiles),
      );
    }
  }
});
