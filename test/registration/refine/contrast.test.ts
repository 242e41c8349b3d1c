import assert from 'node:assert/strict';
import {VOXEL_KERNELS} from '../../../src/engines/native/kernels/index.js';
import type {Triple} from '../../../src/geometry/triple.js';
import {runnerOn} from '../../../src/kernels/voxel-operation.js';
import {contrastOf} from '../../../src/registration/refine/contrast.js';
import type {RefinementPair} from '../../../src/registration/refine/pair.js';
import {seededRandom} from '../../support/random.js';
import {test, testedAddon} from '../../support/native.js';

const engine = runnerOn(testedAddon(), VOXEL_KERNELS);
const SHAPE: Triple = [24, 20, 28];
const voxels = SHAPE[0] * SHAPE[1] * SHAPE[2];
const random = seededRandom(3);
const WAVES = Array.from({length: 12}, () => [
  random() / 2,
  random() / 2,
  random() / 2,
  6 * random(),
]);

/** Smooth waves from 0 to 1. */
function wavy(at: (n: number, value: number) => number = (_, value) => value): Float32Array {
  return Float32Array.from({length: voxels}, (_, n) => {
    const [i, j, k] = [
      Math.floor(n / (SHAPE[1] * SHAPE[2])),
      Math.floor(n / SHAPE[2]) % SHAPE[1],
      n % SHAPE[2],
    ];
    const sum = WAVES.reduce((all, [a, b, c, d]) => all + Math.sin(a * i + b * j + c * k + d), 0);
    return at(n, 0.5 + sum / 14);
  });
}

const pairOf = (moving: Float32Array, fixed = wavy()): RefinementPair => ({
  ...{shape: SHAPE, spacing: [1, 1, 1], fixed, moving},
});
const agreementOf = (moving: Float32Array) => contrastOf(pairOf(moving), engine).agreement!;
const half = (n: number) => n % voxels < voxels / 2;

test('an image goes together with itself, brightened or dimmed, and against its negative', () => {
  for (const factor of [1, 0.4, 2]) {
    assert.ok(agreementOf(wavy((_, value) => factor * value + 0.1)) > 0.999);
    assert.ok(agreementOf(wavy((_, value) => 1 - factor * value)) < -0.999);
  }
  const opposed = contrastOf(pairOf(wavy((_, value) => 1 - value)), engine);
  assert.equal(opposed.isMixed, false);
});

test('a negative in half of the image, and a contrast that folds over, are mixed', () => {
  const partly = contrastOf(pairOf(wavy((n, value) => (half(n) ? value : 1 - value))), engine);
  assert.ok(Math.abs(partly.agreement!) < 0.3 && partly.isMixed, String(partly.agreement));
  const folded = contrastOf(pairOf(wavy((_, value) => 2 * Math.abs(value - 0.5))), engine);
  assert.ok(folded.isMixed, String(folded.agreement));
});

test('exchanging the images changes nothing, nor does noise of a tenth', () => {
  const moving = wavy((n, value) => (n % voxels < voxels / 5 ? 1 - value : value));
  const found = contrastOf(pairOf(moving), engine);
  const exchanged = contrastOf(pairOf(wavy(), moving), engine);
  assert.ok(Math.abs(found.agreement! - exchanged.agreement!) < 1e-9);
  assert.ok(agreementOf(wavy((_, value) => value + 0.1 * (random() - 0.5))) > 0.99);
});

test('what a mask leaves out says nothing', () => {
  const moving = wavy((n, value) => (half(n) ? value : 1 - value));
  const mask = Float32Array.from({length: voxels}, (_, n) => (half(n) ? 1 : 0));
  for (const masks of [{fixedMask: mask}, {movingMask: mask}]) {
    assert.ok(contrastOf({...pairOf(moving), ...masks}, engine).agreement! > 0.99);
  }
  const nothing = contrastOf({...pairOf(moving), fixedMask: new Float32Array(voxels)}, engine);
  assert.deepEqual(nothing, {agreement: null, isMixed: false});
});

test('an image without contrast says nothing', () => {
  const flat = contrastOf(pairOf(new Float32Array(voxels)), engine);
  assert.deepEqual(flat, {agreement: null, isMixed: false});
});
