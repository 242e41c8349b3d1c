import assert from 'node:assert/strict';
import {describe, test} from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import {warpTensor} from '../../src/ops/warp.js';
import {networkGridFor} from '../../src/volume/conform.js';
import type {Grid} from '../../src/geometry/grid.js';
import type {Triple} from '../../src/geometry/triple.js';
import {fakeNetwork} from '../support/fake-network.js';
import {
  EXACT,
  FIXED,
  LIA_3MM,
  MOVING,
  named,
  OWN_AXES,
  register,
  tilt,
} from '../support/registration.js';
import {
  allOrientations,
  blobs,
  centredAffine,
  imageOf,
  largestDifference,
  obliqueAffine,
  reoriented,
} from '../support/volumes.js';

/** Every order of the axes, with different flips; all 48 are compared in the tests of what the network sees. */
const someOrientations = allOrientations().filter((_, n) => n % 7 === 1 || n === 40);

describe('registerPair', () => {
  test('without a displacement the moved image is the moving one, placed by the headers', async () => {
    const {moved, summary} = await register(fakeNetwork(() => [0, 0, 0]));
    assert.ok(largestDifference(moved, imageOf(FIXED, tilt).data) < EXACT);
    assert.equal(summary.displacement.maximumMm, 0);
    assert.deepEqual(summary.similarity.before, summary.similarity.after);
    assert.match(summary.warnings.join('\n'), /nothing moved: the largest displacement is 0.0 mm/);
  });

  test('one network voxel along its first axis is one spacing along that axis of the world', async () => {
    const {moved, summary} = await register(fakeNetwork(() => [1, 0, 0]));
    // The first axis of LIA runs to the left: 3 mm towards -x.
    const expected = imageOf(FIXED, ([x, y, z]) => tilt([x - 3, y, z])).data;
    assert.ok(largestDifference(moved, expected) < EXACT);
    assert.ok(Math.abs(summary.displacement.meanMm - 3) < 1e-4);
  });

  test('alignment and displacement compose in the order moving(A(p + d(p)))', async () => {
    // d depends on p, so that A(p + d(p)) and A(p) + d(A(p)) differ by several millimetres.
    const network = fakeNetwork(([i, j, k]) => [0.2 * (k - 9), 0.1 * (i - 9), -0.15 * (j - 9)]);
    const {moved, summary} = await register(network, {affine: 'fov'});
    const grid = networkGridFor(FIXED, LIA_3MM);
    const toNetwork = grid.affine.inverse();
    const expected = imageOf(FIXED, (p) => {
      const [i, j, k] = toNetwork.apply(p);
      const u: Triple = [0.2 * (k - 9), 0.1 * (i - 9), -0.15 * (j - 9)];
      const d = grid.affine.applyToDirection(u);
      return tilt([p[0] + d[0] + 2, p[1] + d[1] - 1, p[2] + d[2] + 1]);
    }).data;
    assert.ok(largestDifference(moved, expected) < EXACT);
    const offset = [3, 7, 11].map((n) => summary.affine.matrix[n]);
    offset.forEach((mm, axis) => assert.ok(Math.abs(mm - [2, -1, 1][axis]) < 1e-9));
  });

  test('a velocity at half resolution counts half-resolution voxels', async () => {
    const {moved} = await register(fakeNetwork(() => [0, 0.5, 0], {resolution: 2, steps: 5}));
    // The second axis of LIA runs down: half of a 6 mm voxel.
    const expected = imageOf(FIXED, ([x, y, z]) => tilt([x, y, z - 3])).data;
    assert.ok(largestDifference(moved, expected) < EXACT);
  });

  test('eight of the 48 ways to store the moving image give one moved image', async () => {
    const moving = imageOf(MOVING, blobs);
    const network = fakeNetwork(([i, j, k]) => [0.1 * j - 1, 0.05 * k, 0.2 * i - 2]);
    const {moved} = await register(network, {moving: named(moving, 'm')});
    for (const {order, flips} of someOrientations) {
      const stored = named(reoriented(moving, order, flips), 'm');
      const result = await register(network, {moving: stored});
      assert.ok(largestDifference(result.moved, moved) < EXACT);
    }
  });

  test('eight of the 48 ways to store the fixed image give one moved image, each on its own grid', async () => {
    const fixed = imageOf(FIXED, blobs);
    const network = fakeNetwork(([i, j, k]) => [0.1 * j - 1, 0.05 * k, 0.2 * i - 2]);
    const {moved} = await register(network);
    for (const {order, flips} of someOrientations) {
      const stored = named(reoriented(fixed, order, flips), 'f');
      const result = await register(network, {fixed: stored});
      const expected = reoriented({...FIXED, data: moved}, order, flips).data;
      assert.ok(largestDifference(result.moved, expected) < EXACT);
    }
  });

  test('an image padded by the user and one padded here give the same moved voxels', async () => {
    const shape: Triple = [15, 14, 13];
    const affine = obliqueAffine([3, 4, 5], [2, 2, 3]);
    const padded: Grid = {shape: [16, 16, 16], affine: centredAffine(affine, shape, [0, 0, 0])};
    const inside: Grid = {
      shape,
      affine: obliqueAffine([3, 4, 5], [2, 2, 3], padded.affine.apply([0, 1, 1])),
    };
    const network = fakeNetwork(([i, j, k]) => [Math.sin(i / 3), Math.cos(j / 4), 0.1 * k - 1]);
    const run = (grid: Grid) =>
      register(network, {fixed: named(imageOf(grid, blobs), 'f'), grid: OWN_AXES});
    const [whole, part] = [await run(padded), await run(inside)];
    const cut = new Float32Array(15 * 14 * 13);
    for (let k = 0, n = 0; k < 13; k++) {
      for (let j = 0; j < 14; j++) {
        for (let i = 0; i < 15; i++, n++) cut[n] = whole.moved[i + 16 * (j + 1 + 16 * (k + 1))];
      }
    }
    assert.ok(largestDifference(part.moved, cut) < EXACT);
  });

  test('on one grid the moved image is the one the network itself would make', async () => {
    const grid: Grid = {shape: [8, 12, 4], affine: obliqueAffine([10, 20, 30], [2, 1, 3])};
    const moving = imageOf(grid, blobs);
    const velocity = ([i, j, k]: Triple) => [3 - i, Math.sin(j), 2 * k - 3]; // leaves the image at every face
    const network = fakeNetwork(velocity);
    const {moved} = await register(network, {
      fixed: named(imageOf(grid, tilt), 'f'),
      moving: named(moving, 'm'),
      grid: OWN_AXES,
    });
    const expected = tf.tidy(() => {
      const image = tf.transpose(tf.tensor(moving.data, [4, 12, 8]), [2, 1, 0]); // [I, J, K]
      const zeros = tf.zeros([1, 8, 12, 4, 1]);
      const displacement = network.predictVelocity({moving: zeros, fixed: zeros});
      const warped = warpTensor(tf.reshape(image, [1, 8, 12, 4, 1]), displacement, {});
      return tf.transpose(tf.reshape(warped, [8, 12, 4]), [2, 1, 0]).dataSync(); // disk order
    });
    assert.ok(largestDifference(moved, expected) < 1e-4);
  });

  test('the network sees both images on its grid, normalised, and the hyperparameters', async () => {
    const network = fakeNetwork(() => [1, 1, 1]);
    await register(network, {
      hyperparameters: [0.3, 2],
      moving: named(imageOf(MOVING, blobs), 'm'),
    });
    const [{moving, fixed, shape, hyperparameters}] = network.asked;
    const grid = networkGridFor(FIXED, LIA_3MM);
    assert.deepEqual(shape, [1, ...grid.shape, 1]);
    assert.deepEqual(hyperparameters, [Math.fround(0.3), 2]);
    for (const seen of [moving, fixed]) {
      assert.ok(Math.min(...seen) >= 0 && Math.max(...seen) <= 1 && Math.max(...seen) > 0.7);
    }
  });
});
