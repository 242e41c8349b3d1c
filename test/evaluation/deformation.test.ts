import assert from 'node:assert/strict';
import {test} from 'node:test';
import {jacobianMeasureOf, learn2regSdLogJacobian} from '../../src/evaluation/deformation.js';
import type {Triple} from '../../src/geometry/triple.js';

test('no determinant, no figures', () => {
  const nothing = {voxels: 0, folds: 0, squeezed: 0, minimum: Infinity, maximum: -Infinity};
  assert.deepEqual(jacobianMeasureOf({...nothing, logSum: 0, logSquares: 0}), {
    folds: 0,
    foldingFraction: null,
    squeezedFraction: null,
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
