import assert from 'node:assert/strict';
import test from 'node:test';
import {Affine} from '../../src/geometry/affine.js';
import {
  boundingSize,
  centreOf,
  cornersOf,
  countVoxels,
  isSameGrid,
  isWithin,
  largestDistance,
  middleOf,
} from '../../src/geometry/grid.js';
import type {Triple} from '../../src/geometry/triple.js';
import {obliqueAffine} from '../support/volumes.js';

test('a box of voxels reaches as far along the world as its own axes do, whichever way they run', () => {
  const linear = Affine.fromMatrix([0, 0, -4, 10, 2, 0, 0, 20, 0, 3, 0, 30]);
  assert.deepEqual(boundingSize({shape: [10, 20, 30], affine: linear}), [120, 20, 60]);
  const [turned] = boundingSize({
    shape: [10, 10, 10],
    affine: obliqueAffine([0, 0, 45], [1, 1, 1]),
  });
  assert.ok(Math.abs(turned - 10 * Math.SQRT2) < 1e-9);
});

test('a grid has eight corners, also where it is one voxel thick', () => {
  const corners = cornersOf([4, 1, 3]);
  assert.equal(corners.length, 8);
  assert.deepEqual(corners[0], [0, 0, 0]);
  assert.deepEqual(corners[7], [3, 0, 2]);
});

test('the middle of a grid lies between the outermost voxel centres', () => {
  const shape: Triple = [4, 1, 3];
  assert.equal(countVoxels(shape), 12);
  assert.deepEqual(middleOf(shape), [1.5, 0, 1]);
  const affine = Affine.scaling([2, 3, 4]).withOffset([10, 20, 30]);
  assert.deepEqual(centreOf({shape, affine}), [13, 20, 34]);
});

test('a point lies within a grid up to the faces of its outermost voxels', () => {
  const grid = {shape: [4, 1, 3] as const, affine: Affine.scaling([2, 3, 4])};
  assert.ok(isWithin(grid, [-1, 1.5, 10]));
  for (const outside of [
    [-1.1, 0, 0],
    [7.1, 0, 0],
    [0, -1.6, 0],
    [0, 0, 10.1],
  ] as const) {
    assert.ok(!isWithin(grid, outside), outside.join());
  }
  assert.ok(!isWithin(grid, [NaN, 0, 0]));
});

test('two places of a grid differ by what their most distant corners do', () => {
  const shape: Triple = [11, 1, 1];
  const stretched = Affine.scaling([1.5, 1, 1]).withOffset([0, 0, 1]);
  assert.equal(largestDistance(stretched, Affine.identity, shape), Math.hypot(5, 1));
});

test('grids that differ by a hundredth of a voxel or by their size are not the same', () => {
  const affine = obliqueAffine([5, 6, 7], [2, 1, 3]);
  const shape: Triple = [9, 8, 7];
  const shifted = Affine.compose(Affine.translation([0.03, 0, 0]), affine);
  assert.ok(isSameGrid({shape, affine}, {shape, affine: Affine.fromMatrix(affine.rows)}));
  assert.ok(!isSameGrid({shape, affine}, {shape, affine: shifted}));
  assert.ok(!isSameGrid({shape, affine}, {shape: [9, 8, 6], affine}));
});
