import assert from 'node:assert/strict';
import {test} from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import {integrateVelocity} from '../../src/ops/integrate.js';
import {jacobianDeterminant} from '../../src/ops/jacobian.js';
import {rescaleField} from '../../src/ops/rescale.js';
import {warpTensor} from '../../src/ops/warp.js';
import {onEveryEngine} from '../support/engines.js';
import {
  expectTensorClose,
  interior,
  randomTensor,
  smoothField,
  throwsCode,
} from '../support/tensors.js';

/** Linear interpolation reads one voxel outside a voxel's own; fields here move less than one more. */
const INTERIOR = 3;
/** float32 after some additions of numbers near 1. */
const ROUNDING = 1e-5;

/** The displacement of a second field followed by a first one: (id + first) o (id + second) - id. */
function compose(first: tf.Tensor, second: tf.Tensor): tf.Tensor {
  return tf.add(second, warpTensor(first as tf.Tensor5D, second as tf.Tensor5D));
}

onEveryEngine('warp', () => {
  for (const interpolation of ['linear', 'nearest'] as const) {
    test(`a zero displacement returns the image (${interpolation})`, () => {
      const image = randomTensor([2, 5, 4, 7, 3], 1);
      const moved = warpTensor(image, tf.zeros([2, 5, 4, 7, 3]), {interpolation});
      expectTensorClose(moved, image, 0);
    });
  }

  test('a displacement of one voxel along axis c brings the value from one voxel further along axis c', () => {
    for (const axis of [0, 1, 2]) {
      const image = randomTensor([1, 4, 5, 6, 1], 2 + axis);
      const shift = [0, 0, 0];
      shift[axis] = 1;
      const moved = warpTensor(image, tf.add(tf.zeros([1, 4, 5, 6, 3]), tf.tensor1d(shift)));
      const size = [1, 4, 5, 6, 1];
      size[axis + 1] -= 1;
      const from = [0, 0, 0, 0, 0];
      from[axis + 1] = 1;
      expectTensorClose(
        tf.slice(moved, [0, 0, 0, 0, 0], size),
        tf.slice(image, from, size),
        ROUNDING,
      );
    }
  });

  test('half a voxel gives the mean of two neighbours', () => {
    const image = tf.tensor5d([0, 2, 6], [1, 3, 1, 1, 1]);
    const displacement = tf.tensor5d([0.5, 0, 0, 0.5, 0, 0, 0, 0, 0], [1, 3, 1, 1, 3]);
    expectTensorClose(warpTensor(image, displacement), tf.tensor5d([1, 4, 6], [1, 3, 1, 1, 1]), 0);
  });

  test('outside, the edge is repeated or the fill value taken; exactly on the edge is inside', () => {
    const image = tf.tensor4d([1, 2, 3, 4], [1, 4, 1, 1]);
    const displacement = tf.tensor4d([-9, 0, 2, 0, 1, 0, 1, 0], [1, 4, 1, 2]);
    expectTensorClose(warpTensor(image, displacement), tf.tensor4d([1, 4, 4, 4], [1, 4, 1, 1]), 0);
    expectTensorClose(
      warpTensor(image, displacement, {fill: -1}),
      tf.tensor4d([-1, 4, 4, -1], [1, 4, 1, 1]),
      0,
    );
  });

  test('halves go to the even voxel with nearest', () => {
    const image = tf.tensor4d([0, 1, 2, 3], [1, 4, 1, 1]);
    const displacement = tf.tensor4d([0.5, 0, 0.5, 0, 0.5, 0, 0, 0], [1, 4, 1, 2]);
    const moved = warpTensor(image, displacement, {interpolation: 'nearest'});
    expectTensorClose(moved, tf.tensor4d([0, 2, 2, 3], [1, 4, 1, 1]), 0);
  });

  test('a planar warp is the volumetric one with one voxel along k', () => {
    const image = randomTensor([2, 6, 5, 2], 3);
    const field = randomTensor([2, 6, 5, 2], 4, 2);
    const deep = tf.pad(tf.expandDims(field, 3), [
      [0, 0],
      [0, 0],
      [0, 0],
      [0, 0],
      [0, 1],
    ]);
    const volumetric = warpTensor(tf.expandDims(image, 3), deep);
    expectTensorClose(tf.expandDims(warpTensor(image, field), 3), volumetric, 0);
  });

  test('a field of another rank or batch is refused', () => {
    throwsCode(
      'E_SHAPE',
      /displacement must have shape \[N, I, J, K, 3\], got \[1, 2, 2, 2, 2\]/,
      () => warpTensor(tf.zeros([1, 2, 2, 2, 1]), tf.zeros([1, 2, 2, 2, 2])),
    );
    throwsCode('E_SHAPE', /one batch size and rank/, () =>
      warpTensor(tf.zeros([2, 2, 2, 2, 1]), tf.zeros([1, 2, 2, 2, 3])),
    );
  });
});

onEveryEngine('integrate', () => {
  test('no step returns the velocity itself', () => {
    const velocity = randomTensor([1, 3, 4, 5, 3], 5);
    assert.equal(integrateVelocity(velocity, {steps: 0}), velocity);
  });

  test('a constant velocity integrates to itself', () => {
    const velocity = tf.add(tf.zeros([1, 5, 6, 7, 3]), tf.tensor1d([0.7, -1.2, 0.3]));
    expectTensorClose(integrateVelocity(velocity, {steps: 7}), velocity, ROUNDING);
  });

  test('exp(v) o exp(-v) is the identity in the interior', () => {
    const velocity = smoothField([16, 15, 14], 0.4);
    const forward = integrateVelocity(velocity, {steps: 7});
    const backward = integrateVelocity(tf.neg(velocity), {steps: 7});
    const round = interior(compose(forward, backward), INTERIOR);
    // Linear interpolation errs by an eighth of the second difference, here 0.07 along each of three axes.
    expectTensorClose(round, tf.zerosLike(round), 0.03);
  });

  test('more steps approach a limit: the change halves with every one', () => {
    const velocity = smoothField([16, 15, 14], 0.8);
    const fields = [3, 4, 5, 6].map((steps) => integrateVelocity(velocity, {steps}));
    const changes = fields
      .slice(1)
      .map((field, n) => tf.max(tf.abs(tf.sub(field, fields[n]))).dataSync()[0]);
    assert.ok(changes[1] < 0.7 * changes[0] && changes[2] < 0.7 * changes[1], changes.join(' '));
  });

  test('steps and channels are checked', () => {
    throwsCode('E_RANGE', /steps must be an integer of at least 0, got -1/, () =>
      integrateVelocity(tf.zeros([1, 2, 2, 2, 3]), {steps: -1}),
    );
    throwsCode(
      'E_SHAPE',
      /velocity must have shape \[N, I, J, K, 3\], got \[1, 64, 64, 64, 2\]/,
      () => integrateVelocity(tf.zeros([1, 64, 64, 64, 2]), {steps: 7}),
    );
  });
});

onEveryEngine('compose', () => {
  test('warping by a composition is warping twice, up to interpolation', () => {
    const image = smoothField([16, 15, 14], 1);
    const [first, second] = [
      smoothField([16, 15, 14], 0.9),
      tf.neg(smoothField([16, 15, 14], 0.5)),
    ];
    const twice = warpTensor(warpTensor(image, first), second);
    const once = warpTensor(image, compose(first, second));
    expectTensorClose(interior(once, INTERIOR), interior(twice, INTERIOR), 0.05);
  });
});

onEveryEngine('rescale', () => {
  test('a factor of one returns the field itself', () => {
    const field = randomTensor([1, 3, 4, 5, 3], 6);
    assert.equal(rescaleField(field, 1), field);
  });

  test('a constant field becomes the factor times as long, on a grid the factor times as fine', () => {
    const field = tf.add(tf.zeros([1, 4, 6, 5, 3]), tf.tensor1d([1, -2, 3]));
    const expected = tf.add(tf.zeros([1, 8, 12, 10, 3]), tf.tensor1d([2, -4, 6]));
    expectTensorClose(rescaleField(field, 2), expected, ROUNDING);
  });

  test('corners stay corners', () => {
    const field = randomTensor([1, 5, 3, 4, 3], 7);
    const scaled = rescaleField(field, 2);
    const corner = (tensor: tf.Tensor, at: number[]) =>
      tf.slice(tensor, [0, ...at, 0], [1, 1, 1, 1, 3]);
    expectTensorClose(corner(scaled, [0, 0, 0]), tf.mul(corner(field, [0, 0, 0]), 2), ROUNDING);
    expectTensorClose(corner(scaled, [9, 5, 7]), tf.mul(corner(field, [4, 2, 3]), 2), ROUNDING);
  });

  test('a factor that is no positive number is refused', () => {
    throwsCode('E_RANGE', /factor must be a positive number, got 0/, () =>
      rescaleField(tf.zeros([1, 2, 2, 2, 3]), 0),
    );
  });
});

onEveryEngine('jacobian', () => {
  test('stretching by a along every axis gives (1 + a)^3 everywhere', () => {
    const ramp = (axis: number) => {
      const shape = [1, 1, 1, 1];
      shape[axis + 1] = [4, 5, 6][axis];
      return tf.broadcastTo(
        tf.reshape(tf.mul(tf.range(0, shape[axis + 1]), 0.25), shape),
        [1, 4, 5, 6],
      );
    };
    const field = tf.stack([ramp(0), ramp(1), ramp(2)], 4);
    expectTensorClose(jacobianDeterminant(field), tf.fill([1, 4, 5, 6], 1.25 ** 3), ROUNDING);
  });

  test('the identity gives one, also with a single voxel along an axis', () => {
    for (const shape of [
      [1, 5, 3, 4],
      [1, 1, 6, 2],
      [1, 3, 1, 1],
    ]) {
      expectTensorClose(jacobianDeterminant(tf.zeros([...shape, 3])), tf.ones(shape), 0);
    }
  });

  test('folding gives a determinant of zero or less', () => {
    const field = tf.tensor4d([2, 0, -2, 0, 0, 0], [1, 3, 1, 2]);
    assert.ok(tf.min(jacobianDeterminant(field)).dataSync()[0] <= 0);
  });
});
