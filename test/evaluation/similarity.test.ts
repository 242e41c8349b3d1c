import assert from 'node:assert/strict';
import {test} from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import {compareImages} from '../../src/evaluation/similarity.js';
import type {Triple} from '../../src/geometry/triple.js';
import {lncc} from '../../src/ops/lncc.js';
import {Random} from '../../src/random.js';

const SHAPE: Triple = [9, 8, 7];
const VOXELS = 9 * 8 * 7;

function noise(seed: number): Float32Array {
  const random = new Random(seed);
  return Float32Array.from({length: VOXELS}, () => random.uniform());
}

test('an image is as like itself as can be', () => {
  const image = noise(1);
  const {ncc, mse, lncc: local, mi, voxels} = compareImages([image, image], {shape: SHAPE});
  assert.ok(ncc !== null && Math.abs(ncc - 1) < 1e-12);
  assert.equal(mse, 0);
  assert.ok(local !== null && Math.abs(local - 1) < 1e-9);
  assert.ok(mi !== null && mi > 2);
  assert.equal(voxels, VOXELS);
});

test('correlation and information do not see a change of brightness and contrast, the mean square does', () => {
  const [a, b] = [noise(1), noise(2)];
  const plain = compareImages([a, b], {shape: SHAPE});
  const changed = compareImages([a, b.map((value) => 40 + 8 * value)], {shape: SHAPE});
  assert.ok(Math.abs((plain.ncc ?? NaN) - (changed.ncc ?? NaN)) < 1e-6);
  assert.ok(Math.abs((plain.mi ?? NaN) - (changed.mi ?? NaN)) < 1e-2);
  assert.ok((changed.mse ?? 0) > 1000);
});

test('a constant image has no correlation, and tells nothing', () => {
  const found = compareImages([noise(1), new Float32Array(VOXELS).fill(3)], {shape: SHAPE});
  assert.equal(found.ncc, null);
  assert.equal(found.mi, 0);
});

test('voxels that are no numbers, or outside the mask, do not count', () => {
  const [a, b] = [noise(1), noise(2)];
  const mask = Uint8Array.from({length: VOXELS}, (_, n) => (n % 3 === 0 ? 0 : 1));
  const masked = compareImages([a, b], {shape: SHAPE}, {mask});
  const holed = compareImages([a.map((v, n) => (mask[n] === 0 ? NaN : v)), b], {shape: SHAPE});
  assert.deepEqual(holed, masked);
  assert.equal(
    masked.voxels,
    mask.reduce((sum, value) => sum + value, 0),
  );
  const nothing = compareImages([a, b], {shape: SHAPE}, {mask: new Uint8Array(VOXELS)});
  assert.deepEqual([nothing.ncc, nothing.mse, nothing.lncc, nothing.mi], [null, null, null, null]);
});

test('the local correlation is that of the loss where every window has contrast', async () => {
  await tf.setBackend('cpu');
  // Extremes of 0 and 1: what is scaled for the measure is then what the loss sees.
  const [a, b] = [noise(3), noise(4)].map((image) => {
    image[0] = 0;
    image[1] = 1;
    return image;
  });
  const {lncc: found} = compareImages([a, b], {shape: SHAPE}, {window: 5});
  // Of arrays with i fastest and with k fastest the windows are the same when the axes are named in the other order.
  const tensor = (data: Float32Array) => tf.tensor(data, [1, SHAPE[2], SHAPE[1], SHAPE[0], 1]);
  const [expected] = await tf.tidy(() => lncc(tensor(a), tensor(b), {window: 5})).data();
  assert.ok(found !== null && Math.abs(found - expected) < 1e-5, `${found} and ${expected}`);
});
