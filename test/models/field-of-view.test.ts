import assert from 'node:assert/strict';
import {test} from 'node:test';
import {Affine} from '../../src/geometry/affine.js';
import type {Triple} from '../../src/geometry/triple.js';
import {isMadeFor} from '../../src/models/field-of-view.js';

const model = {
  fieldOfView: {
    smallestMm: [30, 40, 20] as [number, number, number],
    largestMm: [45, 60, 50] as [number, number, number],
  },
};
const gridOf = (shape: Triple, spacing: Triple = [1, 1, 1]) => ({
  shape,
  affine: Affine.scaling(spacing),
});

test('an image is what a model is made for where its size lies in the range along every axis, ends included', () => {
  assert.ok(isMadeFor(model, gridOf([36, 50, 36])));
  assert.ok(isMadeFor(model, gridOf([30, 60, 20])));
  for (const shape of [
    [29, 50, 36],
    [36, 61, 36],
    [36, 50, 51],
  ] as const) {
    assert.ok(!isMadeFor(model, gridOf(shape)), String(shape));
  }
});

test("millimetres of the world count, not voxels or the order of a file's axes", () => {
  assert.ok(isMadeFor(model, gridOf([18, 25, 18], [2, 2, 2])));
  assert.ok(!isMadeFor(model, gridOf([36, 50, 36], [2, 2, 2])));
  const turned = Affine.fromMatrix([0, 0, -1, 0, -1, 0, 0, 0, 0, 1, 0, 0]);
  assert.ok(isMadeFor(model, {shape: [50, 36, 36], affine: turned}));
  assert.ok(!isMadeFor(model, {shape: [36, 50, 36], affine: turned}));
});

test('a model that names no field of view is made for none', () => {
  assert.ok(!isMadeFor({fieldOfView: undefined}, gridOf([36, 50, 36])));
});
