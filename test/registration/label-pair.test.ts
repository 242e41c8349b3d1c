import '@tensorflow/tfjs-backend-cpu';
import assert from 'node:assert/strict';
import {test} from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import {Affine} from '../../src/geometry/affine.js';
import {countVoxels, type Grid} from '../../src/geometry/grid.js';
import type {Triple} from '../../src/geometry/triple.js';
import {PORTABLE} from '../../src/kernels/voxel-operation.js';
import {lanesFor} from '../../src/optimisers/refinement/level.js';
import {labelPair} from '../../src/registration/label-pair.js';
import type {PairWithNetwork} from '../../src/registration/prepare.js';
import {StageLog} from '../../src/registration/stages.js';
import {fakeNetwork} from '../support/fake-network.js';
import {centredAffine, obliqueAffine} from '../support/volumes.js';

/** A pair on a network's grid, [I, J, K] in tensor order, and a labeller of one label, which divides by two. */
function pairOn(
  network: Grid,
  fixed: Grid,
  images: {readonly fixed: Float32Array; readonly moving: Float32Array},
  {dimensions = 3}: {readonly dimensions?: 2 | 3} = {},
) {
  const asked: number[] = [];
  const fake = fakeNetwork(() => [0, 0, 0], {
    dimensions,
    labelAt: (value) => (value > 0.5 ? 1 : 0),
  });
  const labeller = {
    ...fake,
    predictLogOdds(image: tf.Tensor) {
      asked.push(image.size);
      return fake.predictLogOdds!(image);
    },
  };
  const pair = {
    geometry: {network, fixed},
    model: {network: labeller},
    conformed: images,
  } as unknown as PairWithNetwork;
  return {pair, asked};
}

const at = (shape: Triple): Grid => ({
  shape,
  affine: centredAffine(Affine.identity, shape, [0, 0, 0]),
});
const filled = (shape: Triple, value: (index: Triple) => number) => {
  const image = new Float32Array(countVoxels(shape));
  let n = 0;
  for (let i = 0; i < shape[0]; i++) {
    for (let j = 0; j < shape[1]; j++) {
      for (let k = 0; k < shape[2]; k++) image[n++] = value([i, j, k]);
    }
  }
  return image;
};

const label = (pair: PairWithNetwork) =>
  labelPair(pair, {engine: PORTABLE, stages: new StageLog()});

test('labels are told where the fixed image lies, each image its own', async () => {
  const shape: Triple = [8, 12, 8];
  const fixed = filled(shape, ([i]) => i / 8);
  const moving = filled(shape, ([, j]) => j / 12);
  const {pair, asked} = pairOn(at(shape), at([6, 7, 8]), {fixed, moving});
  const {labels, summary} = (await label(pair))!;
  // Sizes that the labeller can divide.
  assert.deepEqual(asked, [6 * 8 * 8, 6 * 8 * 8]);
  assert.deepEqual([labels.count, summary.count, labels.weight], [1, 1, 0.5]);
  assert.deepEqual(labels.shape, [6, 7, 8]);
  const lanes = lanesFor(1);
  for (const [i, j, k] of [
    [0, 0, 0],
    [3, 1, 4],
    [5, 6, 7],
  ]) {
    const n = lanes * ((i * 7 + j) * 8 + k);
    assert.equal(labels.fixed[n], (i + 1) / 8 > 0.5 ? 1 : 0);
    // Half a voxel between the two grids.
    const [below, above] = [j + 2, j + 3].map((at) => (at / 12 > 0.5 ? 1 : 0));
    assert.equal(labels.moving[n], (below + above) / 2);
  }
});

test('a turned image is covered whole', async () => {
  const network = at([32, 32, 32]);
  const shape: Triple = [9, 14, 6];
  const fixed = {
    shape,
    affine: centredAffine(obliqueAffine([20, -30, 40], [1, 1.2, 1.5]), shape, [1, 2, 0]),
  };
  const image = new Float32Array(32 ** 3).fill(1);
  const {pair, asked} = pairOn(network, fixed, {fixed: image, moving: image});
  const {labels} = (await label(pair))!;
  assert.ok(asked[0] < 32 ** 3);
  // Each of its voxels has been told to be a label.
  const lanes = lanesFor(1);
  assert.deepEqual(labels.shape, shape);
  assert.ok(labels.fixed.every((share, n) => n % lanes > 0 || share > 0.999));
});

test('labels are the same where an engine lets them be read in place, and no tensor is left', async () => {
  const shape: Triple = [8, 8, 8];
  const image = filled(shape, ([i]) => i / 8);
  const {pair} = pairOn(at(shape), at(shape), {fixed: image, moving: image});
  const before = tf.memory().numTensors;
  const expected = await label(pair);
  const valuesInPlace = (tensor: tf.Tensor) => tensor.dataSync() as Float32Array;
  const engine = {...PORTABLE, valuesInPlace};
  assert.deepEqual(await labelPair(pair, {engine, stages: new StageLog()}), expected);
  assert.equal(tf.memory().numTensors, before);
});

test('a two-dimensional labeller tells the labels of a slice', async () => {
  const shape: Triple = [8, 6, 1];
  const image = filled(shape, ([i]) => i / 8);
  const {pair} = pairOn(at(shape), at(shape), {fixed: image, moving: image}, {dimensions: 2});
  const {labels} = (await label(pair))!;
  assert.deepEqual(labels.shape, shape);
  image.forEach((value, n) => assert.equal(labels.fixed[lanesFor(1) * n], value > 0.5 ? 1 : 0));
});

const LARGE: Triple = [96, 96, 112];
/** A cube about a place away from the middle. */
const cube = ([x, y, z]: Triple) =>
  filled(LARGE, (index) =>
    index.every((value, axis) => Math.abs(value - [x, y, z][axis]) <= 8) ? 1 : 0,
  );

test('of a large image the middle is looked at first, and no more where it is not recognised', async () => {
  const network = at(LARGE);
  const {pair, asked} = pairOn(network, network, {
    fixed: cube([30, 40, 60]),
    moving: cube([60, 70, 30]),
  });
  const {labels, summary} = (await label(pair))!;
  assert.deepEqual(asked, [48 ** 3, 48 ** 3]);
  assert.equal(summary.areUsed, false);
  // The whole cube was in it: it lies about the centre of mass.
  assert.equal(
    labels.fixed.reduce((sum, share) => sum + share, 0),
    17 ** 3,
  );
});

test('where the middle is recognised all of it is labelled; of a small image at once', async () => {
  const image = cube([40, 40, 60]);
  const {pair, asked} = pairOn(at(LARGE), at(LARGE), {fixed: image, moving: image});
  const told = await label(pair);
  assert.equal(told!.summary.areUsed, true);
  assert.deepEqual(asked, [48 ** 3, 48 ** 3, image.length, image.length]);
  const small = at([64, 96, 112]);
  const part = filled(small.shape, () => 0);
  const other = pairOn(small, small, {fixed: part, moving: part});
  await label(other.pair);
  assert.deepEqual(other.asked, [part.length, part.length]);
});

test('no labels without a labeller', async () => {
  const shape: Triple = [4, 4, 4];
  const image = new Float32Array(64);
  const pair = {
    geometry: {network: at(shape), fixed: at(shape)},
    model: {network: fakeNetwork(() => [0, 0, 0])},
    conformed: {fixed: image, moving: image},
  } as unknown as PairWithNetwork;
  assert.equal(await label(pair), null);
});
