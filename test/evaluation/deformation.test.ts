import assert from 'node:assert/strict';
import {test} from 'node:test';
import {
  displacementDeterminants,
  jacobianMeasureOf,
  learn2regSdLogJacobian,
} from '../../src/evaluation/deformation.js';
import type {Grid} from '../../src/geometry/grid.js';
import type {Triple} from '../../src/geometry/triple.js';
import {centredAffine, imageOf, obliqueAffine} from '../support/volumes.js';

const SHAPE: Triple = [7, 6, 5];
const GRID: Grid = {
  shape: SHAPE,
  affine: centredAffine(obliqueAffine([25, -14, 6], [1.5, 2, 3]), SHAPE, [4, -3, 2]),
};
/** float32 differences of a few mm. */
const TOLERANCE = 1e-4;

function fieldOf(grid: Grid, u: (point: Triple) => Triple): Float32Array {
  const components = [0, 1, 2].map((c) => imageOf(grid, (point) => u(point)[c]).data);
  return Float32Array.from(components.flatMap((component) => [...component]));
}

test('a field that does not change has determinant 1 everywhere', () => {
  const field = fieldOf(GRID, () => [3, -2, 5]);
  for (const value of displacementDeterminants(field, GRID)) {
    assert.ok(Math.abs(value - 1) < TOLERANCE);
  }
});

test('a linear field has the determinant of its matrix everywhere, also at the faces and on a turned grid', () => {
  const field = fieldOf(GRID, ([x, y, z]) => [
    0.1 * x + 0.2 * y,
    0.3 * y - 0.1 * z,
    0.05 * x - 0.2 * z,
  ]);
  // det [[1.1, 0.2, 0], [0, 1.3, -0.1], [0.05, 0, 0.8]]
  const expected = 1.1 * 1.3 * 0.8 - 0.2 * (0 * 0.8 + 0.1 * 0.05);
  for (const value of displacementDeterminants(field, GRID)) {
    assert.ok(Math.abs(value - expected) < TOLERANCE, `${value} should be ${expected}`);
  }
});

test('a mirror folds everywhere', () => {
  const field = fieldOf(GRID, ([x]) => [-2 * x, 0, 0]);
  assert.ok(displacementDeterminants(field, GRID).every((value) => value < 0));
});

test('a grid of one plane deforms within it', () => {
  const grid: Grid = {...GRID, shape: [7, 6, 1]};
  const determinants = displacementDeterminants(
    fieldOf(grid, () => [1, 1, 1]),
    grid,
  );
  assert.ok(determinants.every((value) => Math.abs(value - 1) < TOLERANCE));
});

test('next to a voxel without a displacement there is no determinant', () => {
  const field = fieldOf(GRID, () => [0, 0, 0]);
  const middle = 3 + SHAPE[0] * (3 + SHAPE[1] * 2);
  field[middle] = NaN;
  const missing = [...displacementDeterminants(field, GRID).keys()].filter((n) =>
    Number.isNaN(displacementDeterminants(field, GRID)[n]),
  );
  assert.equal(missing.length, 6);
});

test('no determinant, no figures', () => {
  const nothing = {voxels: 0, folds: 0, minimum: Infinity, maximum: -Infinity};
  assert.deepEqual(jacobianMeasureOf({...nothing, logSum: 0, logSquares: 0}), {
    folds: 0,
    foldingFraction: null,
    minimum: null,
    maximum: null,
    sdLogJacobian: null,
  });
  assert.equal(learn2regSdLogJacobian(new Float32Array(64).fill(1), [4, 4, 4]), null);
});

test("Learn2Reg's figure leaves two voxels at every face out", () => {
  const shape: Triple = [6, 5, 5];
  const determinants = new Float32Array(150).fill(9);
  const inner = (i: number) => i + 6 * (2 + 5 * 2);
  determinants[inner(2)] = 1;
  determinants[inner(3)] = 2;
  const expected = (Math.log(5) - Math.log(4)) / 2; // ln(J + 3)
  assert.ok(Math.abs((learn2regSdLogJacobian(determinants, shape) ?? NaN) - expected) < 1e-12);
});
