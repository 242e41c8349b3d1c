import assert from 'node:assert/strict';
import {describe, test} from 'node:test';
import {HypermorphError} from '../../src/errors.js';
import {Affine} from '../../src/geometry/affine.js';
import {isSameGrid} from '../../src/geometry/grid.js';
import {conformImage, networkGridFor, type NetworkGridSpec} from '../../src/volume/conform.js';
import {measureIntensity} from '../../src/volume/intensity.js';
import type {Triple} from '../../src/geometry/triple.js';
import {PORTABLE as engine} from '../../src/kernels/voxel-operation.js';
import {
  allOrientations,
  blobs,
  centredAffine,
  imageOf,
  largestDifference,
  obliqueAffine,
  reoriented,
} from '../support/volumes.js';

const LIA_1MM: NetworkGridSpec = {orientation: 'LIA', spacingMm: [1, 1, 1], multiple: [16, 16, 16]};
const OWN_AXES: NetworkGridSpec = {orientation: null, spacingMm: null, multiple: [8, 8, 8]};

describe('networkGridFor', () => {
  test('the grid has the axes and the spacing of the model and sizes that are multiples', () => {
    const fixed = {shape: [91, 109, 91] as Triple, affine: obliqueAffine([0, 0, 0], [2, 2, 2])};
    const grid = networkGridFor(fixed, LIA_1MM);
    assert.equal(grid.affine.orientation, 'LIA');
    assert.deepEqual(grid.affine.spacing, [1, 1, 1]);
    // 182 mm left to right, 182 mm down, 218 mm forward.
    assert.deepEqual(grid.shape, [192, 192, 224]);
  });

  test('every voxel of an oblique, anisotropic image lies inside', () => {
    const shape: Triple = [31, 47, 12];
    const affine = centredAffine(obliqueAffine([12, -9, 17], [2, 1.5, 5]), shape, [3, -40, 9]);
    const grid = networkGridFor({shape, affine}, LIA_1MM);
    const toGrid = Affine.compose(grid.affine.inverse(), affine);
    for (let corner = 0; corner < 8; corner++) {
      const index: Triple = [
        corner & 1 ? shape[0] - 0.5 : -0.5,
        corner & 2 ? shape[1] - 0.5 : -0.5,
        corner & 4 ? shape[2] - 0.5 : -0.5,
      ];
      const TOLERANCE = 0.01; // of a voxel, so that a float32 header adds no block of 16
      toGrid.apply(index).forEach((x, axis) => {
        assert.ok(x >= -0.5 - TOLERANCE && x <= grid.shape[axis] - 0.5 + TOLERANCE);
      });
    }
  });

  test('an image that already is on such a grid keeps it exactly', () => {
    const shape: Triple = [16, 32, 48];
    const affine = Affine.fromMatrix([-1, 0, 0, 7.3, 0, 0, 1, -20.1, 0, -1, 0, 15.7]);
    const grid = networkGridFor({shape, affine}, LIA_1MM);
    assert.equal(grid.isFixedGrid, true);
    assert.equal(grid.affine, affine);
    assert.deepEqual(grid.shape, shape);
  });

  test('a model without axes and spacing of its own takes those of the image, oblique or not', () => {
    const affine = obliqueAffine([12, -9, 17], [2, 3, 2.5], [1, 2, 3]);
    const grid = networkGridFor({shape: [16, 24, 8], affine}, OWN_AXES);
    assert.equal(grid.isFixedGrid, true);
  });

  test('padding to a multiple moves no voxel between two voxels', () => {
    for (const shape of [
      [15, 20, 9],
      [13, 17, 8],
      [1, 8, 7],
    ] as Triple[]) {
      const affine = obliqueAffine([12, -9, 17], [2, 3, 2.5], [1, 2, 3]);
      const grid = networkGridFor({shape, affine}, OWN_AXES);
      assert.equal(
        grid.isFixedGrid,
        shape.every((length) => length % 8 === 0),
      );
      const first = Affine.compose(grid.affine.inverse(), affine).apply([0, 0, 0]);
      first.forEach((x, axis) => {
        assert.ok(Math.abs(x - Math.round(x)) < 1e-9, `${x} is a whole index`);
        const before = Math.round(x);
        const after = grid.shape[axis] - shape[axis] - before;
        assert.ok(before >= 0 && after >= 0 && Math.abs(before - after) <= 1);
      });
    }
  });

  test('all 48 ways to store an image give one grid', () => {
    const shape: Triple = [13, 20, 31];
    const image = imageOf({shape, affine: obliqueAffine([0, 0, 0], [2, 1, 1])}, blobs);
    const expected = networkGridFor(image, LIA_1MM);
    for (const {order, flips} of allOrientations()) {
      assert.ok(isSameGrid(networkGridFor(reoriented(image, order, flips), LIA_1MM), expected));
    }
  });

  test('what does not fit into the largest grid is cut off the same on both sides', () => {
    const fixed = {shape: [64, 64, 40] as Triple, affine: obliqueAffine([0, 0, 0], [1, 1, 1])};
    const grid = networkGridFor(fixed, {...OWN_AXES, maximumShape: [32, 64, 64]});
    assert.deepEqual(grid.shape, [32, 64, 40]);
    assert.deepEqual(grid.affine.apply([0, 0, 0]), [16, 0, 0]);
  });

  test('the axes of an oblique slice are those of the image that run closest to the ones of the model', () => {
    const fixed = {shape: [6, 5, 1] as Triple, affine: obliqueAffine([20, 5, -10], [2, 3, 4])};
    const spec = {orientation: 'PRI', axes: 'image', spacingMm: [3, 2, null]} as const;
    const grid = networkGridFor(fixed, {...spec, multiple: [1, 1, 1]});
    assert.deepEqual(grid.shape, [5, 6, 1]);
    // Its first axis is the second one of the image, backwards.
    const toFixed = Affine.compose(fixed.affine.inverse(), grid.affine);
    const expected = Affine.fromMatrix([0, 1, 0, 0, -1, 0, 0, 4, 0, 0, -1, 0]);
    assert.ok(toFixed.largestDifference(expected) < 1e-12);
  });

  test('an orientation that is none is an error', () => {
    const fixed = {shape: [8, 8, 8] as Triple, affine: obliqueAffine([0, 0, 0], [1, 1, 1])};
    for (const orientation of ['LRA', 'RA', 'XYZ', '']) {
      assert.throws(
        () => networkGridFor(fixed, {...OWN_AXES, orientation}),
        (error) =>
          error instanceof HypermorphError &&
          error.code === 'E_GRID' &&
          error.message ===
            `model: grid orientation must be three axis codes such as LIA or RAS, got "${orientation}".`,
      );
    }
  });
});

test('an image conformed from any of its 48 storages looks the same to the network', () => {
  const shape: Triple = [15, 18, 21];
  const affine = centredAffine(obliqueAffine([8, 4, -6], [3, 2.5, 2]), shape, [0, 0, 0]);
  const image = imageOf({shape, affine}, blobs);
  const grid = networkGridFor(image, {...LIA_1MM, spacingMm: [2, 2, 2]});
  const conform = (volume: typeof image) => {
    const scale = measureIntensity(volume, {kind: 'minmax'}, engine, {where: 'image'});
    const toVoxel = Affine.compose(volume.affine.inverse(), grid.affine);
    return conformImage(volume, toVoxel, {shape: grid.shape, scale, engine});
  };
  const expected = conform(image);
  assert.ok(Math.max(...expected) > 0.5);
  for (const {order, flips} of allOrientations()) {
    const FLOAT32 = 1e-6;
    assert.ok(largestDifference(conform(reoriented(image, order, flips)), expected) < FLOAT32);
  }
});
