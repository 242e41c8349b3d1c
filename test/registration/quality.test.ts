import assert from 'node:assert/strict';
import {test} from 'node:test';
import {qualityOf} from '../../src/registration/quality.js';

type Result = Parameters<typeof qualityOf>[0];

const similarityOf = (before: number, after: number, voxels = 1000): Result['similarity'] => ({
  before: {ncc: before, mse: 0.1},
  after: {ncc: after, mse: 0.05},
  voxels,
});

const jacobian: Result['jacobian'] = {
  folds: 0,
  ...{foldingFraction: 0, squeezedFraction: 0.005},
  ...{minimum: 0.05, maximum: 3, sdLogJacobian: 0.3},
};

const sound: Result = {
  alignment: {similarity: 0.4},
  information: 0.6,
  overlap: 0.9,
  similarity: similarityOf(0.6, 0.9),
  jacobian,
};

test('a result without a reason against it is good', () => {
  assert.deepEqual(qualityOf(sound), {verdict: 'good', reasons: []});
});

test('what is not known counts against nothing', () => {
  const unknown: Result = {
    ...sound,
    ...{alignment: null, information: null},
    jacobian: {
      folds: 0,
      ...{foldingFraction: null, squeezedFraction: null},
      ...{minimum: null, maximum: null, sdLogJacobian: null},
    },
  };
  assert.equal(qualityOf(unknown).verdict, 'good');
});

const alike = (similarity: number): Partial<Result> => ({
  alignment: {similarity},
});

for (const [change, verdict, reason] of [
  [{similarity: similarityOf(0, 0, 0)}, 'failed', 'The images share no voxel.'],
  [
    alike(0.01),
    'failed',
    'What the alignment brought together looks hardly alike: squared local correlation 0.010.',
  ],
  [
    alike(0.1),
    'doubtful',
    'What the alignment brought together looks hardly alike: squared local correlation 0.100.',
  ],
  [
    {information: 0.1},
    'doubtful',
    'The aligned images say little about each other: mutual information 0.100.',
  ],
  [{overlap: 0.25}, 'doubtful', 'The images share only 25 % of the smaller field of view.'],
  [
    {jacobian: {...jacobian, folds: 10, foldingFraction: 0.01}},
    'doubtful',
    'The deformation folds at 1.00 % of the voxels.',
  ],
  [
    {jacobian: {...jacobian, squeezedFraction: 0.15}},
    'doubtful',
    'The deformation squeezes 15 % of the voxels to less than 0.2 of their volume.',
  ],
  [
    {similarity: similarityOf(0.9, 0.8)},
    'doubtful',
    'The correlation of the whole images fell from 0.900 to 0.800.',
  ],
] as const satisfies readonly (readonly [Partial<Result>, string, string])[]) {
  test(`${verdict}: ${reason}`, () => {
    assert.deepEqual(qualityOf({...sound, ...change}), {verdict, reasons: [reason]});
  });
}
