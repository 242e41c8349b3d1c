import assert from 'node:assert/strict';
import {describe, test} from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import {HypermorphError} from '../../src/errors.js';
import type {NetworkGridSpec} from '../../src/volume/conform.js';
import {Affine} from '../../src/geometry/affine.js';
import type {Grid} from '../../src/geometry/grid.js';
import {fakeNetwork} from '../support/fake-network.js';
import {EXACT, FIXED, FIXED_SHAPE, MOVING, named, register, tilt} from '../support/registration.js';
import {blobs, centredAffine, imageOf, obliqueAffine} from '../support/volumes.js';

describe('registerPair refuses, warns and stops', () => {
  test('a two-dimensional network registers slices and refuses volumes', async () => {
    const slice: Grid = {shape: [8, 12, 1], affine: obliqueAffine([0, 0, 0], [2, 1, 5])};
    const network = fakeNetwork(() => [0, 2], {dimensions: 2});
    const grid: NetworkGridSpec = {orientation: null, spacingMm: null, multiple: [4, 4, 1]};
    const {moved} = await register(network, {
      fixed: named(imageOf(slice, tilt), 'f'),
      moving: named(imageOf(slice, tilt), 'm'),
      grid,
    });
    assert.ok(Math.abs(moved[0] - tilt([0, 2, 0])) < EXACT);
    await assert.rejects(
      register(network, {grid}),
      (error) =>
        error instanceof HypermorphError &&
        error.code === 'E_SHAPE' &&
        error.message ===
          'fixed.nii: must be one slice for a two-dimensional model, got 19x25x13 voxels.',
    );
  });

  test('a two-dimensional network takes slices as they lie, and refuses those of another plane', async () => {
    const network = fakeNetwork(() => [0, 2], {dimensions: 2});
    const spec = {orientation: 'RAS', axes: 'image', spacingMm: null, multiple: [4, 4, 1]} as const;
    const run = (grid: Grid) =>
      register(network, {
        fixed: named(imageOf(grid, tilt), 'slice.nii'),
        moving: named(imageOf(grid, tilt), 'm'),
        grid: spec,
      });
    const oblique: Grid = {shape: [8, 12, 1], affine: obliqueAffine([15, -20, 10], [2, 1, 5])};
    const {moved} = await run(oblique);
    assert.ok(Math.abs(moved[0] - tilt(oblique.affine.apply([0, 2, 0]))) < EXACT);
    // A coronal slice: its second axis runs up.
    const coronal: Grid = {shape: [8, 12, 1], affine: obliqueAffine([90, 0, 0], [2, 1, 5])};
    await assert.rejects(
      run(coronal),
      (error) =>
        error instanceof HypermorphError &&
        error.code === 'E_GRID' &&
        error.message ===
          'slice.nii: the slice must lie in the plane of the two-dimensional model (RA), got 8x12x1 voxels along RS.' &&
        /orientation "fixed"/.test(error.hint ?? ''),
    );
    // The same plane, stored with its thickness first.
    const turned: Grid = {
      shape: [1, 8, 12],
      affine: Affine.fromMatrix([0, 2, 0, 0, 0, 0, 1, 0, 5, 0, 0, 0]),
    };
    assert.ok(Math.abs((await run(turned)).moved[0] - tilt([0, 2, 0])) < EXACT);
  });

  test('a field that is not finite is an error, not a result', async () => {
    const before = tf.memory().numTensors;
    for (const [value, got] of [
      [NaN, 'displacement .* got NaN'],
      [Infinity, 'displacement .* got Infinity'],
    ] as const) {
      const network = fakeNetwork(([i]) => [i === 3 ? value : 0, 0, 0]);
      await assert.rejects(register(network), (error) => {
        assert.ok(error instanceof HypermorphError);
        assert.equal(error.code, 'E_RANGE');
        assert.match(error.message, new RegExp(`^network: the predicted ${got}\\.$`));
        return true;
      });
    }
    assert.equal(tf.memory().numTensors, before);
  });

  test('without a known orientation there is a moved image, but no warp unless it is asked for', async () => {
    const network = fakeNetwork(() => [1, 0, 0]);
    const fixed = {...named(imageOf(FIXED, blobs), 'fixed.nii'), orientationKnown: false};
    const {moved} = await register(network, {fixed});
    assert.equal(moved.length, 19 * 25 * 13);
    await assert.rejects(
      register(network, {fixed, outputs: ['warp']}),
      (error) =>
        error instanceof HypermorphError &&
        error.code === 'E_GRID' &&
        error.message.startsWith('fixed.nii: the header must say where the voxels lie') &&
        /`assumeOrientation: true`/.test(error.hint ?? ''),
    );
    const assumed = await register(network, {
      fixed,
      outputs: ['warp'],
      assumeOrientation: true,
    });
    assert.equal(assumed.outputs.warp?.length, 3 * 19 * 25 * 13);
  });

  test('images far apart are registered with a warning that names the way out', async () => {
    const far = {...FIXED, affine: centredAffine(FIXED.affine, FIXED_SHAPE, [500, 0, 0])};
    const {summary} = await register(
      fakeNetwork(() => [1, 0, 0]),
      {
        moving: named(
          imageOf(far, ([x, y, z]) => blobs([x - 500, y, z])),
          'moving.nii',
        ),
      },
    );
    assert.equal(summary.overlap, 0);
    assert.equal(summary.similarity.voxels, 0);
    assert.match(summary.warnings.join('\n'), /moving.nii: only 0 % of .* try `affine: 'auto'`/);
  });

  test('an image smaller than a network voxel is registered with a warning, and what is unknown is null', async () => {
    for (const shape of [
      [2, 1, 1],
      [1, 3, 2],
    ] as const) {
      const grid: Grid = {shape, affine: obliqueAffine([0, 0, 0], [0.5, 0.5, 0.5])};
      const fixed = named(imageOf(grid, tilt), 'tiny.nii');
      const {moved, summary} = await register(
        fakeNetwork(() => [1, 0, 0]),
        {fixed},
      );
      assert.equal(moved.length, shape[0] * shape[1] * shape[2]);
      assert.ok(moved.every(Number.isFinite));
      assert.deepEqual(summary.jacobian, {
        ...{folds: 0, foldingFraction: null, squeezedFraction: null},
        ...{minimum: null, maximum: null, sdLogJacobian: null},
      });
      assert.ok(Number.isFinite(summary.displacement.meanMm));
      assert.match(
        summary.warnings.join('\n'),
        /tiny.nii: hardly anything .* network voxels large/,
      );
    }
  });

  test('a fall in similarity is said', async () => {
    const {summary} = await register(
      fakeNetwork(() => [3, 0, 0]),
      {
        moving: named(imageOf(MOVING, blobs), 'moving.nii'),
      },
    );
    assert.match(
      summary.warnings.join('\n'),
      /the similarity fell: NCC 0\.\d+ before, 0\.\d+ after/,
    );
  });

  test('progress names the stages, and an interruption stops before the next one', async () => {
    const events: string[] = [];
    await register(
      fakeNetwork(() => [1, 0, 0]),
      {onProgress: (event) => events.push(event.kind === 'stage' ? event.stage : event.kind)},
    );
    assert.deepEqual(events, ['align', 'conform', 'predict', 'sample', 'measure', 'place']);
    const controller = new AbortController();
    await assert.rejects(
      register(
        fakeNetwork(() => [1, 0, 0]),
        {
          signal: controller.signal,
          onProgress: (event) => {
            if (event.kind === 'stage' && event.stage === 'sample') controller.abort();
          },
        },
      ),
      (error) => error instanceof HypermorphError && error.code === 'E_INTERRUPTED',
    );
  });
});
