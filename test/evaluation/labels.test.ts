import assert from 'node:assert/strict';
import {test} from 'node:test';
import {squaredDistances} from '../../src/evaluation/distance-transform.js';
import {compareLabels, meanDice} from '../../src/evaluation/labels.js';
import {Affine} from '../../src/geometry/affine.js';
import type {Triple} from '../../src/geometry/triple.js';
import {Random} from '../../src/random.js';

const SHAPE: Triple = [13, 11, 9];
const SPACING: Triple = [0.7, 1.3, 2.9];
const VOXELS = SHAPE[0] * SHAPE[1] * SHAPE[2];
const GRID = {shape: SHAPE, affine: Affine.scaling(SPACING)};

/** A box of one label in a map of zeros. */
function box(label: number, from: Triple, to: Triple): Uint8Array {
  const map = new Uint8Array(VOXELS);
  for (let k = from[2]; k <= to[2]; k++) {
    for (let j = from[1]; j <= to[1]; j++) {
      for (let i = from[0]; i <= to[0]; i++) map[i + SHAPE[0] * (j + SHAPE[1] * k)] = label;
    }
  }
  return map;
}

function randomMap(random: Random, labels: number): Uint8Array {
  return Uint8Array.from({length: VOXELS}, () => Math.floor(random.uniform() * labels));
}

test('the distance to the nearest marked voxel is that of a search through all of them', () => {
  const random = new Random(3);
  const marked = Uint8Array.from({length: VOXELS}, () => (random.uniform() < 0.02 ? 1 : 0));
  const found = squaredDistances(marked, SHAPE, SPACING);
  const place = (n: number): Triple => [
    (n % SHAPE[0]) * SPACING[0],
    (Math.floor(n / SHAPE[0]) % SHAPE[1]) * SPACING[1],
    Math.floor(n / (SHAPE[0] * SHAPE[1])) * SPACING[2],
  ];
  const places = [...marked.keys()].filter((n) => marked[n] === 1).map(place);
  for (let n = 0; n < VOXELS; n++) {
    const here = place(n);
    const nearest = Math.min(
      ...places.map((there) => there.reduce((sum, x, axis) => sum + (x - here[axis]) ** 2, 0)),
    );
    assert.ok(Math.abs(found[n] - nearest) <= 1e-9 * (1 + nearest), `voxel ${n}`);
  }
});

test('nothing is near where nothing is marked', () => {
  assert.ok(squaredDistances(new Uint8Array(8), [2, 2, 2], [1, 1, 1]).every((d) => d === Infinity));
});

test('a map agrees with itself entirely', () => {
  const map = randomMap(new Random(5), 4);
  const {labels, mean} = compareLabels([map, map], GRID);
  assert.deepEqual(
    labels.map(({label}) => label),
    [1, 2, 3],
  );
  assert.deepEqual(mean, {dice: 1, jaccard: 1, hd95Mm: 0, assdMm: 0});
});

test('the order of the maps does not matter', () => {
  const random = new Random(7);
  const maps = [randomMap(random, 3), randomMap(random, 3)] as const;
  const there = compareLabels(maps, GRID);
  const back = compareLabels([maps[1], maps[0]], GRID);
  assert.deepEqual(there.mean, back.mean);
});

test('a box that moves by one voxel is that far away, and Dice counts what is left', () => {
  const first = box(7, [2, 3, 2], [5, 6, 5]);
  const second = box(7, [3, 3, 2], [6, 6, 5]);
  const [row] = compareLabels([first, second], GRID).labels;
  assert.deepEqual(row.voxels, [64, 64]);
  assert.equal(row.dice, (2 * 48) / 128);
  assert.equal(row.jaccard, 48 / 80);
  assert.ok(Math.abs((row.hd95Mm ?? NaN) - SPACING[0]) < 1e-12);
});

test('the surface of a label in a plane is its outline', () => {
  const shape: Triple = [9, 9, 1];
  const square = (length: number) =>
    Uint8Array.from({length: 81}, (_, n) =>
      Math.max(Math.abs((n % 9) - 4), Math.abs(Math.floor(n / 9) - 4)) <= length ? 1 : 0,
    );
  const grid = {shape, affine: Affine.scaling([1, 1, 1])};
  const [row] = compareLabels([square(3), square(1)], grid).labels;
  // Every voxel of the inner outline is 2 from the outer one; back a corner is 2 sqrt(2), a side 2.
  const back = [...Array<number>(20).fill(2), ...Array<number>(4).fill(Math.sqrt(8))];
  // Beside a corner it is 2 and 1 away.
  back.splice(0, 8, ...Array<number>(8).fill(Math.sqrt(5)));
  const sum = back.reduce((total, value) => total + value, 0) + 8 * 2;
  assert.ok(Math.abs(row.assdMm! - sum / (24 + 8)) < 1e-12, `${row.assdMm}`);
});

test('distances grow with the voxels, overlap does not', () => {
  const maps = [box(1, [1, 1, 1], [4, 4, 4]), box(1, [2, 3, 2], [7, 6, 5])] as const;
  const small = compareLabels(maps, GRID).mean;
  const large = compareLabels(maps, {...GRID, affine: Affine.scaling([1.4, 2.6, 5.8])}).mean;
  assert.equal(large.dice, small.dice);
  assert.ok(Math.abs((large.hd95Mm ?? NaN) - 2 * (small.hd95Mm ?? NaN)) < 1e-9);
  assert.ok(Math.abs((large.assdMm ?? NaN) - 2 * (small.assdMm ?? NaN)) < 1e-9);
});

test('a label that one map lacks has Dice 0, no distance, and is named', () => {
  const found = compareLabels([box(1, [1, 1, 1], [4, 4, 4]), box(2, [1, 1, 1], [4, 4, 4])], GRID);
  assert.deepEqual(found.inOneOnly, [1, 2]);
  assert.deepEqual(found.mean, {dice: 0, jaccard: 0, hd95Mm: null, assdMm: null});
});

test('a label that is asked for and is in neither map has no number at all', () => {
  const map = box(1, [1, 1, 1], [4, 4, 4]);
  const {labels, inOneOnly} = compareLabels([map, map], GRID, [9]);
  assert.deepEqual(labels, [
    {label: 9, voxels: [0, 0], dice: null, jaccard: null, hd95Mm: null, assdMm: null},
  ]);
  assert.deepEqual(inOneOnly, []);
});

test('surface distances are left out where voxel axes are not at right angles', () => {
  const sheared = Affine.fromLinear([1, 0.3, 0, 0, 1, 0, 0, 0, 1]);
  const map = box(1, [1, 1, 1], [4, 4, 4]);
  const {mean} = compareLabels([map, map], {...GRID, affine: sheared});
  assert.deepEqual(mean, {dice: 1, jaccard: 1, hd95Mm: null, assdMm: null});
});

test('the mean Dice of two maps leaves the background out', () => {
  const maps = [box(1, [1, 1, 1], [4, 4, 4]), box(1, [1, 1, 1], [4, 4, 4])] as const;
  assert.equal(meanDice(...maps), 1);
  assert.equal(meanDice(new Uint8Array(4), new Uint8Array(4)), null);
});
