import assert from 'node:assert/strict';
import {before, test} from 'node:test';
import {decodeTrainingConfig} from '../../src/config/load-config.js';
import {startEngine} from '../../src/engines/select.js';
import {compareLabels} from '../../src/evaluation/labels.js';
import {Affine} from '../../src/geometry/affine.js';
import {PORTABLE as engine} from '../../src/kernels/voxel-operation.js';
import {mseLoss} from '../../src/losses/similarity.js';
import {initialiseWeights} from '../../src/models/initialise.js';
import {RegistrationNetwork} from '../../src/models/registration-network.js';
import type {ValidationRow} from '../../src/progress.js';
import {Random} from '../../src/random.js';
import type {ImagePair} from '../../src/training/make-pair.js';
import {validate} from '../../src/training/validation.js';

before(async () => {
  await startEngine({engine: 'javascript'});
});

const OBJECTIVE = {similarity: mseLoss(0.2), penalty: 'l2', smoothnessScale: 2} as const;
const SHAPE = [8, 8, 8] as const;
const VOXELS = 8 ** 3;

/** A box of label 1 around the middle. */
function box(half: number): Uint16Array {
  const isInside = (at: number) => Math.abs(at - 3.5) < half;
  return Uint16Array.from({length: VOXELS}, (_, n) =>
    [n % 8, Math.floor(n / 8) % 8, Math.floor(n / 64)].every(isInside) ? 1 : 0,
  );
}

function pairOf(labels: ImagePair['labels']): ImagePair {
  const random = new Random(5);
  const image = Float32Array.from({length: VOXELS}, () => random.uniform());
  return {fixed: image, moving: image, labels, name: 'boxes'};
}

/** What a network that has learned nothing, and moves by next to nothing, is found to do. */
async function rowsOf(pairs: readonly ImagePair[], spacingMm: string): Promise<ValidationRow[]> {
  const text = `
architecture: {hypernetwork: {layers: 1, units: 4}, unet: {encoder: [4, 4], decoder: [4, 4]}}
grid: {shape: [8, 8, 8], spacingMm: ${spacingMm}}
sources: [{kind: shapes}]
validation: {lambdas: [0.5]}`;
  const config = decodeTrainingConfig(text, {where: 'test', overrides: []});
  const weights = initialiseWeights(config.architecture, 1);
  const network = RegistrationNetwork.fromWeights(config.architecture, weights);
  const found = await validate(network, pairs, {config, objective: OBJECTIVE, engine});
  network.dispose();
  return found!.rows;
}

test('where nothing moves, Dice and HD95 are those of the label maps as they are, at the spacing of the grid', async () => {
  const maps = [box(2), box(3)] as const;
  const pair = pairOf({fixed: maps[0], moving: maps[1], codes: 2});
  for (const spacing of [
    [1, 1, 1],
    [2, 2, 3],
  ] as const) {
    const {mean} = compareLabels(maps, {shape: SHAPE, affine: Affine.scaling(spacing)});
    const [row] = await rowsOf([pair], JSON.stringify(spacing));
    assert.equal(row.dice, mean.dice);
    assert.equal(row.hd95Mm, mean.hd95Mm);
    assert.ok(row.sdLogJacobian < 1e-3 && row.foldingFraction === 0);
  }
  const [unspaced] = await rowsOf([pair], 'null');
  assert.deepEqual([unspaced.dice! > 0, unspaced.hd95Mm], [true, undefined]);
});

test('pairs without label maps, or with empty ones, count in no figure of labels', async () => {
  const maps = {fixed: box(2), moving: box(2), codes: 2};
  const none = new Uint16Array(VOXELS);
  const pairs = [pairOf(maps), pairOf(null), pairOf({fixed: none, moving: none, codes: 2})];
  const [row] = await rowsOf(pairs, '[1, 1, 1]');
  assert.deepEqual([row.dice, row.hd95Mm], [1, 0]);
  const [unlabelled] = await rowsOf([pairOf(null)], '[1, 1, 1]');
  assert.ok(!('dice' in unlabelled) && !('hd95Mm' in unlabelled));
});
