import assert from 'node:assert/strict';
import {describe, test} from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import type {Grid} from '../../src/geometry/grid.js';
import type {Triple} from '../../src/geometry/triple.js';
import type {OutputKey, PerOutput} from '../../src/registration/outputs.js';
import {sample} from '../../src/transforms/apply.js';
import {fakeNetwork} from '../support/fake-network.js';
import {FIXED, MOVING, MOVING_SHAPE, named, register, tilt} from '../support/registration.js';
import {blobs, centredAffine, imageOf, obliqueAffine} from '../support/volumes.js';

describe('what registerPair computes beside the moved image', () => {
  test('labels keep their type and their own grid', async () => {
    const shape: Triple = [61, 61, 61];
    const grid = {
      shape,
      affine: centredAffine(obliqueAffine([0, 0, 0], [2, 2, 2]), shape, [0, 0, 0]),
    };
    const drawn = imageOf(grid, ([x]) => (x < -3 ? 7 : 300)).data;
    const label = {...named({...grid, data: Int16Array.from(drawn)}, 'l')};
    const {labels} = await register(
      fakeNetwork(() => [1, 0, 0]),
      {labels: [label]},
    );
    assert.ok(labels[0] instanceof Int16Array);
    const expected = imageOf(FIXED, ([x]) => (x - 3 < -3 ? 7 : 300)).data;
    let wrong = 0;
    for (let n = 0; n < expected.length; n++) if (expected[n] !== labels[0][n]) wrong++;
    // Half a label voxel (1 mm) around the border, in an image 50 mm wide.
    assert.ok(wrong / expected.length < 0.02, `${wrong} of ${expected.length} labels differ`);
  });

  test('the moved image is looked up by its spline where that is asked for', async () => {
    const turn = fakeNetwork(([i, j, k]) => [0.3, Math.sin(j / 4), Math.cos((i + k) / 5)]);
    const moving = named(imageOf(MOVING, blobs), 'm');
    const {moved, transform} = await register(turn, {moving, interpolation: 'cubic'});
    const inside = sample(moving, transform, FIXED, {outside: NaN}).data;
    const expected = sample(moving, transform, FIXED, {interpolation: 'cubic'}).data;
    const there = [...inside.keys()].filter((n) => !Number.isNaN(inside[n]));
    const of = (values: ArrayLike<number>) => there.map((n) => values[n]);
    assert.ok(there.length > 1000);
    assert.deepEqual(of(moved), of(expected));
    assert.notDeepEqual(of(moved), of(inside));
  });

  test('the Jacobian of a stretch is its volume change', async () => {
    const stretch = fakeNetwork(([i, j, k]) => [0.1 * (i - 9), 0.1 * (j - 9), 0.1 * (k - 9)]);
    const {outputs, summary} = await register(stretch, {outputs: ['jacobian']});
    assert.deepEqual(Object.keys(outputs), ['jacobian']);
    assert.ok(outputs.jacobian!.every((value) => Math.abs(value - 1.1 ** 3) < 1e-4));
    assert.equal(summary.jacobian.folds, 0);
  });

  test('a field that turns space over is counted as folds', async () => {
    const {summary} = await register(fakeNetwork(([i]) => [-2 * (i - 8), 0, 0]));
    assert.equal(summary.jacobian.foldingFraction, 1);
    assert.match(summary.warnings.join('\n'), /the deformation folds at \d+ voxels \(100.00 %\)/);
  });

  test('warp, inverse warp and velocity are millimetres to the left, back and up', async () => {
    const {outputs} = await register(
      fakeNetwork(() => [1, 0, 0], {steps: 4}),
      {
        outputs: ['warp', 'inverseWarp', 'velocity'],
      },
    );
    const {warp, inverseWarp, velocity} = requireOutputs(outputs);
    const voxels = 19 * 25 * 13;
    assert.equal(warp.length, 3 * voxels);
    assert.ok(Math.abs(warp[0] - 3) < 1e-5 && Math.abs(warp[voxels]) < 1e-5);
    const middle = 25 + 51 * (17 + 35 * 22);
    assert.ok(Math.abs(inverseWarp[middle] + 3) < 1e-5);
    assert.ok(Math.abs(velocity[0] - 3) < 1e-5);
  });

  test('the inverse warp leads back to where the warp came from', async () => {
    const wave = ([i, j, k]: Triple) => [
      1.2 * Math.sin(j / 4),
      0.9 * Math.cos(k / 5),
      1.1 * Math.sin((i + j) / 6),
    ];
    const fixed = named(imageOf(MOVING, blobs), 'f'); // one large grid, so that all points stay inside
    const {outputs} = await register(fakeNetwork(wave, {steps: 7}), {
      fixed,
      outputs: ['warp', 'inverseWarp'],
    });
    const {warp, inverseWarp} = requireOutputs(outputs);
    const at = trilinearVectors(inverseWarp, MOVING);
    const voxels = MOVING_SHAPE[0] * MOVING_SHAPE[1] * MOVING_SHAPE[2];
    const MARGIN = 8; // voxels: the network grid ends a little outside, and its edge is clamped
    let worst = 0;
    let moves = 0;
    for (let k = MARGIN; k < MOVING_SHAPE[2] - MARGIN; k += 3) {
      for (let j = MARGIN; j < MOVING_SHAPE[1] - MARGIN; j += 3) {
        for (let i = MARGIN; i < MOVING_SHAPE[0] - MARGIN; i += 3) {
          const n = i + MOVING_SHAPE[0] * (j + MOVING_SHAPE[1] * k);
          const p = MOVING.affine.apply([i, j, k]);
          const d = [-warp[n], -warp[n + voxels], warp[n + 2 * voxels]]; // RAS
          const q: Triple = [p[0] + d[0], p[1] + d[1], p[2] + d[2]];
          const back = at(q);
          worst = Math.max(worst, Math.hypot(d[0] - back[0], d[1] - back[1], d[2] + back[2]));
          moves = Math.max(moves, Math.hypot(...d));
        }
      }
    }
    assert.ok(moves > 3, `moves ${moves} mm`);
    assert.ok(worst < 0.1, `worst inverse consistency ${worst} mm`); // of 3 mm voxels
  });

  test('inputs stay as they are and no tensor is left behind', async () => {
    const fixed = named(imageOf(FIXED, blobs), 'f');
    const moving = named(imageOf(MOVING, tilt), 'm');
    const copies = [fixed.data.slice(), moving.data.slice()];
    const before = tf.memory().numTensors;
    await register(
      fakeNetwork(() => [1, 0, 0], {steps: 3}),
      {
        fixed,
        moving,
        outputs: ['warp', 'inverseWarp', 'jacobian', 'velocity'],
      },
    );
    assert.equal(tf.memory().numTensors, before);
    assert.deepEqual([fixed.data, moving.data], copies);
  });
});

/** All outputs as if each had been asked for. */
function requireOutputs(outputs: PerOutput<Float32Array>): Record<OutputKey, Float32Array> {
  return outputs as Record<OutputKey, Float32Array>;
}

/** Vectors of a warp (component slowest) at any world point inside its grid. */
function trilinearVectors(data: Float32Array, grid: Grid): (point: Triple) => number[] {
  const voxels = grid.shape[0] * grid.shape[1] * grid.shape[2];
  const toVoxel = grid.affine.inverse();
  return (point) => {
    const position = toVoxel.apply(point);
    const base = position.map(Math.floor);
    const result = [0, 0, 0];
    for (let corner = 0; corner < 8; corner++) {
      let weight = 1;
      const index = base.map((start, axis) => {
        const step = (corner >> axis) & 1;
        const fraction = position[axis] - start;
        weight *= step === 1 ? fraction : 1 - fraction;
        return start + step;
      });
      const n = index[0] + grid.shape[0] * (index[1] + grid.shape[1] * index[2]);
      for (let c = 0; c < 3; c++) result[c] += weight * data[n + c * voxels];
    }
    return result;
  };
}
