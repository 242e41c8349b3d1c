import assert from 'node:assert/strict';
import {test} from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import {lnccLoss, mseLoss} from '../../src/losses/similarity.js';
import {architectureSchema} from '../../src/models/architecture.js';
import {RegistrationNetwork} from '../../src/models/registration-network.js';
import {convolvePooled} from '../../src/ops/convolve-pooled.js';
import {convolve, convolveJoined} from '../../src/ops/convolve.js';
import {dense} from '../../src/ops/dense.js';
import {maxPool} from '../../src/ops/max-pool.js';
import {lncc} from '../../src/ops/lncc.js';
import {meanPool} from '../../src/ops/mean-pool.js';
import {smoothness} from '../../src/ops/smoothness.js';
import {memberships} from '../../src/ops/memberships.js';
import {overlaps} from '../../src/ops/overlaps.js';
import {squaredError} from '../../src/ops/squared-error.js';
import {upsample} from '../../src/ops/upsample.js';
import {onEveryEngine} from '../support/engines.js';
import {expectTensorClose, randomTensor, throwsCode} from '../support/tensors.js';

/** float32 sums of a few hundred products of numbers near 1. */
const SUMS = 1e-4;

/** Change a network's flow layer from nothing to something that is seen. */
function wakeFlow(network: RegistrationNetwork): void {
  const flow = network.weights.get('flow/kernel')!;
  flow.assign(tf.mul(flow, 3e4));
}

const SMALL = architectureSchema.parse({
  hypernetwork: {layers: 2, units: 16},
  unet: {encoder: [4, 4], decoder: [4, 4, 4]},
});

onEveryEngine('convolve', () => {
  test('a kernel of one tap in its centre copies a channel', () => {
    const x = randomTensor([2, 4, 5, 3, 2], 1);
    const kernel = tf.buffer([1, 3, 3, 3, 2, 2]);
    kernel.set(1, 0, 1, 1, 1, 0, 1);
    kernel.set(1, 0, 1, 1, 1, 1, 0);
    const y = convolve(x, kernel.toTensor(), null);
    expectTensorClose(y, tf.reverse(x, 4), 0);
  });

  test('it is correlation: the tap after the centre reads the voxel after', () => {
    const x = randomTensor([1, 4, 1, 1, 1], 2);
    const y = convolve(x, tf.tensor([0, 0, 1], [1, 3, 1, 1, 1, 1]), null);
    expectTensorClose(
      tf.slice(y, [0, 0, 0, 0, 0], [1, 3, 1, 1, 1]),
      tf.slice(x, [0, 1, 0, 0, 0], [1, 3, 1, 1, 1]),
      0,
    );
  });

  test('each item meets its own kernel and bias', () => {
    const x = randomTensor([3, 5, 4, 6, 2], 3);
    const kernel = randomTensor([3, 3, 3, 3, 2, 5], 4);
    const bias = randomTensor([3, 5], 5) as tf.Tensor2D;
    const together = convolve(x, kernel, bias, {activation: 'leakyRelu'});
    const apart = [0, 1, 2].map((n) =>
      convolve(
        tf.slice(x, [n, 0, 0, 0, 0], [1, 5, 4, 6, 2]),
        tf.gather(kernel, [n]),
        tf.gather(bias, [n]),
        {activation: 'leakyRelu'},
      ),
    );
    expectTensorClose(together, tf.concat(apart), SUMS);
  });

  test('the joined convolution is the convolution of the joined image', () => {
    const coarse = randomTensor([2, 3, 2, 4, 3], 6);
    const skip = randomTensor([2, 6, 4, 8, 2], 7);
    const kernel = randomTensor([1, 3, 3, 3, 5, 4], 8);
    const bias = randomTensor([1, 4], 9) as tf.Tensor2D;
    const joined = tf.concat([upsample(coarse, [2, 2, 2]), skip], 4);
    expectTensorClose(
      convolveJoined(coarse, skip, kernel, bias, 'leakyRelu'),
      convolve(joined, kernel, bias, {activation: 'leakyRelu'}),
      SUMS,
    );
  });

  test('the pooled convolution is the pool of the convolution, number by number', () => {
    const cases: {x: number[]; kernel: number[]}[] = [
      {x: [1, 4, 6, 8, 2], kernel: [1, 3, 3, 3, 2, 16]},
      {x: [2, 5, 19, 7, 3], kernel: [2, 3, 3, 3, 3, 5]},
      {x: [1, 37, 3, 4, 1], kernel: [1, 3, 3, 3, 1, 9]},
      {x: [2, 6, 5, 9, 16], kernel: [2, 3, 3, 3, 16, 24]}, // by Winograd's algorithm where the engine has it
      {x: [1, 9, 21, 4], kernel: [1, 3, 3, 4, 6]},
    ];
    for (const [n, shapes] of cases.entries()) {
      const x = randomTensor(shapes.x, 10 * n);
      const kernel = randomTensor(shapes.kernel, 10 * n + 1);
      const outputs = shapes.kernel[shapes.kernel.length - 1];
      const bias = randomTensor([shapes.kernel[0], outputs], 10 * n + 2) as tf.Tensor2D;
      expectTensorClose(
        convolvePooled(x, kernel, bias, 'leakyRelu'),
        maxPool(convolve(x, kernel, bias, {activation: 'leakyRelu'})),
        0,
      );
    }
  });

  test('the gradient of the pooled convolution is that of the two', () => {
    const x = randomTensor([1, 4, 5, 6, 2], 1);
    const kernel = randomTensor([1, 3, 3, 3, 2, 4], 2);
    const gradient = (pooled: (x: tf.Tensor, kernel: tf.Tensor) => tf.Tensor) =>
      tf.grads((...args: tf.Tensor[]) => tf.sum(tf.square(pooled(args[0], args[1]))))([x, kernel]);
    const actual = gradient((image, filter) => convolvePooled(image, filter, null, 'leakyRelu'));
    const expected = gradient((image, filter) =>
      maxPool(convolve(image, filter, null, {activation: 'leakyRelu'})),
    );
    actual.forEach((tensor, n) => expectTensorClose(tensor, expected[n], 0));
  });

  test('kernels that do not fit are refused by their shapes', () => {
    throwsCode(
      'E_SHAPE',
      /kernel must have shape \[B, FI, FJ, FK, 2, O\], got \[1, 3, 3, 3, 3, 4\]/,
      () => convolve(tf.zeros([1, 4, 4, 4, 2]), tf.zeros([1, 3, 3, 3, 3, 4]), null),
    );
    throwsCode('E_SHAPE', /number of kernels must be 1 or the batch size 3, got 2/, () =>
      convolve(tf.zeros([3, 4, 4, 4, 2]), tf.zeros([2, 3, 3, 3, 2, 4]), null),
    );
    throwsCode('E_SHAPE', /number of kernels must be 1 or the batch size 3, got 2/, () =>
      convolvePooled(tf.zeros([3, 4, 4, 4, 2]), tf.zeros([2, 3, 3, 3, 2, 4]), null),
    );
    throwsCode('E_RANGE', /strides or dilations must be 1/, () =>
      convolve(tf.zeros([1, 4, 4, 4, 2]), tf.zeros([1, 3, 3, 3, 2, 4]), null, {
        strides: 2,
        dilations: 2,
      }),
    );
  });
});

onEveryEngine('pool and upsample', () => {
  test('the mean of boxes undoes up-sampling, and is the mean of what lies beside each other', () => {
    for (const shape of [
      [2, 3, 4, 5, 3],
      [2, 3, 4, 2],
    ]) {
      const x = randomTensor(shape, 12);
      const factors = shape.slice(1, -1).map(() => 4);
      expectTensorClose(meanPool(upsample(x, factors), 4), x, 1e-6);
    }
    const row = tf.tensor([1, 3, 5, 6], [1, 4, 1, 1]);
    const doubled = tf.concat([row, row], 2);
    assert.deepEqual([...meanPool(doubled, 2).dataSync()], [2, 5.5]);
  });

  test('pooling undoes up-sampling', () => {
    const x = randomTensor([2, 3, 4, 5, 3], 10);
    expectTensorClose(maxPool(upsample(x, [2, 2, 2])), x, 0);
  });

  test('the gradient of pooling goes to one voxel of each window, the first in a tie', () => {
    const gradient = tf.grad((x: tf.Tensor) => tf.sum(maxPool(x)))(tf.ones([1, 4, 2, 4, 1]));
    const expected = tf.buffer([1, 4, 2, 4, 1]);
    for (const i of [0, 2]) for (const k of [0, 2]) expected.set(1, 0, i, 0, k, 0);
    expectTensorClose(gradient, expected.toTensor(), 0);
  });

  test('an odd size leaves its last voxels out, and they get no gradient', () => {
    const x = randomTensor([1, 3, 5, 2, 2], 11);
    assert.deepEqual(maxPool(x).shape, [1, 1, 2, 1, 2]);
    const gradient = tf.grad((y: tf.Tensor) => tf.sum(maxPool(y)))(x);
    assert.equal(tf.sum(gradient).dataSync()[0], 4);
  });
});

onEveryEngine('dense', () => {
  test('it is activation(x · kernel + bias)', () => {
    const [x, kernel] = [randomTensor([3, 5], 12), randomTensor([5, 70], 13)] as tf.Tensor2D[];
    const bias = randomTensor([70], 14) as tf.Tensor1D;
    const expected = tf.relu(tf.add(tf.matMul(x, kernel), bias));
    expectTensorClose(dense(x, kernel, bias, 'relu'), expected, ROUNDING_OF_FIVE);
  });
});

/** Five products in float32. */
const ROUNDING_OF_FIVE = 2e-6;

onEveryEngine('losses', () => {
  test('identical images have no squared error and a local correlation of one', () => {
    const image = randomTensor([2, 12, 11, 10, 1], 15);
    expectTensorClose(squaredError(image, image), tf.zeros([2]), 0);
    expectTensorClose(lncc(image, image), tf.ones([2]), 1e-5);
  });

  test('memberships sum to one, do not see what is added to all, and are sure of what stands out', () => {
    const x = randomTensor([2, 3, 4, 5, 3], 29);
    const found = memberships(x);
    expectTensorClose(tf.sum(found, -1), tf.ones([2, 3, 4, 5]), 1e-6);
    expectTensorClose(memberships(tf.add(x, 3)), found, 1e-6);
    expectTensorClose(memberships(tf.tensor2d([[0, 1000]])), tf.tensor2d([[0, 1]]), 0);
  });

  test('the overlap of a label with itself is one, with nothing zero, and zero where there is none', () => {
    const map = tf.tensor4d([1, 0, 0, 1, 0, 0, 0, 0, 0], [1, 3, 1, 3]);
    expectTensorClose(overlaps(map, map), tf.tensor2d([[1, 0, 0]]), 0);
    expectTensorClose(overlaps(map, tf.zerosLike(map)), tf.zeros([1, 3]), 0);
  });

  test('local correlation does not see a change of contrast, away from the border', () => {
    const image = randomTensor([1, 12, 11, 10, 1], 16);
    const other = randomTensor([1, 12, 11, 10, 1], 17);
    expectTensorClose(lncc(tf.mul(image, 3), other), lncc(image, other), 1e-4);
  });

  test('local correlation stays within [0, 1], flat images included', () => {
    for (const image of [
      tf.zeros([1, 9, 9, 9, 1]),
      tf.fill([1, 9, 9, 9, 1], 7),
      randomTensor([1, 9, 9, 9, 1], 18),
    ]) {
      const value = lncc(image, randomTensor([1, 9, 9, 9, 1], 19)).dataSync()[0];
      assert.ok(value >= 0 && value <= 1 + 1e-5, String(value));
    }
  });

  test('the error over sigma squared: sigma 0.05 counts four hundred times', () => {
    const [a, b] = [randomTensor([2, 4, 4, 4, 1], 20), randomTensor([2, 4, 4, 4, 1], 21)];
    expectTensorClose(mseLoss(0.05)(a, b), tf.mul(mseLoss(1)(a, b), 400), 1e-2);
    throwsCode('E_RANGE', /sigma must be above 0, got 0/, () => mseLoss(0));
  });

  test('a ramp of slope s along one of three axes has a smoothness penalty of a third of s^2 on its channel', () => {
    const ramp = tf.broadcastTo(
      tf.reshape(tf.mul(tf.range(0, 6), 0.5), [1, 6, 1, 1, 1]),
      [1, 6, 5, 4, 1],
    );
    const field = tf.pad(ramp, [
      [0, 0],
      [0, 0],
      [0, 0],
      [0, 0],
      [0, 2],
    ]);
    expectTensorClose(smoothness(field, 'l2'), tf.tensor1d([0.25 / 3 / 3]), 1e-6);
    expectTensorClose(smoothness(field, 'l1'), tf.tensor1d([0.5 / 3 / 3]), 1e-6);
  });
});

onEveryEngine('network', () => {
  test('lambda 0 and 1 give different fields from the same weights, and a batch gives what each gives alone', () => {
    const network = RegistrationNetwork.create(SMALL, {seed: 3});
    wakeFlow(network);
    const [moving, fixed] = [
      randomTensor([1, 8, 12, 8, 1], 22),
      randomTensor([1, 8, 12, 8, 1], 23),
    ];
    const [zero, one] = [0, 1].map((lambda) =>
      network.predict({moving, fixed, hyperparameters: tf.tensor2d([[lambda]])}),
    );
    const both = network.predict({
      moving: tf.concat([moving, moving]),
      fixed: tf.concat([fixed, fixed]),
      hyperparameters: tf.tensor2d([[0], [1]]),
    });
    expectTensorClose(both.displacement, tf.concat([zero.displacement, one.displacement]), SUMS);
    const difference = tf.max(tf.abs(tf.sub(zero.displacement, one.displacement))).dataSync()[0];
    assert.ok(difference > 1e-3, `fields differ by ${difference}`);
    network.dispose();
  });

  test('a network that has not learned moves almost nothing', () => {
    const network = RegistrationNetwork.create(SMALL, {seed: 4});
    const image = randomTensor([1, 8, 8, 8, 1], 24);
    const {displacement} = network.predict({
      moving: image,
      fixed: image,
      hyperparameters: tf.tensor2d([[0.5]]),
    });
    assert.ok(tf.max(tf.abs(displacement)).dataSync()[0] < 1e-3);
    network.dispose();
  });

  test('a prediction leaves nothing behind but what it returns', () => {
    const network = RegistrationNetwork.create(SMALL, {seed: 5});
    const image = randomTensor([1, 8, 8, 8, 1], 25);
    const hyperparameters = tf.tensor2d([[0.5]]);
    const before = tf.memory().numTensors;
    for (let n = 0; n < 3; n++)
      tf.dispose({...network.predict({moving: image, fixed: image, hyperparameters})});
    assert.equal(tf.memory().numTensors, before);
    network.dispose();
  });

  test('gradients reach every weight', () => {
    const network = RegistrationNetwork.create(SMALL, {seed: 6});
    wakeFlow(network);
    const [moving, fixed] = [randomTensor([1, 8, 8, 8, 1], 26), randomTensor([1, 8, 8, 8, 1], 27)];
    const variables = [...network.weights.values()];
    const {grads} = tf.variableGrads(() => {
      const {moved} = network.predict({moving, fixed, hyperparameters: tf.tensor2d([[0.5]])});
      return tf.sum(lnccLoss({window: 5})(fixed, moved));
    }, variables);
    const silent = [...network.weights].filter(
      ([, weight]) => tf.max(tf.abs(grads[weight.name])).dataSync()[0] === 0,
    );
    assert.deepEqual(
      silent.map(([name]) => name),
      [],
    );
    network.dispose();
  });
});
