import {test as skippedTest} from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import {crossEntropy} from '../../../src/ops/cross-entropy.js';
import {dense} from '../../../src/ops/dense.js';
import {integrateVelocity} from '../../../src/ops/integrate.js';
import {jacobianDeterminant} from '../../../src/ops/jacobian.js';
import {lncc} from '../../../src/ops/lncc.js';
import {maxPool} from '../../../src/ops/max-pool.js';
import {memberships} from '../../../src/ops/memberships.js';
import {overlaps} from '../../../src/ops/overlaps.js';
import {rescaleField} from '../../../src/ops/rescale.js';
import {smoothness} from '../../../src/ops/smoothness.js';
import {squaredError} from '../../../src/ops/squared-error.js';
import {upsample} from '../../../src/ops/upsample.js';
import {warpTensor, type WarpOptions} from '../../../src/ops/warp.js';
import {describe, test, testedIsas} from '../../support/native.js';
import {
  assertLikePortable,
  assertSameForAllThreads,
  draw,
  type KernelCase,
} from './kernel-cases.js';

// Around the widths of the vectors (4, 8, 16), odd, not cubic, one voxel, and longer than a block of a warp (128).
const SIZES: readonly (readonly [number, number, number])[] = [
  [2, 3, 7],
  [3, 2, 8],
  [2, 2, 9],
  [3, 5, 15],
  [2, 3, 16],
  [3, 3, 17],
  [5, 1, 4],
  [1, 6, 5],
  [19, 4, 3],
  [2, 2, 131],
];

function warpCase(
  name: string,
  image: readonly number[],
  field: readonly number[],
  options: WarpOptions,
  by: readonly number[] = [0, 1],
): KernelCase {
  return {
    name,
    inputs: [draw(image, 1), draw(field, 2, -2.5, 2.5)],
    run: (x, u) => warpTensor(x, u, options),
    by,
    tolerance: 4e-6,
  };
}

const warps: KernelCase[] = [
  ...SIZES.flatMap((size) =>
    [1, 2, 3].map((channels) =>
      warpCase(
        `warp of ${channels} channels, ${size.join('x')}`,
        [1, ...size, channels],
        [1, ...size, 3],
        {},
      ),
    ),
  ),
  warpCase('warp with another image size', [2, 4, 9, 6, 1], [2, 5, 3, 8, 3], {}),
  warpCase('warp with a fill', [1, 5, 6, 7, 1], [1, 5, 6, 7, 3], {fill: 0.5}),
  warpCase('warp of vectors with a fill', [1, 5, 6, 7, 3], [1, 5, 6, 7, 3], {fill: 0}),
  warpCase('warp of a plane', [2, 9, 17, 1], [2, 9, 17, 2], {}),
  warpCase('warp of a plane of two channels', [1, 6, 5, 2], [1, 7, 5, 2], {fill: 2}),
  warpCase(
    'nearest warp',
    [1, 5, 6, 7, 2],
    [1, 4, 6, 9, 3],
    {interpolation: 'nearest', fill: 3},
    [0],
  ),
  warpCase('nearest warp of a plane', [1, 5, 6, 1], [1, 5, 6, 2], {interpolation: 'nearest'}, [0]),
];

const fields: KernelCase[] = [
  ...SIZES.map((size) => ({
    name: `integration, ${size.join('x')}`,
    inputs: [draw([1, ...size, 3], 3, -3, 3)],
    run: (v: tf.Tensor) => integrateVelocity(v, {steps: 3}),
    tolerance: 1e-5, // several steps, each with rounded positions
  })),
  {
    name: 'integration of planes',
    inputs: [draw([2, 7, 18, 2], 3, -3, 3)],
    run: (v) => integrateVelocity(v, {steps: 4}),
    tolerance: 1e-5,
  },
  ...[2, 0.5, 1.5].flatMap((factor) =>
    [
      [1, 6, 4, 9, 3],
      [2, 2, 5, 3, 3],
      [1, 4, 2, 20, 3],
      [2, 6, 10, 2],
      [1, 4, 2, 2, 3],
    ].map((shape) => ({
      name: `rescaling by ${factor}, ${shape.join('x')}`,
      inputs: [draw(shape, 4)],
      run: (field: tf.Tensor) => rescaleField(field, factor),
    })),
  ),
  ...[
    [1, 5, 4, 6, 3],
    [2, 3, 2, 1, 3],
    [1, 1, 3, 18, 3],
    [2, 5, 6, 2],
  ].map((shape) => ({
    name: `Jacobian determinant, ${shape.join('x')}`,
    inputs: [draw(shape, 5)],
    run: jacobianDeterminant,
  })),
];

const pools: KernelCase[] = [1, 3, 8, 16, 17, 32].flatMap((channels) =>
  [
    [1, 4, 6, 8],
    [2, 5, 3, 7],
    [1, 2, 9],
  ].flatMap((size): KernelCase[] => [
    {
      name: `max pooling, ${size.join('x')}x${channels}`,
      inputs: [draw([...size, channels], 6)],
      run: maxPool,
    },
    {
      name: `up-sampling, ${size.join('x')}x${channels}`,
      inputs: [draw([...size, channels], 7)],
      run: (x) => upsample(x, [2, 3, 2].slice(0, size.length - 1)),
    },
  ]),
);

const losses: KernelCase[] = [
  ...[
    [1, 5, 6, 7, 1],
    [2, 1, 1, 1, 1],
    [3, 9, 17, 1],
    [1, 41, 43, 39, 1],
  ].map((shape) => ({
    name: `squared error, ${shape.join('x')}`,
    inputs: [draw(shape, 8), draw(shape, 9)],
    run: squaredError,
  })),
  ...(['l1', 'l2'] as const).flatMap((penalty) =>
    [
      [1, 5, 6, 7, 3],
      [2, 2, 3, 17, 3],
      [2, 9, 17, 2],
    ].map((shape) => ({
      name: `smoothness ${penalty}, ${shape.join('x')}`,
      inputs: [draw(shape, 10)],
      run: (field: tf.Tensor) => smoothness(field, penalty),
    })),
  ),
  ...[false, true].flatMap((signed) =>
    [
      {shape: [1, 9, 8, 17, 1], window: 3},
      {shape: [2, 5, 7, 6, 1], window: 9},
      {shape: [1, 10, 33, 9, 1], window: [2, 4, 5]},
      {shape: [2, 12, 19, 1], window: 5},
      {shape: [1, 7, 6, 5, 1], window: 1},
    ].map(({shape, window}) => ({
      name: `local correlation${signed ? ', signed' : ''}, window ${String(window)}, ${shape.join('x')}`,
      inputs: [draw(shape, 11, 0, 1), draw(shape, 12, 0, 1)],
      run: (fixed: tf.Tensor, moved: tf.Tensor) => lncc(fixed, moved, {window, signed}),
      tolerance: 2e-5, // the portable sums are float32
    })),
  ),
];

// Longer than a chunk (16384 voxels), several items, one label.
const labels: KernelCase[] = [
  [1, 5, 6, 7, 3],
  [2, 3, 4, 5, 1],
  [2, 131, 127, 4],
].flatMap((shape): KernelCase[] => [
  {
    name: `memberships, ${shape.join('x')}`,
    inputs: [draw(shape, 21, -5, 5)],
    run: memberships,
  },
  {
    name: `overlaps, ${shape.join('x')}`,
    inputs: [draw(shape, 22, 0, 1), draw(shape, 23, 0, 1)],
    run: overlaps,
  },
  {
    name: `cross-entropy, ${shape.join('x')}`,
    inputs: [draw(shape, 24, -5, 5), draw(shape, 25, 0, 1)],
    run: (x: tf.Tensor, wanted: tf.Tensor) => crossEntropy(x, memberships(wanted)),
    by: [0],
  },
]);

const denseCases: KernelCase[] = (['linear', 'relu', 'leakyRelu'] as const).flatMap((activation) =>
  [
    [1, 4, 7],
    [2, 9, 33],
    [3, 1, 1],
    [1, 5, 2500],
  ].map(([n, inputs, outputs]) => ({
    name: `dense ${activation}, ${n}x${inputs} -> ${outputs}`,
    inputs: [draw([n, inputs], 13), draw([inputs, outputs], 14), draw([outputs], 15)],
    run: (x: tf.Tensor, kernel: tf.Tensor, bias: tf.Tensor) =>
      dense(x as tf.Tensor2D, kernel as tf.Tensor2D, bias as tf.Tensor1D, activation),
  })),
);

const arithmetic: KernelCase[] = [1, 15, 16, 17, 70000].flatMap((size): KernelCase[] => [
  {
    name: `sums and products of ${size} numbers`,
    inputs: [draw([size], 16), draw([size], 17)],
    run: (a, b) => tf.addN([tf.mul(a, b), tf.sub(a, b), tf.neg(b), tf.mul(a, 0.3)]),
  },
  {
    name: `numbers beside ${size} numbers`,
    inputs: [draw([size], 18)],
    run: (a) => tf.add(tf.sub(1, a), tf.sub(tf.mul(2, a), 0.25)),
  },
]);

const joins: KernelCase[] = [
  {
    name: 'two images of one channel',
    inputs: [draw([1, 3, 4, 5, 1], 19), draw([1, 3, 4, 5, 1], 20)],
    run: (a, b) => tf.concat([a, b], -1),
  },
  {
    name: 'blocks along an axis in the middle',
    inputs: [draw([2, 3, 4], 19), draw([2, 5, 4], 20)],
    run: (a, b) => tf.concat([a, b], 1),
  },
];

/** Each slice is padded back around, so that the gradient of one is the other. */
const boxes: KernelCase[] = [
  {shape: [7], begin: [2], size: [3]},
  {shape: [5, 1], begin: [0, 0], size: [5, 1]},
  {shape: [3, 4, 6], begin: [1, 0, 2], size: [2, 4, 3]},
  {shape: [2, 3, 4, 17, 3], begin: [0, 1, 0, 1, 0], size: [2, 2, 4, 16, 2]},
  {shape: [2, 1, 3, 1, 2, 5], begin: [1, 0, 0, 0, 1, 4], size: [1, 1, 3, 1, 1, 1]},
].map(({shape, begin, size}) => ({
  name: `a box of ${size.join('x')} in ${shape.join('x')}`,
  inputs: [draw(shape, 21)],
  run: (x) => {
    const paddings = begin.map((before, axis): [number, number] => [before, axis]);
    return tf.pad(tf.slice(x, begin, size), paddings, 0.5);
  },
}));

const groups = {warps, fields, pools, losses, labels, dense: denseCases, arithmetic, joins, boxes};

for (const [group, cases] of Object.entries(groups)) {
  describe(`native ${group}`, () => {
    for (const {isa, supported} of testedIsas()) {
      const title = `agree with the portable operations, forward and backward, on ${isa}`;
      if (!supported) {
        skippedTest(title, {skip: `this processor has no ${isa}`}, () => undefined);
        continue;
      }
      test(title, async () => {
        for (const one of cases) await assertLikePortable(one, isa);
      });
    }
    test('give the same bits for every number of threads', async () => {
      for (const one of cases) await assertSameForAllThreads(one);
    });
  });
}
