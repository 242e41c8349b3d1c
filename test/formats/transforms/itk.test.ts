import assert from 'node:assert/strict';
import test from 'node:test';
import {decodeItkWarp, encodeItkWarp} from '../../../src/formats/transforms/itk.js';
import {mapPoints} from '../../../src/transforms/apply.js';
import {compose} from '../../../src/transforms/transform.js';
import {seededRandom} from '../../support/random.js';
import {
  FIELD_GRID,
  largestDistance,
  SHEAR,
  somePoints,
  TURN,
  waves,
} from '../../support/transforms.js';
import {largestDifference} from '../../support/volumes.js';

test('the vectors of a warp file run to the left, back and up', () => {
  const {shape, affine} = FIELD_GRID;
  const warp = encodeItkWarp(TURN, FIELD_GRID);
  const voxels = shape[0] * shape[1] * shape[2];
  const from = affine.apply([1, 2, 3]);
  const [to] = mapPoints(TURN, [from]);
  const n = 1 + shape[0] * (2 + shape[1] * 3);
  const expected = [from[0] - to[0], from[1] - to[1], to[2] - from[2]];
  expected.forEach((value, axis) => {
    assert.ok(Math.abs(warp[n + axis * voxels] - value) < 1e-5);
  });
});

test('a field survives the way through its file number by number', () => {
  const field = waves();
  const again = decodeItkWarp({...FIELD_GRID, data: encodeItkWarp(field, FIELD_GRID)});
  assert.equal(largestDifference(again.field.values, field.field.values), 0);
});

test('a chain becomes a field that moves points of its voxels the same way', () => {
  const chain = compose(TURN, waves(), SHEAR);
  const warp = decodeItkWarp({...FIELD_GRID, data: encodeItkWarp(chain, FIELD_GRID)});
  const voxels = somePoints(20, 6, seededRandom(3)).map(([x, y, z]) =>
    FIELD_GRID.affine.apply([Math.round(x) + 11, Math.round(y) + 9, Math.round(z) + 10]),
  );
  assert.ok(largestDistance(mapPoints(warp, voxels), mapPoints(chain, voxels)) < 1e-5);
});

test('a number that no displacement has marks a voxel without one', () => {
  const grid = {...FIELD_GRID, shape: [2, 1, 1]} as const;
  const data = Float32Array.of(1, 3e38, 0, 0, 0, -Infinity);
  assert.deepEqual([...decodeItkWarp({...grid, data}).field.values], [-1, 0, 0, NaN, NaN, NaN]);
});
