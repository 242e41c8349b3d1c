import assert from 'node:assert/strict';
import {test} from 'node:test';
import type {Triple} from '../../../src/geometry/triple.js';
import {PORTABLE} from '../../../src/kernels/voxel-operation.js';
import {halfShape, lanesFor} from '../../../src/optimisers/refinement/level.js';
import {halvedImages, type LevelImages} from '../../../src/registration/refine/halved.js';
import {labelsOfLevels} from '../../../src/registration/refine/level-labels.js';
import {planLevels} from '../../../src/registration/refine/plan-levels.js';
import {blobs} from './volumes.js';

const SHAPE: Triple = [24, 26, 28];

/** Labels that were told on a grid, for each stage of a pair. */
function levelsOf(told: Triple) {
  const plan = planLevels(SHAPE, {});
  const images: LevelImages[] = [
    {
      ...{fixed: blobs(SHAPE, 1), moving: blobs(SHAPE, 2)},
      shape: SHAPE,
      fixedMask: null,
      movingMask: null,
    },
  ];
  for (let n = 0; n < plan[0].halvings; n++) images.push(halvedImages(images[n], PORTABLE));
  const maps = new Float32Array(told[0] * told[1] * told[2] * lanesFor(1)).fill(0.5);
  const labels = {shape: told, count: 1, fixed: maps, moving: maps, weight: 0.4};
  return plan.map(({halvings, velocityShape}, n) => {
    const found = labelsOfLevels(labels, images, plan, PORTABLE)[n];
    return {halvings, velocityShape, shape: found?.shape, weight: found?.weight};
  });
}

test('labels as fine as the images count the same at every level, on the grid of its velocity', () => {
  for (const {velocityShape, shape, weight} of levelsOf(SHAPE)) {
    assert.deepEqual(shape, velocityShape);
    assert.equal(weight, 0.4);
  }
});

test('labels coarser than the images of a level count as many times less as they have fewer voxels', () => {
  const told = halfShape(SHAPE);
  const levels = levelsOf(told);
  assert.ok(levels.some(({halvings}) => halvings === 0));
  for (const {halvings, velocityShape, shape, weight} of levels) {
    assert.deepEqual(shape, velocityShape[0] > told[0] ? told : velocityShape);
    assert.equal(weight, halvings === 0 ? 0.4 / 8 : 0.4);
  }
});
