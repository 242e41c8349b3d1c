import {PORTABLE as engine} from '../../src/kernels/voxel-operation.js';
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {
  SAMPLE_GRID,
  SAMPLE_MAP,
  SAMPLE_LABELS,
  MAP_OFFSETS,
  MEASURE_LENGTHS,
} from '../../src/kernels/sampling.js';
import {intensityRange} from '../../src/volume/intensity-range.js';
import {Affine} from '../../src/geometry/affine.js';
import type {Triple} from '../../src/geometry/triple.js';
import type {PlacedField, VoxelMap} from '../../src/kernels/voxel-map.js';
import {seededRandom} from '../support/random.js';

const SHAPE: Triple = [4, 3, 2];

/** Every point goes to the origin. */
const NOWHERE = Affine.scaling([0, 0, 0]);

function ramp(): {shape: Triple; data: Float32Array} {
  const data = Float32Array.from({length: 24}, (_, n) => n);
  return {shape: SHAPE, data};
}

function shiftBy(x: number, y: number, z: number): Affine {
  return Affine.translation([x, y, z]);
}

function stillMap(overrides: Partial<PlacedField> = {}, base = Affine.identity): VoxelMap {
  const displacement = {
    toField: Affine.identity,
    linear: Affine.identity.linear,
    field: new Float32Array(3 * 24),
    fieldShape: SHAPE,
    degree: 1 as const,
    ...overrides,
  };
  return [{base, displacement}];
}

test('an image sampled on its own grid is its voxels in tensor order', () => {
  const volume = ramp();
  const sampled = engine.run(SAMPLE_GRID, volume, Affine.identity, SHAPE, {
    interpolation: 'linear',
    outside: 0,
  });
  const at = (i: number, j: number, k: number) => sampled[(i * 3 + j) * 2 + k];
  assert.equal(at(1, 0, 0), 1);
  assert.equal(at(0, 1, 0), 4);
  assert.equal(at(0, 0, 1), 12);
  assert.equal(at(3, 2, 1), 23);
});

test('a linear ramp is reproduced between voxels', () => {
  const sampled = engine.run(SAMPLE_GRID, ramp(), shiftBy(0.25, 0.5, 0.75), [1, 1, 1], {
    interpolation: 'linear',
    outside: 0,
  });
  assert.equal(sampled[0], 0.25 + 0.5 * 4 + 0.75 * 12);
});

test('a voxel reaches half a voxel beyond its centre, and outside begins there', () => {
  const options = {interpolation: 'linear', outside: -7} as const;
  const at = (x: number) =>
    engine.run(SAMPLE_GRID, ramp(), shiftBy(x, 0, 0), [1, 1, 1], options)[0];
  assert.deepEqual([-0.5, -0.51, 3.5, 3.51, NaN].map(at), [0, -7, 3, -7, -7]);
});

test('outside "edge" repeats the nearest voxel however far away', () => {
  const options = {interpolation: 'linear', outside: 'edge'} as const;
  const at = (x: number) =>
    engine.run(SAMPLE_GRID, ramp(), shiftBy(x, 0, 0), [1, 1, 1], options)[0];
  assert.deepEqual([-40, 40].map(at), [0, 3]);
});

test('voxels that are NaN or infinite count as 0, also beside a weight of 0', () => {
  const volume = {shape: [3, 1, 1] as Triple, data: Float32Array.of(4, NaN, -Infinity)};
  const options = {interpolation: 'linear', outside: 9} as const;
  const at = (x: number) =>
    engine.run(SAMPLE_GRID, volume, shiftBy(x, 0, 0), [1, 1, 1], options)[0];
  assert.deepEqual([0, 0.5, 1, 1.5, 2].map(at), [4, 2, 0, 0, 0]);
});

test('nearest rounds halves up', () => {
  const options = {interpolation: 'nearest', outside: 0} as const;
  const at = (x: number) =>
    engine.run(SAMPLE_GRID, ramp(), shiftBy(x, 0, 0), [1, 1, 1], options)[0];
  assert.deepEqual([0.49, 0.5, 1.5, 2.49].map(at), [0, 1, 2, 2]);
});

test('a displacement of one voxel along i moves the image one voxel against it', () => {
  const field = new Float32Array(3 * 24);
  for (let n = 0; n < field.length; n += 3) field[n] = 1;
  const moved = engine.run(SAMPLE_MAP, ramp(), stillMap({field}), SHAPE, {outside: -1});
  assert.deepEqual([...moved.subarray(0, 4)], [1, 2, 3, -1]);
});

test('a field is read in tensor order, at the place the map says', () => {
  const field = new Float32Array(3 * 24);
  field[3 * ((2 * 3 + 1) * 2 + 1) + 1] = -1; // at (2, 1, 1), along j
  const moved = engine.run(SAMPLE_MAP, ramp(), stillMap({field}), SHAPE, {outside: -1});
  const expected = ramp().data;
  expected[2 + 4 * (1 + 3)] -= 4;
  assert.deepEqual(moved, expected);
});

test('beyond half a voxel outside the field nothing is displaced', () => {
  const field = new Float32Array(3).fill(1);
  const map = stillMap({field, fieldShape: [1, 1, 1], toField: shiftBy(-1, 0, 0)});
  const offsets = engine.run(MAP_OFFSETS, map, Affine.identity, [3, 1, 1]);
  assert.deepEqual([...offsets], [0, 1, 0, 0, 1, 0, 0, 1, 0]);
});

test('labels keep their type and meet no value between two of them', () => {
  const data = Int16Array.from({length: 24}, (_, n) => (n % 4 < 2 ? 17 : 1000));
  const map = stillMap({}, shiftBy(0.4, 0, 0));
  const moved = engine.run(SAMPLE_LABELS, {shape: SHAPE, data}, map, SHAPE, {outside: 0});
  assert.ok(moved instanceof Int16Array);
  assert.deepEqual([...new Set(moved)].sort(), [1000, 17]);
});

test('a link is p -> base p + linear u(toField p), and offsets are counted from the origin', () => {
  const random = seededRandom(3);
  const matrix = () => Affine.fromMatrix(Array.from({length: 12}, random));
  const [base, turn, origin] = [matrix(), matrix(), matrix()];
  const u = [0.25, -0.5, 1.5] as const;
  const placed = {toField: NOWHERE, linear: turn.linear, field: Float32Array.from(u)};
  const map = stillMap({...placed, fieldShape: [1, 1, 1]}, base);
  const offsets = engine.run(MAP_OFFSETS, map, origin, [2, 2, 2]);
  const [at, moves] = [base.apply([1, 0, 1]), turn.applyToDirection(u)];
  origin.apply([1, 0, 1]).forEach((from, axis) => {
    const expected = at[axis] + moves[axis] - from;
    assert.ok(Math.abs(offsets[8 * axis + 1 + 2 * 2] - expected) < 1e-6);
  });
});

test('links follow each other: what one gives, the next one takes', () => {
  const field = new Float32Array(3 * 24);
  field[3 * ((2 * 3 + 1) * 2 + 1)] = 0.5; // at (2, 1, 1), along i
  const [shifted] = stillMap({field}, Affine.identity);
  const two: VoxelMap = [{base: shiftBy(1, 0, 0), displacement: null}, shifted];
  const offsets = engine.run(MAP_OFFSETS, two, Affine.identity, SHAPE);
  const at = (i: number) => offsets[i + 4 * (1 + 3)];
  assert.deepEqual([0, 1, 2].map(at), [1, 1.5, 1]);
  const {maximum, sum} = engine.run(MEASURE_LENGTHS, two, Affine.identity, SHAPE);
  assert.deepEqual([maximum, sum], [1.5, 24.5]);
});

test('percentiles are ranks among the finite voxels, also beside an outlier', () => {
  const data = Float32Array.from({length: 1001}, (_, n) => n);
  data[1000] = 1e9;
  const shuffled = new Float32Array([NaN, ...data.toReversed(), Infinity, -Infinity]);
  const range = intensityRange(engine, shuffled, {low: 1, high: 99});
  assert.equal(range.minimum, 0);
  assert.equal(range.maximum, 1e9);
  assert.equal(range.finite, 1001);
  assert.equal(range.nonFinite, 3);
  const RESOLUTION = 1e9 / 2 ** 32;
  assert.ok(Math.abs(range.low - 10) <= RESOLUTION + 1e-6, `low ${range.low}`);
  assert.ok(Math.abs(range.high - 990) <= RESOLUTION + 1e-6, `high ${range.high}`);
});

test('without a finite voxel there is no range', () => {
  const range = intensityRange(engine, Float32Array.of(NaN, Infinity), {low: 0, high: 100});
  assert.deepEqual(range, {
    minimum: NaN,
    maximum: NaN,
    low: NaN,
    high: NaN,
    finite: 0,
    nonFinite: 2,
  });
});
