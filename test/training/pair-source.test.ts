import assert from 'node:assert/strict';
import {join} from 'node:path';
import {test, type TestContext} from 'node:test';
import {PORTABLE} from '../../src/kernels/voxel-operation.js';
import {decodeTrainingConfig} from '../../src/config/load-config.js';
import {geometryFromGrid, writeNifti} from '../../src/formats/images/nifti/nifti.js';
import {Random} from '../../src/random.js';
import {ImageStore} from '../../src/training/images.js';
import {openData} from '../../src/training/data.js';
import {Affine} from '../../src/geometry/affine.js';
import type {Triple} from '../../src/geometry/triple.js';
import {temporaryFolder} from '../support/temporary-folder.js';
import {centredAffine, imageOf, reoriented} from '../support/volumes.js';

const GRID = 'grid: {shape: [16, 16, 16], spacingMm: [3, 3, 3], orientation: RAS}\n';

/** A ball of 1 in 0 around a world point. */
function ball(centre: Triple, radius: number) {
  return (point: Triple) =>
    Math.hypot(...point.map((x, axis) => x - centre[axis])) < radius ? 1 : 0;
}

async function writeBall(path: string, centre: Triple, {isTurned = false} = {}): Promise<void> {
  const shape: Triple = [14, 15, 13];
  const affine = centredAffine(Affine.scaling([3, 3, 3]), shape, centre);
  const upright = imageOf({shape, affine}, ball(centre, 12));
  const image = isTurned ? reoriented(upright, [1, 2, 0], [true, false, true]) : upright;
  await writeNifti(path, {shape: image.shape, data: image.data, geometry: geometryFromGrid(image)});
}

async function twoBalls(t: TestContext): Promise<string> {
  const folder = await temporaryFolder(t);
  await writeBall(join(folder, 'a.nii'), [40, -20, 10]);
  await writeBall(join(folder, 'b.nii'), [0, 30, -60], {isTurned: true});
  return folder;
}

function open(text: string) {
  const config = decodeTrainingConfig(GRID + text, {where: 'test'});
  return openData({config, engine: PORTABLE});
}

test('scans of different places and orientations meet on one grid, each centred on itself', async (t) => {
  const folder = await twoBalls(t);
  const {draw} = await open(`sources: [{kind: scans, images: '${folder}/*.nii'}]`);
  const {fixed, moving, name} = draw(new Random(1));
  assert.equal(fixed.length, 16 ** 3);
  assert.match(name, /[ab]\.nii <- .*[ab]\.nii$/);
  // Both balls are around the middle: the same voxels, but for the half voxel of odd sizes.
  const both = fixed.reduce((sum, value, n) => sum + value * moving[n], 0);
  const single = fixed.reduce((sum, value) => sum + value, 0);
  assert.ok(single > 200 && both > 0.8 * single, `${both} of ${single}`);
});

test('on the grid of a reference, an image that lies elsewhere is not seen', async (t) => {
  const folder = await twoBalls(t);
  const {draw} = await open(
    `sources: [{kind: pairs, pairs: [{fixed: '${folder}/a.nii', moving: '${folder}/b.nii'}]}]`,
  );
  const config = decodeTrainingConfig(
    `${GRID}sources: [{kind: pairs, pairs: [{fixed: '${folder}/a.nii', moving: '${folder}/b.nii'}]}]`,
    {where: 'test', overrides: ['grid.centre=reference', `grid.reference=${folder}/a.nii`]},
  );
  const placed = await openData({config, engine: PORTABLE});
  const [centred, elsewhere] = [draw(new Random(1)), placed.draw(new Random(1))];
  assert.deepEqual(elsewhere.fixed, centred.fixed);
  assert.ok(elsewhere.moving.every((value) => value === 0));
  assert.ok(centred.moving.some((value) => value === 1));
});

test('an atlas is always fixed', async (t) => {
  const folder = await twoBalls(t);
  const {draw} = await open(
    `sources: [{kind: atlas, atlas: '${folder}/a.nii', images: '${folder}/*.nii'}]`,
  );
  const random = new Random(3);
  const names = Array.from({length: 12}, () => draw(random).name);
  assert.ok(names.every((name) => name.startsWith(join(folder, 'a.nii'))));
  assert.equal(new Set(names).size, 2);
});

test('sources are drawn by their weights', async (t) => {
  const folder = await twoBalls(t);
  const {draw} = await open(`sources:
  - {kind: scans, images: '${folder}/*.nii', weight: 3}
  - {kind: shapes, maps: 1, labels: 3, weight: 1}`);
  const random = new Random(5);
  const names = Array.from({length: 200}, () => draw(random).name);
  const shapes = names.filter((name) => name.startsWith('shapes')).length;
  // 50 expected, deviation 6.
  assert.ok(shapes > 25 && shapes < 75, `${shapes}`);
});

test('painted pairs show one contrast, stand on black without scenery, and differ by their deformation', async (t) => {
  const folder = await twoBalls(t);
  const text = `sources: [{kind: labels, images: '${folder}/*.nii'}]
augmentation: {translationVox: 1}`;
  const {draw} = await open(text);
  const {fixed, moving} = draw(new Random(2));
  const values = (image: Float32Array) => [...new Set(image)].sort((a, b) => a - b);
  assert.equal(values(fixed).length, 2);
  assert.equal(values(fixed)[0], 0);
  assert.deepEqual(values(moving), values(fixed));
  assert.notDeepEqual(moving, fixed);
});

test('the same generator state draws the same pair; images in memory are never changed', async (t) => {
  const folder = await twoBalls(t);
  const {draw} = await open(`sources: [{kind: scans, images: '${folder}/*.nii'}]
augmentation: {rotationDegrees: 9, translationVox: 1, scale: 0.1, deformationVox: 1, gamma: 0.3, biasField: 0.2, noise: 0.1, blurVox: 1, flip: true}`);
  const first = draw(new Random(8));
  draw(new Random(9));
  const again = draw(new Random(8));
  assert.deepEqual(again, first);
  assert.ok(first.fixed.every((value) => value >= 0 && value <= 1));
});

test('what lies outside an image is cut to [0, 1] as its voxels are', async (t) => {
  const path = join(await temporaryFolder(t), 'negative.nii');
  const shape: Triple = [8, 8, 8];
  const affine = centredAffine(Affine.scaling([3, 3, 3]), shape, [0, 0, 0]);
  // 0 at the faces, far below 0 inside: nine tenths of all voxels lie below 0.
  const image = imageOf({shape, affine}, ([x, y, z]) =>
    Math.max(Math.abs(x), Math.abs(y), Math.abs(z)) > 10 ? 0 : -100 - x,
  );
  await writeNifti(path, {shape, data: image.data, geometry: geometryFromGrid(image)});
  const config = decodeTrainingConfig(`${GRID}sources: [{kind: shapes}]`, {
    where: 'test',
    overrides: ['normalisation={kind: percentile, low: 0, high: 20}'],
  });
  const {data, outside} = await new ImageStore(config, PORTABLE).intensities(path);
  assert.equal(outside, 1);
  assert.ok(data.every((value) => value >= 0 && value <= 1));
});

test('one scan is no pair', async (t) => {
  const folder = await twoBalls(t);
  await assert.rejects(open(`sources: [{kind: scans, images: '${folder}/a.nii'}]`), {
    code: 'E_CONFIG',
    message: 'sources[0].images: must fit at least two files, got 1.',
  });
});
