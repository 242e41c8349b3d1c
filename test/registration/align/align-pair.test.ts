import assert from 'node:assert/strict';
import {join} from 'node:path';
import {describe, test} from 'node:test';
import type {HypermorphError} from '../../../src/errors.js';
import {VOXEL_KERNELS} from '../../../src/engines/native/kernels/index.js';
import {readImage} from '../../../src/formats/images/read-image.js';
import {Affine} from '../../../src/geometry/affine.js';
import {largestDistance, type Grid} from '../../../src/geometry/grid.js';
import type {Triple} from '../../../src/geometry/triple.js';
import {alignPair, type AlignedImage} from '../../../src/registration/align/align-pair.js';
import {PORTABLE, runnerOn} from '../../../src/kernels/voxel-operation.js';
import {nativeMissing, testedAddon} from '../../support/native.js';
import {DATA} from '../../support/real-data.js';
import {imageOf, obliqueAffine} from '../../support/volumes.js';

// The same results to a few last digits of float32, so that all tests but one use what is faster.
const engine = nativeMissing === undefined ? runnerOn(testedAddon(), VOXEL_KERNELS) : PORTABLE;

/** A head without symmetry, about 100 mm across, with an inside at several scales; no detail is finer than a few voxels. */
function head([x, y, z]: Triple): number {
  const inside = ramp(1 - Math.hypot(x / 52, y / 64, z / 46));
  const shell = inside * (1 - ramp(0.85 - Math.hypot(x / 52, y / 64, z / 46)));
  const core = ramp(1 - Math.hypot((x - 12) / 15, (y + 20) / 20, (z - 8) / 12));
  const folds = Math.sin(x / 8 + y / 23) * Math.cos(y / 9 + z / 15) + Math.sin((z + x) / 11);
  return inside * (90 + 15 * folds) + 70 * shell + 60 * core;
}

/** From 0 to 1 around 0, over about a tenth. */
function ramp(x: number): number {
  return 1 / (1 + Math.exp(-40 * x));
}

const GRID: Grid = gridOf([60, 70, 54], obliqueAffine([0, 0, 0], [2.2, 2.2, 2.2]));

function gridOf(shape: Triple, affine: Affine, centre: Triple = [0, 0, 0]): Grid {
  return {shape, affine: affine.taking(shape.map((n) => (n - 1) / 2) as unknown as Triple, centre)};
}

function named(image: Omit<AlignedImage, 'name'>, name: string): AlignedImage {
  return {...image, name};
}

const fixed = named(imageOf(GRID, head), 'fixed.nii');

/** What `fixed` shows, moved by `truth` and seen on another grid, in another contrast if need be. */
function movedBy(
  truth: Affine,
  grid: Grid = {...GRID, affine: Affine.compose(truth, GRID.affine)},
  contrast: (value: number) => number = (value) => value,
): AlignedImage {
  const back = truth.inverse();
  return named(
    imageOf(grid, (point) => contrast(head(back.apply(point)))),
    'moving.nii',
  );
}

/** The largest distance over the corners of the fixed image, far outside the head, in its voxels. */
function errorOf(found: Affine, truth: Affine, grid: Grid = GRID): number {
  const from = Affine.compose(found, grid.affine);
  const distance = largestDistance(from, Affine.compose(truth, grid.affine), grid.shape);
  return distance / Math.min(...grid.affine.spacing);
}

const TRUTH = Affine.fromParameters({
  translation: [25, -12, 18],
  rotationDegrees: [20, -15, 25],
  scale: [1.1, 0.93, 1.04],
});

describe('alignPair', () => {
  test('an image lies on itself: nothing moves', async () => {
    const {affine, found} = await alignPair(fixed, fixed, {kind: 'auto', engine});
    assert.ok(errorOf(affine, Affine.identity) < 0.01);
    assert.equal(found, 'headers');
  });

  test('a known affine is found to a small part of a voxel, on a grid that is turned, anisotropic and left-handed', async () => {
    const affine = Affine.compose(
      obliqueAffine([10, 4, -7], [2, 2.6, 3.1]),
      Affine.scaling([-1, 1, 1]),
    );
    const grid = gridOf([77, 61, 53], affine, TRUTH.apply([0, 0, 0]));
    const result = await alignPair(fixed, movedBy(TRUTH, grid), {kind: 'auto', engine});
    assert.ok(errorOf(result.affine, TRUTH) < 0.3);
    assert.equal(result.found, 'affine');
    assert.ok(result.similarity!.after! > result.similarity!.before!);
    assert.match(
      result.reasons.join(),
      /^Began at the .*; mutual information goes from \d\.\d+ to \d\.\d+\.$/,
    );
  });

  test('headers that lie 150 mm apart do not matter', async () => {
    const truth = Affine.translation([150, 0, -40]);
    const {affine} = await alignPair(fixed, movedBy(truth), {kind: 'auto', engine});
    assert.ok(errorOf(affine, truth) < 0.1);
  });

  test('the contrast may be another one', async () => {
    const contrast = (value: number) => (value < 60 ? 2 * value : 180 - value);
    const grid = gridOf([60, 66, 58], obliqueAffine([0, 0, 0], [2.3, 2.3, 2.3]), [20, -10, 15]);
    const moving = movedBy(TRUTH, grid, contrast);
    const {affine} = await alignPair(fixed, moving, {kind: 'auto', engine});
    assert.ok(errorOf(affine, TRUTH) < 1);
  });

  test('a slab finds its place in a whole', async () => {
    const truth = Affine.fromParameters({translation: [5, 8, -9], rotationDegrees: [6, -4, 8]});
    const grid = gridOf([60, 70, 16], obliqueAffine([0, 0, 0], [2.2, 2.2, 2.4]), [5, 8, 4]);
    const {affine} = await alignPair(fixed, movedBy(truth, grid), {kind: 'rigid', engine});
    assert.ok(errorOf(affine, truth) < 1);
  });

  test('a rigid motion has no scale, a similarity the same one along all axes', async () => {
    const moving = movedBy(Affine.scaling([1.1, 1.1, 1.1]));
    const rigid = await alignPair(fixed, moving, {kind: 'rigid', engine});
    assert.ok(Math.abs(rigid.affine.determinant - 1) < 1e-9);
    const {affine} = await alignPair(fixed, moving, {kind: 'similarity', engine});
    affine.spacing.forEach((scale) => assert.ok(Math.abs(scale - 1.1) < 0.005));
    assert.ok(affine.shear < 1e-9);
  });

  test('exchanging the images inverts the answer', async () => {
    const grid = gridOf([60, 66, 58], obliqueAffine([0, 0, 0], [2.3, 2.3, 2.3]), [20, -10, 15]);
    const moving = movedBy(TRUTH, grid);
    const forth = await alignPair(fixed, moving, {kind: 'affine', engine});
    const back = await alignPair(moving, fixed, {kind: 'affine', engine});
    assert.ok(errorOf(Affine.compose(back.affine, forth.affine), Affine.identity) < 0.05);
  });

  test('a slice stays in its plane', async () => {
    const slice = gridOf([90, 100, 1], obliqueAffine([0, 0, 0], [1.2, 1.2, 1.2]));
    const truth = Affine.fromParameters({translation: [9, -6, 0], rotationDegrees: [0, 0, 18]});
    const still = named(imageOf(slice, head), 'fixed.nii');
    const back = truth.inverse();
    const moving = named(
      imageOf(slice, (point) => head(back.apply(point))),
      'moving.nii',
    );
    const {affine} = await alignPair(still, moving, {kind: 'affine', engine});
    assert.ok(errorOf(affine, truth, slice) < 0.5);
    const {rows} = affine;
    [rows[2], rows[6], rows[8], rows[9], rows[11]].forEach((n) => assert.ok(Math.abs(n) < 1e-9));
  });

  test('masks leave out what disturbs', async () => {
    // A bright plate beside the head stays where it is while the head moves.
    const truth = Affine.translation([8, 0, 0]);
    const plate = (value: (point: Triple) => number) => (point: Triple) =>
      Math.abs(point[1] + 72) < 3 ? 400 * (1 + Math.sin(point[0] / 4)) : value(point);
    const grid = {...GRID, shape: [60, 76, 54] as const};
    const one = named(imageOf(grid, plate(head)), 'fixed.nii');
    const two = named(
      imageOf(
        grid,
        plate((p) => head(truth.inverse().apply(p))),
      ),
      'moving.nii',
    );
    const mask = imageOf(grid, (point) => (point[1] > -66 ? 1 : 0));
    const masks = {fixed: mask, moving: mask};
    const {affine} = await alignPair(one, two, {kind: 'rigid', engine, masks});
    assert.ok(errorOf(affine, truth) < 0.3);
  });

  test('voxels that are not numbers do not count', async () => {
    const moving = movedBy(Affine.translation([6, 2, -4]));
    const data = Float32Array.from(moving.data, (value, n) => (n % 61 === 0 ? NaN : value));
    const {affine} = await alignPair(fixed, {...moving, data}, {kind: 'rigid', engine});
    assert.ok(errorOf(affine, Affine.translation([6, 2, -4])) < 0.5);
  });

  test('headers, centre and fov search nothing', async () => {
    const moving = movedBy(Affine.translation([30, 0, 0]));
    const offsets = await Promise.all(
      (['headers', 'centre', 'fov'] as const).map(async (kind) => {
        const {affine, start, similarity} = await alignPair(fixed, moving, {kind, engine});
        assert.deepEqual([start, similarity], [null, null]);
        return affine.offset.map((mm) => Math.round(mm));
      }),
    );
    assert.deepEqual(offsets, [
      [0, 0, 0],
      [30, 0, 0],
      [30, 0, 0],
    ]);
  });

  test('images are not changed', async () => {
    const moving = movedBy(Affine.translation([4, 0, 0]));
    const before = [Float32Array.from(fixed.data), Float32Array.from(moving.data)];
    await alignPair(fixed, moving, {kind: 'rigid', engine});
    assert.deepEqual([fixed.data, moving.data], before);
  });

  test('an image that shows nothing is refused, within a mask too', async () => {
    const constant = named(
      imageOf(GRID, () => 7),
      'flat.nii',
    );
    await assert.rejects(alignPair(fixed, constant, {kind: 'rigid', engine}), {
      code: 'E_RANGE',
      message:
        'flat.nii: voxels must differ from each other for an alignment, got no part where they do.',
    });
    const {found, reasons} = await alignPair(fixed, constant, {kind: 'auto', engine});
    assert.equal(found, 'headers');
    assert.match(reasons.join(), /^No affine is searched: flat.nii: voxels must differ/);
    const masks = {fixed: imageOf(GRID, () => 0)};
    await assert.rejects(alignPair(fixed, fixed, {kind: 'rigid', engine, masks}), {
      code: 'E_RANGE',
      message:
        'fixed.nii: voxels must differ from each other for an alignment within the mask, got no part where they do.',
    });
  });

  test('a mask must lie on the grid of its image', async () => {
    const masks = {moving: imageOf({...GRID, shape: [60, 70, 53]}, () => 1)};
    await assert.rejects(alignPair(fixed, fixed, {kind: 'auto', engine, masks}), {
      code: 'E_GRID',
      message:
        'fixed.nii: a mask must lie on the grid of its image (60x70x54), got 60x70x53 or another place.',
    });
  });

  test('an aborted signal ends the search, and progress is told', async () => {
    const abort = new AbortController();
    const seen: [number, number][] = [];
    const onProgress = (finished: number, total: number) => {
      seen.push([finished, total]);
      if (finished === 1) abort.abort();
    };
    await assert.rejects(
      alignPair(fixed, fixed, {kind: 'auto', engine, onProgress, signal: abort.signal}),
      (error: HypermorphError) => error.code === 'E_INTERRUPTED',
    );
    assert.deepEqual(seen, [
      [0, 3],
      [1, 3],
    ]);
  });

  test('moving the header of a real scan of another contrast moves the answer', async () => {
    const epi = await realImage('brain/someone_epi_3mm.nii.gz');
    const t1 = await realImage('brain/someone_t1_2p75mm.nii.gz');
    const plain = await alignPair(epi, t1, {kind: 'rigid', engine});
    const motion = Affine.fromParameters({
      translation: [35, 10, -20],
      rotationDegrees: [12, 9, 30],
    });
    const moved = {...t1, affine: Affine.compose(motion, t1.affine)};
    const {affine} = await alignPair(epi, moved, {kind: 'rigid', engine});
    assert.ok(errorOf(affine, Affine.compose(motion, plain.affine), epi) < 0.5);
  });
});

async function realImage(name: string): Promise<AlignedImage> {
  return named(await readImage(join(DATA, name)), name);
}
