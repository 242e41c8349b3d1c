import assert from 'node:assert/strict';
import {runnerOn} from '../../../src/kernels/voxel-operation.js';
import {VOXEL_KERNELS} from '../../../src/engines/native/kernels/index.js';
import type {Grid} from '../../../src/geometry/grid.js';
import type {Triple} from '../../../src/geometry/triple.js';
import {seededRandom} from '../../support/random.js';
import {fakeNetwork} from '../../support/fake-network.js';
import {test, testedAddon, testedBackend} from '../../support/native.js';
import {LIA_3MM, named, OWN_AXES, register} from '../../support/registration.js';
import {centredAffine, imageOf, obliqueAffine} from '../../support/volumes.js';

const SHAPE: Triple = [28, 24, 26];
const FIXED: Grid = {
  shape: SHAPE,
  affine: centredAffine(obliqueAffine([10, -6, 4], [2, 2.2, 1.9]), SHAPE, [0, 0, 0]),
};
const MOVING: Grid = {
  shape: [30, 28, 30],
  affine: centredAffine(obliqueAffine([-5, 8, 3], [-2, 2, 2]), [30, 28, 30], [1, 0, -1]),
};

const random = seededRandom(5);
const SPOTS = Array.from({length: 120}, () => ({
  at: [60 * random() - 30, 60 * random() - 30, 60 * random() - 30],
  height: 50 + 150 * random(),
}));
const texture = (p: Triple) =>
  SPOTS.reduce((sum, {at, height}) => {
    const square = at.reduce((total, x, axis) => total + (p[axis] - x) ** 2, 0);
    return sum + height * Math.exp(-square / 50);
  }, 0);
/** Up to 4 mm, smooth. */
const bend = ([x, y, z]: Triple): Triple => {
  const bump = 4 * Math.exp(-(x ** 2 + y ** 2 + z ** 2) / 800);
  return [x + bump, y - 0.5 * bump, z + 0.5 * bump];
};

await testedBackend();
const engine = runnerOn(testedAddon(), VOXEL_KERNELS);
const pair = {
  engine,
  fixed: named(
    imageOf(FIXED, (p) => texture(bend(p))),
    'fixed.nii',
  ),
  moving: named(imageOf(MOVING, texture), 'moving.nii'),
  grid: OWN_AXES,
};
const still = fakeNetwork(() => [0, 0, 0]);
const astray = fakeNetwork(() => [3, -3, 3]);

test('where contrasts are mixed no network is used, the deformation is stiff, and a warning says so', async () => {
  const folded = {
    ...pair,
    moving: named(
      imageOf(MOVING, (p) => Math.abs(texture(p) - 150)),
      't2.nii',
    ),
  };
  const options = {refine: {lambda: 0.3}, keep: 'best'} as const;
  const [mixed, plain] = [
    await register(astray, {...folded, ...options}),
    await register(astray, {...pair, ...options}),
  ];
  assert.equal(mixed.summary.refinement!.contrast.isMixed, true);
  assert.deepEqual(
    mixed.summary.answer.judgements.map(({answer}) => answer),
    ['alignment', 'refinement'],
  );
  assert.ok(mixed.summary.jacobian.sdLogJacobian! < plain.summary.jacobian.sdLogJacobian! / 2);
  assert.match(
    mixed.summary.warnings.join(' '),
    /t2\.nii: its contrast is another one.* 200 times .* 3\.5 % of mutual information/,
  );
  assert.equal(plain.summary.refinement!.contrast.isMixed, false);
  assert.doesNotMatch(plain.summary.warnings.join(' '), /contrast is another/);
});

test('a refinement that fits better is kept, and the report says how much', async () => {
  const {summary} = await register(still, {...pair, refine: {lambda: 0.2}, keep: 'best'});
  const {kept, judgements} = summary.answer;
  assert.equal(kept, 'refinement');
  assert.deepEqual(
    judgements.map(({answer}) => answer),
    ['alignment', 'network', 'refinement'],
  );
  assert.ok(judgements[2].similarity > judgements[0].similarity + 0.02);
  assert.ok(summary.similarity.after.ncc! > summary.similarity.before.ncc!);
  assert.ok(summary.stages.some(({name}) => name === 'refine'));
});

test('a network that leads astray is left out', async () => {
  const options = {lambda: 1, iterations: 1};
  const {summary} = await register(astray, {...pair, refine: options, keep: 'best'});
  const {kept, judgements} = summary.answer;
  assert.ok(judgements[1].similarity < judgements[0].similarity);
  assert.notEqual(kept, 'network');
});

test('an image onto itself stays where it is, whatever the network says', async () => {
  const {fixed} = pair;
  const {summary} = await register(astray, {
    ...pair,
    moving: fixed,
    refine: {lambda: 0.2},
    keep: 'best',
  });
  assert.ok(summary.displacement.meanMm < 0.1);
});

test('the outputs lie on the grids of the images', async () => {
  const {outputs, network} = await register(still, {
    ...pair,
    refine: {lambda: 0.2, iterations: 5},
    outputs: ['inverseWarp', 'velocity', 'jacobian'],
  });
  const voxels = SHAPE[0] * SHAPE[1] * SHAPE[2];
  assert.deepEqual(network.shape, SHAPE);
  assert.equal(outputs.inverseWarp!.length, 3 * 30 * 28 * 30);
  assert.equal(outputs.velocity!.length, 3 * voxels);
  assert.equal(outputs.jacobian!.length, voxels);
  assert.ok(outputs.jacobian!.every((value) => value > 0));
});

test('a refinement begins where the network ended, on the grid of the fixed image', async () => {
  // Two voxels of 3 mm to the left, where there is nothing left to refine.
  const shift = fakeNetwork(() => [2, 0, 0]);
  const shifted = named(
    imageOf(FIXED, ([x, y, z]) => texture([x - 6, y, z])),
    'fixed.nii',
  );
  const {summary} = await register(shift, {
    ...{engine, fixed: shifted, moving: pair.moving, grid: LIA_3MM},
    refine: {lambda: 0.2, iterations: 0},
    keep: 'best',
  });
  const [alignment, network, refinement] = summary.answer.judgements;
  assert.ok(network.similarity > alignment.similarity + 0.3);
  assert.ok(Math.abs(refinement.similarity - network.similarity) < 0.01);
  assert.ok(Math.abs(summary.displacement.meanMm - 6) < 0.05, `${summary.displacement.meanMm}`);
});

test('progress goes on within a long stage, and never back', async () => {
  const done: number[] = [];
  await register(still, {
    ...{...pair, affine: 'affine', refine: {lambda: 0.2, iterations: 4}},
    onProgress: (event) => {
      if (event.kind === 'stage') done.push(event.done);
    },
  });
  assert.ok(done.length > 12, `${done.length}`);
  assert.ok(done.every((share, n) => share <= 1 && (n === 0 || share >= done[n - 1])));
});

test('what a labeller tells takes part in the refinement, by its weight, and is named as a stage', async () => {
  const labelling = fakeNetwork(() => [0, 0, 0], {labelAt: (value) => (value > 0.4 ? 1 : 0)});
  const overlapWith = async (labelWeight: number) => {
    const {summary} = await register(labelling, {...pair, labelWeight, refine: {lambda: 0.3}});
    assert.ok(summary.stages.some(({name}) => name === 'label'));
    return summary.refinement!.levels.at(-1)!.overlapAfter!;
  };
  const [none, much] = [await overlapWith(0), await overlapWith(0.9)];
  assert.ok(much > none, `${none} ${much}`);
  assert.ok(much > 0.9, `${much}`);
  const {summary} = await register(still, {...pair, refine: {lambda: 0.3}});
  assert.equal(summary.refinement!.levels[0].overlapAfter, undefined);
});

test('labels that overlap too little as the images are aligned were not recognised, and are left out', async () => {
  const refine = {lambda: 0.3, iterations: 2};
  for (const [share, areUsed] of [
    [0.1, false],
    [0.6, true],
  ] as const) {
    const labelling = fakeNetwork(() => [0, 0, 0], {labelAt: () => share});
    const {refinement} = (await register(labelling, {...pair, refine})).summary;
    const {overlap, ...labels} = refinement!.labels!;
    assert.ok(Math.abs(overlap - share) < 0.05, `${overlap}`);
    assert.deepEqual(labels, {count: 1, areUsed});
    assert.equal(refinement!.levels[0].overlapAfter !== undefined, areUsed);
  }
});

test('no labeller is asked where nothing is refined', async () => {
  const labelling = fakeNetwork(() => [0, 0, 0], {labelAt: (value) => (value > 0.4 ? 1 : 0)});
  const {summary} = await register(labelling, {...pair, refine: null});
  assert.ok(summary.stages.every(({name}) => name !== 'label'));
});

test('from the answer of a network that knows what it sees only finer velocities are refined, from any other one all', async () => {
  const refinedFrom = async (isLabel: (intensity: number) => boolean) => {
    const labelAt = (intensity: number) => (isLabel(intensity) ? 1 : 0);
    const network = fakeNetwork(() => [0.1, 0, 0], {resolution: 2, labelAt});
    const {summary} = await register(network, {...pair, refine: {lambda: 0.2}});
    const {labels, levels} = summary.refinement!;
    return {overlap: labels!.overlap, resolutions: new Set(levels.map(({shape}) => shape[0])).size};
  };
  const known = await refinedFrom((intensity) => intensity > 0.2);
  assert.ok(known.overlap > 0.5, `${known.overlap}`);
  assert.equal(known.resolutions, 1);
  const hardlyKnown = await refinedFrom((intensity) => intensity > 0.9);
  assert.ok(hardlyKnown.overlap > 0.3 && hardlyKnown.overlap < 0.5, `${hardlyKnown.overlap}`);
  assert.equal(hardlyKnown.resolutions, 2);
});
