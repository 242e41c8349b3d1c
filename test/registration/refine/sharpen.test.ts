import assert from 'node:assert/strict';
import {test} from 'node:test';
import type {Triple} from '../../../src/geometry/triple.js';
import {PORTABLE} from '../../../src/kernels/voxel-operation.js';
import {SHARPEN} from '../../../src/optimisers/refinement/operations.js';
import {sharesFor, sharpened} from '../../../src/registration/refine/sharpen.js';
import {Random} from '../../../src/random.js';
import {mapVoxels} from './volumes.js';

const SHAPE: Triple = [20, 24, 28];
const count = SHAPE[0] * SHAPE[1] * SHAPE[2];

/** Boxes with sharp edges, along every axis. */
const boxes = Float32Array.from(
  mapVoxels(SHAPE, ([i, j, k]) => (((i >> 3) + (j >> 3) + (k >> 3)) % 2 === 0 ? 0.2 : 0.8)),
);

/** The mean with both neighbours along one axis, as often as told. */
function blurred(image: Float32Array, axis: 0 | 1 | 2, times: number): Float32Array {
  let result = image;
  const share = (along: number) => (along === axis ? -1 / 3 : 0);
  const shares: Triple = [share(0), share(1), share(2)];
  for (let n = 0; n < times; n++) result = PORTABLE.run(SHARPEN, result, SHAPE, shares);
  return result;
}

test('sharp edges, noise, and what shows nothing stay as they are', () => {
  const random = new Random(3);
  const noise = Float32Array.from({length: count}, () => random.uniform());
  for (const image of [boxes, noise, new Float32Array(count).fill(0.4)]) {
    assert.deepEqual(sharesFor(image, SHAPE), [0, 0, 0]);
    const pair = {fixed: image, moving: image, shape: SHAPE, spacing: [1, 1, 1] as Triple};
    assert.deepEqual(sharpened(pair, PORTABLE).fixed, image);
  }
});

test('an image is sharpened along the axis along which it is blurred, the more the more that is, by an eighth at most', () => {
  const [once, twice, often] = [1, 2, 6].map((times) => sharesFor(blurred(boxes, 1, times), SHAPE));
  for (const shares of [once, twice, often]) assert.deepEqual([shares[0], shares[2]], [0, 0]);
  assert.ok(once[1] <= twice[1] && twice[1] <= often[1], [once, twice, often].join(' | '));
  assert.ok(often[1] > 0);
  assert.equal(often[1], 1 / 8);
});

test('an axis of fewer than five voxels is left as it is', () => {
  const shape: Triple = [4, 24, 1];
  const ramp = Float32Array.from(mapVoxels(shape, ([i, j]) => Math.sin(j / 4) + i));
  assert.deepEqual(sharesFor(ramp, shape), [0, 1 / 8, 0]);
});

test('of a large image some places tell what all would, also where its voxels repeat', () => {
  const large: Triple = [80, 80, 96];
  const random = new Random(5);
  const values = Float32Array.from({length: 40 * 40 * 48}, () => random.uniform());
  // Every number twice along every axis: noise that was enlarged.
  const repeated = Float32Array.from(
    mapVoxels(large, ([i, j, k]) => values[((i >> 1) * 40 + (j >> 1)) * 48 + (k >> 1)]),
  );
  const part: Triple = [40, 40, 48];
  const ofPart = Float32Array.from(
    mapVoxels(part, ([i, j, k]) => repeated[(i * large[1] + j) * large[2] + k]),
  );
  const [all, some] = [sharesFor(ofPart, part), sharesFor(repeated, large)];
  some.forEach((share, axis) => {
    assert.ok(Math.abs(share - all[axis]) < 0.003, `${some.join(', ')}; ${all.join(', ')}`);
  });
});
