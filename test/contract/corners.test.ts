import assert from 'node:assert/strict';
import {test} from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import {Affine} from '../../src/geometry/affine.js';
import {convolve} from '../../src/ops/convolve.js';
import {rescaleField} from '../../src/ops/rescale.js';
import {smoothness} from '../../src/ops/smoothness.js';
import {encodeItkAffine} from '../../src/formats/transforms/itk-text.js';
import {onEveryEngine} from '../support/engines.js';
import {affineOfText} from '../support/transforms.js';

onEveryEngine('corners of the operations', () => {
  test('padding `same` begins at the first voxel where the stride exceeds the filter', async () => {
    for (const [length, filter, stride, expected] of [
      [4, 1, 2, [0, 2]],
      [5, 1, 2, [0, 2, 4]],
      [7, 1, 3, [0, 3, 6]],
      [7, 2, 5, [1, 11]],
      [4, 3, 2, [3, 5]],
    ] as const) {
      const values = Array.from({length}, (_, n) => n);
      const x = tf.tensor(values, [1, length, 1, 1, 1]);
      const kernel = tf.ones([1, filter, 1, 1, 1, 1]);
      const y = convolve(x, kernel, null, {strides: [stride, 1, 1]});
      assert.deepEqual([...(await y.data())], expected, `${length}, ${filter}, ${stride}`);
      tf.dispose([x, kernel, y]);
    }
  });

  test('a field that does not change has no gradient of its l1 smoothness', async () => {
    for (const value of [0, 3]) {
      const gradient = tf.grad((field) => tf.sum(smoothness(field, 'l1')))(
        tf.fill([1, 3, 3, 3, 3], value),
      );
      assert.ok((await gradient.data()).every((one) => Math.abs(one) === 0));
      gradient.dispose();
    }
  });

  test('a field is not brought to a size without a voxel', () => {
    const field = tf.ones([1, 4, 4, 2, 3]);
    assert.throws(() => rescaleField(field, 0.25), {
      code: 'E_RANGE',
      message: /at least one voxel along every axis, got 0.25 for 4x4x2/,
    });
    field.dispose();
  });
});

test('places that no image has are not usable, in matrices and in files', () => {
  for (const value of [1e103, 1e18, 2e9, -1e300]) {
    assert.equal(Affine.translation([value, 0, 0]).isUsable, false);
    assert.equal(Affine.scaling([value, 1, 1]).isUsable, false);
  }
  assert.equal(Affine.scaling([1e-20, 1e-20, 1e-20]).isUsable, false);
  assert.equal(Affine.scaling([1e-3, 1e-3, 1e-3]).isUsable, true);
  const text = encodeItkAffine(Affine.translation([1e18, 0, 0]));
  assert.throws(() => affineOfText(text), {code: 'E_IO'});
});
