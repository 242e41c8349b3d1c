import assert from 'node:assert/strict';
import {test} from 'node:test';
import {TRANSFORM_IMAGE} from '../../src/kernels/transform-image.js';
import {Random} from '../../src/random.js';
import {PORTABLE as engine} from '../../src/kernels/voxel-operation.js';
import {drawTransform, isStill, mirrored} from '../../src/training/random-transform.js';
import {smoothNoise} from '../../src/training/smooth-noise.js';
import type {Triple} from '../../src/geometry/triple.js';
import {Affine} from '../../src/geometry/affine.js';
import {largestDifference} from '../support/volumes.js';

const SHAPE: Triple = [12, 9, 14];
const NOTHING = {
  rotationDegrees: 0,
  translationVox: 0,
  scale: 0,
  deformationVox: 0,
  deformationScaleVox: 8,
};
const STILL = {affine: Affine.identity, field: null, fieldShape: [1, 1, 1] as Triple};
const LINEAR = {interpolation: 'linear', outside: 0} as const;

const image = smoothNoise({shape: SHAPE, engine}, 4, new Random(1));

test('amounts of zero give the map that moves nothing, and it gives the image back', () => {
  assert.ok(isStill(NOTHING));
  const transform = drawTransform({shape: SHAPE, engine}, NOTHING, new Random(2));
  assert.deepEqual(engine.run(TRANSFORM_IMAGE, image, SHAPE, transform, LINEAR), image);
  assert.deepEqual(engine.run(TRANSFORM_IMAGE, image, SHAPE, STILL, LINEAR), image);
});

test('a translation looks the image up so many voxels further on; beyond it lies the outside', () => {
  const affine = Affine.translation([2, 0, -1]);
  const moved = engine.run(
    TRANSFORM_IMAGE,
    image,
    SHAPE,
    {...STILL, affine},
    {...LINEAR, outside: 7},
  );
  const at = (x: number, y: number, z: number) => (x * 9 + y) * 14 + z;
  assert.equal(moved[at(3, 4, 5)], image[at(5, 4, 4)]);
  assert.equal(moved[at(10, 4, 5)], 7);
  assert.equal(moved[at(3, 4, 0)], 7);
  const repeated = engine.run(
    TRANSFORM_IMAGE,
    image,
    SHAPE,
    {...STILL, affine},
    {...LINEAR, outside: 'edge'},
  );
  assert.equal(repeated[at(11, 4, 5)], image[at(11, 4, 4)]);
});

test('half a voxel is the mean of two for intensities, and one of them for labels', () => {
  const affine = Affine.translation([0, 0.5, 0]);
  const labels = Uint16Array.from(image, (_, n) => n % 5);
  const at = (x: number, y: number, z: number) => (x * 9 + y) * 14 + z;
  const moved = engine.run(TRANSFORM_IMAGE, image, SHAPE, {...STILL, affine}, LINEAR);
  const mean = (image[at(3, 4, 5)] + image[at(3, 5, 5)]) / 2;
  assert.ok(Math.abs(moved[at(3, 4, 5)] - mean) < 1e-6);
  const movedLabels = engine.run(
    TRANSFORM_IMAGE,
    labels,
    SHAPE,
    {...STILL, affine},
    {...LINEAR, interpolation: 'nearest'},
  );
  assert.equal(movedLabels[at(3, 4, 5)], labels[at(3, 5, 5)]);
});

test('mirroring twice is no mirroring, once reverses the first axis', () => {
  const once = mirrored(STILL, SHAPE[0]);
  const at = (x: number, y: number, z: number) => (x * 9 + y) * 14 + z;
  const turned = engine.run(TRANSFORM_IMAGE, image, SHAPE, once, LINEAR);
  assert.equal(turned[at(0, 4, 5)], image[at(11, 4, 5)]);
  assert.deepEqual(engine.run(TRANSFORM_IMAGE, turned, SHAPE, once, LINEAR), image);
});

test('a random deformation has the asked size, folds nowhere, and repeats for its seed', () => {
  const shape: Triple = [40, 40, 40];
  const amounts = {...NOTHING, deformationVox: 2, deformationScaleVox: 16};
  const {field, fieldShape} = drawTransform({shape, engine}, amounts, new Random(4));
  assert.deepEqual(fieldShape, [11, 11, 11]);
  const deviation = Math.sqrt(
    field!.reduce((sum, value) => sum + value * value, 0) / field!.length,
  );
  // Few lattice points: the deviation of one draw varies by a third.
  assert.ok(deviation > 1 && deviation < 3, `${deviation}`);
  // Neighbours are 4 voxels apart and may not overtake each other along any axis.
  const strides = [11 * 11, 11, 1];
  for (let n = 0; n < 11 ** 3; n++) {
    strides.forEach((stride, axis) => {
      if (Math.floor(n / stride) % 11 === 10) return;
      assert.ok(field![3 * (n + stride) + axis] - field![3 * n + axis] > -4);
    });
  }
  assert.deepEqual(drawTransform({shape, engine}, amounts, new Random(4)).field, field);
});

test('an axis of one voxel stays as it is', () => {
  const shape: Triple = [16, 16, 1];
  const amounts = {
    rotationDegrees: 9,
    translationVox: 2,
    scale: 0.1,
    deformationVox: 2,
    deformationScaleVox: 8,
  };
  const {affine, field} = drawTransform({shape, engine}, amounts, new Random(6));
  const {rows} = affine;
  assert.deepEqual(rows.slice(8), [0, 0, 1, 0]);
  assert.deepEqual([rows[2], rows[6]], [0, 0]);
  for (let n = 2; n < field!.length; n += 3) assert.equal(field![n], 0);
  assert.ok(largestDifference(field!, new Float32Array(field!.length)) > 0.1);
});
