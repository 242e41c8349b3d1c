import assert from 'node:assert/strict';
import test from 'node:test';
import {Affine} from '../../src/geometry/affine.js';
import {inTensorOrder, inVoxels, type VectorField} from '../../src/transforms/vector-field.js';
import {affineTransform, displacementTransform} from '../../src/transforms/transform.js';
import {inverse} from '../../src/transforms/inverse.js';
import {mapPoints} from '../../src/transforms/apply.js';
import {waves} from '../support/transforms.js';

const byValue = (a: number, b: number) => a - b;

const FIELD: VectorField<'mm', 'disk'> = {
  grid: {shape: [2, 3, 1], affine: Affine.scaling([2, -4, 1])},
  unit: 'mm',
  order: 'disk',
  values: Float32Array.from({length: 18}, (_, n) => n),
};

test('the order of tensors has the component fastest, then k, j, i; that of files the other way round', () => {
  const tensor = inTensorOrder(FIELD);
  assert.equal(tensor.order, 'tensor');
  // Voxel (1, 2, 0) is the last of the tensor, and number 5 of each component on disk.
  assert.deepEqual([...tensor.values.slice(15)], [5, 11, 17]);
  assert.deepEqual([...tensor.values.slice(3, 6)], [2, 8, 14]);
});

test('every vector keeps its number, and a field in its order is returned itself', () => {
  const tensor = inTensorOrder(FIELD);
  assert.deepEqual([...tensor.values].sort(byValue), [...FIELD.values]);
  assert.equal(inTensorOrder(tensor), tensor);
});

test('a vector in voxels is one in mm divided by the axes of its grid', () => {
  const voxels = inVoxels(inTensorOrder(FIELD));
  assert.deepEqual([...voxels.values.slice(15)], [2.5, -2.75, 17]);
  assert.equal(inVoxels(voxels), voxels);
});

test('a displacement of one voxel moves a point by one voxel, whatever its unit says', () => {
  const {grid} = FIELD;
  const values = new Float32Array(18).fill(1);
  const inGrid = displacementTransform({grid, unit: 'voxels', order: 'tensor', values});
  const inWorld = displacementTransform({grid, unit: 'mm', order: 'tensor', values});
  assert.deepEqual(mapPoints(inGrid, [[1, -3, 0]]), [[3, -7, 1]]);
  assert.deepEqual(mapPoints(inWorld, [[1, -3, 0]]), [[2, -2, 1]]);
  // More than half a voxel beyond the grid nothing moves.
  assert.deepEqual(mapPoints(inGrid, [[-1.01, 0, 0]]), [[-1.01, 0, 0]]);
});

test('a field with another number of vectors than its grid has voxels is an error', () => {
  assert.throws(() => displacementTransform({...FIELD, values: new Float32Array(17)}), {
    code: 'E_SHAPE',
    message:
      'displacementTransform: a field on a grid of 2 x 3 x 1 voxels must hold 18 numbers, got 17.',
  });
});

test('what is flat has no inverse', () => {
  assert.throws(() => inverse(affineTransform(Affine.scaling([1, 0, 1]))), {code: 'E_RANGE'});
  assert.equal(waves().velocity, null);
});
