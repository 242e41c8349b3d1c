import assert from 'node:assert/strict';
import {VOXEL_KERNELS} from '../../../src/engines/native/kernels/index.js';
import {Affine} from '../../../src/geometry/affine.js';
import type {Grid} from '../../../src/geometry/grid.js';
import type {Triple} from '../../../src/geometry/triple.js';
import {runnerOn} from '../../../src/kernels/voxel-operation.js';
import {preparePair, WITHOUT_NETWORK} from '../../../src/registration/prepare.js';
import {gainsByAffine} from '../../../src/registration/refine/stiff.js';
import {StageLog} from '../../../src/registration/stages.js';
import {test, testedAddon, testedBackend} from '../../support/native.js';
import {seededRandom} from '../../support/random.js';
import {named} from '../../support/registration.js';
import {centredAffine, imageOf, obliqueAffine} from '../../support/volumes.js';

const gridOf = (shape: Triple): Grid => ({
  shape,
  affine: centredAffine(obliqueAffine([10, -6, 4], [-2, 2.2, 1.9]), shape, [0, 0, 0]),
});
const SHAPE: Triple = [50, 47, 52];

const random = seededRandom(5);
const SPOTS = Array.from({length: 80}, () => ({
  at: [80 * random() - 40, 80 * random() - 40, 80 * random() - 40],
  height: 50 + 150 * random(),
}));
const texture = (p: Triple) =>
  SPOTS.reduce((sum, {at, height}) => {
    const square = at.reduce((total, x, axis) => total + (p[axis] - x) ** 2, 0);
    return sum + height * Math.exp(-square / 80);
  }, 0);

await testedBackend();
const engine = runnerOn(testedAddon(), VOXEL_KERNELS);

/** Whether an affine is worth having where the moving image shows at `move(x)` what the fixed one shows at x. */
async function isWorth(affine: Affine, move: Affine, shape = SHAPE): Promise<boolean> {
  const back = move.inverse();
  const fixed = named(imageOf(gridOf(shape), texture), 'fixed.nii');
  const moving = named(
    imageOf(gridOf(shape), (p) => texture(back.apply(p))),
    'moving.nii',
  );
  const stages = new StageLog();
  const pair = await preparePair({fixed, moving}, WITHOUT_NETWORK, {affine, engine, stages});
  return gainsByAffine(pair, {engine});
}

const SHIFT = Affine.translation([14, -10, 12]);

test('an affine that brings images together is worth it', async () => {
  assert.equal(await isWorth(SHIFT, SHIFT), true);
});

test('one that leads away from where the headers put them is not', async () => {
  assert.equal(await isWorth(SHIFT, Affine.identity), false);
  assert.equal(await isWorth(Affine.scaling([1.1, 0.95, 1.05]), Affine.identity), false);
});

test('one of images that are too small to tell stays', async () => {
  assert.equal(await isWorth(SHIFT, Affine.identity, [20, 22, 24]), true);
});
