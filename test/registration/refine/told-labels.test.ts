import assert from 'node:assert/strict';
import {test} from 'node:test';
import {Affine} from '../../../src/geometry/affine.js';
import type {Triple} from '../../../src/geometry/triple.js';
import {PORTABLE} from '../../../src/kernels/voxel-operation.js';
import {lanesFor} from '../../../src/optimisers/refinement/level.js';
import {labelsOnFixedGrid} from '../../../src/registration/refine/told-labels.js';
import {mapVoxels} from './volumes.js';

const NETWORK: Triple = [8, 8, 8];

/** Labels told on a grid of 2 mm voxels from the origin, brought to a fixed grid there; the label's share grows along the first axis. */
function onFixed(shape: Triple, spacing: Triple) {
  const grid = {shape: NETWORK, affine: Affine.scaling([2, 2, 2])};
  const fixed = {shape, affine: Affine.scaling(spacing)};
  const logOdds = Float32Array.from(
    mapVoxels(NETWORK, ([i]) => Math.log(i / (7 - i))),
    (value) => Math.max(-40, Math.min(value, 40)),
  );
  return labelsOnFixedGrid({count: 1, grid, logOdds}, fixed, PORTABLE);
}

test('labels are as fine as they were told, on the fixed grid or on halves of it', () => {
  assert.deepEqual(onFixed([7, 6, 5], [2, 2, 2]).shape, [7, 6, 5]);
  assert.deepEqual(onFixed([15, 12, 9], [1, 1, 1]).shape, [8, 6, 5]);
  assert.deepEqual(onFixed([5, 6, 5], [3, 3, 3]).shape, [5, 6, 5]);
});

test('a thin image keeps two voxels along every axis, a slice its one', () => {
  assert.deepEqual(onFixed([32, 32, 4], [0.25, 0.25, 0.5]).shape, [16, 16, 2]);
  assert.deepEqual(onFixed([32, 32, 1], [1, 1, 1]).shape, [16, 16, 1]);
});

test('a label is where it was told, for voxels of any size', () => {
  for (const [shape, spacing] of [
    [
      [7, 6, 5],
      [2, 2, 2],
    ],
    [
      [14, 12, 9],
      [1, 1, 1],
    ],
  ] as const) {
    const {
      lanes,
      shape: [, J, K],
    } = onFixed(shape, spacing);
    // Halved voxels begin half a voxel farther.
    const offset = spacing[0] === 1 ? 0.5 : 0;
    for (const i of [1, 3]) {
      const share = lanes[lanesFor(1) * (i * J + 2) * K];
      assert.ok(Math.abs(share - (i + offset / 2) / 7) < 1e-6, `${shape.join('x')} ${i}: ${share}`);
    }
  }
});
