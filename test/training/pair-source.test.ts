import assert from 'node:assert/strict';
import {join} from 'node:path';
import {test, type TestContext} from 'node:test';
import {PORTABLE} from '../../src/kernels/voxel-operation.js';
import {decodeTrainingConfig} from '../../src/config/load-config.js';
import {geometryFromGrid} from '../../src/formats/images/nifti/geometry.js';
import {writeImage} from '../../src/formats/images/write-image.js';
import {Random} from '../../src/random.js';
import {ImageStore} from '../../src/training/images.js';
import {openData} from '../../src/training/data.js';
import {Affine} from '../../src/geometry/affine.js';
import type {Triple} from '../../src/geometry/triple.js';
import {temporaryFolder} from '../support/temporary-folder.js';
import {blobs, centredAffine, imageOf, reoriented} from '../support/volumes.js';

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
  await writeImage(path, {shape: image.shape, data: image.data, geometry: geometryFromGrid(image)});
}

async function twoBalls(t: TestContext): Promise<string> {
  const folder = await temporaryFolder(t);
  await writeBall(join(folder, 'a.nii'), [40, -20, 10]);
  await writeBall(join(folder, 'b.nii'), [0, 30, -60], {isTurned: true});
  return folder;
}

function open(text: string, ...overrides: readonly string[]) {
  const config = decodeTrainingConfig(GRID + text, {where: 'test', overrides});
  return openData({config, engine: PORTABLE});
}

/** What is said about the images of a configuration. */
async function warningsOf(text: string, overrides: readonly string[] = []): Promise<string> {
  const texts: string[] = [];
  await openData({
    config: decodeTrainingConfig(GRID + text, {where: 'test', overrides}),
    engine: PORTABLE,
    onProgress: (event) => {
      if (event.kind === 'warning') texts.push(event.text);
    },
  });
  return texts.join('\n');
}

test('scans of different places and orientations meet on one grid, each centred on itself', async (t) => {
  const folder = await twoBalls(t);
  const {draw} = await open(`sources: [{kind: scans, images: '${folder}/*.nii'}]`);
  const {fixed, moving, name} = await draw(new Random(1));
  assert.equal(fixed.length, 16 ** 3);
  assert.match(name, /[ab]\.nii <- .*[ab]\.nii$/);
  // Both balls are around the middle: the same voxels, but for the half voxel of odd sizes.
  const both = fixed.reduce((sum, value, n) => sum + value * moving[n], 0);
  const single = fixed.reduce((sum, value) => sum + value, 0);
  assert.ok(single > 200 && both > 0.8 * single, `${both} of ${single}`);
});

/** A head, turned and shifted, and its bright part as a label map on the same grid. */
async function writeHead(folder: string, name: string, motion: Affine): Promise<void> {
  const shape: Triple = [20, 21, 19];
  const affine = centredAffine(Affine.scaling([3, 3, 3]), shape, [0, 0, 0]);
  const inverse = motion.inverse();
  const image = imageOf({shape, affine}, (point) => blobs(inverse.apply(point)));
  const geometry = geometryFromGrid(image);
  await writeImage(join(folder, `${name}_t1.nii`), {shape, data: image.data, geometry});
  const middle = (Math.min(...image.data) + Math.max(...image.data)) / 2;
  const data = image.data.map((value) => (value > middle ? 7 : 0));
  await writeImage(join(folder, `${name}_labels.nii`), {shape, data, geometry});
}

function shareOf(image: ArrayLike<number>, counts: (n: number) => boolean): number {
  const all = Array.from(image, (_, n) => n);
  return all.filter(counts).length / all.length;
}

test('labels of a group count as one, and with 0 as none', async (t) => {
  const folder = await temporaryFolder(t);
  const shape: Triple = [16, 16, 16];
  const affine = centredAffine(Affine.scaling([3, 3, 3]), shape, [0, 0, 0]);
  const geometry = geometryFromGrid({affine});
  // Quarters along the first axis: 0, 2, 41 and 77.
  const data = Float32Array.from({length: 16 ** 3}, (_, n) => [0, 2, 41, 77][(n % 16) >> 2]);
  for (const name of ['a.nii', 'b.nii'])
    await writeImage(join(folder, name), {shape, data, geometry});
  const codesOf = async (groups: string) => {
    const source = `sources: [{kind: labels, images: '${folder}/*.nii'}]\nsameLabels: ${groups}`;
    const {labels} = await (await open(source)).draw(new Random(1));
    return {quarters: [2, 6, 10, 14].map((i) => labels!.fixed[i * 256]), codes: labels!.codes};
  };
  assert.deepEqual(await codesOf('[]'), {quarters: [0, 1, 2, 3], codes: 4});
  assert.deepEqual(await codesOf('[[41, 2]]'), {quarters: [0, 1, 1, 2], codes: 3});
  assert.deepEqual(await codesOf('[[2, 41, 77]]'), {quarters: [0, 1, 1, 1], codes: 2});
  assert.deepEqual(await codesOf('[[0, 77]]'), {quarters: [0, 1, 2, 0], codes: 3});
});

test('label maps follow their scans through every change, numbered alike', async (t) => {
  const folder = await temporaryFolder(t);
  await writeHead(folder, 'a', Affine.identity);
  await writeHead(folder, 'b', Affine.rotation(2, 10));
  const {draw} = await open(
    `sources: [{kind: scans, images: '${folder}/*_t1.nii', labels: '${folder}/*_labels.nii'}]\n` +
      'augmentation: {rotationDegrees: 15, translationVox: 2, deformationVox: 1, flip: true}\n' +
      'loss: {labels: 0.5}\nnormalisation: {kind: minmax}',
  );
  for (const seed of [1, 2, 3]) {
    const {labels, ...images} = await draw(new Random(seed));
    assert.equal(labels!.codes, 2);
    for (const which of ['fixed', 'moving'] as const) {
      const image = images[which];
      const differs = shareOf(image, (n) => (labels![which][n] === 1) !== image[n] > 0.5);
      const bright = shareOf(image, (n) => labels![which][n] === 1);
      assert.ok(bright > 0.01 && differs < 0.4 * bright, `${differs} of ${bright}`);
    }
  }
});

test('grid.align brings scans and labels onto the reference', async (t) => {
  const folder = await temporaryFolder(t);
  await writeHead(folder, 'a', Affine.identity);
  await writeHead(folder, 'b', Affine.rotation(2, 20).withOffset([5, -4, 3]));
  const source = `sources: [{kind: scans, images: '${folder}/*_t1.nii', labels: '${folder}/*_labels.nii'}]\n`;
  const overlapWith = async (align: string) => {
    const {draw} = await open(
      source,
      `grid={shape: [16, 16, 16], spacingMm: [3, 3, 3], orientation: RAS, centre: reference, reference: '${folder}/a_t1.nii', align: ${align}}`,
    );
    const {fixed, moving, labels} = await draw(new Random(1));
    const both = shareOf(fixed, (n) => labels!.fixed[n] === 1 && labels!.moving[n] === 1);
    const either = shareOf(fixed, (n) => labels!.fixed[n] === 1 || labels!.moving[n] === 1);
    const difference = fixed.reduce((sum, value, n) => sum + (value - moving[n]) ** 2, 0);
    return {jaccard: both / either, difference};
  };
  const [apart, together] = [await overlapWith('none'), await overlapWith('affine')];
  assert.ok(apart.jaccard < 0.6, `${apart.jaccard}`);
  assert.ok(together.jaccard > 0.8, `${together.jaccard}`);
  assert.ok(together.difference < 0.1 * apart.difference);
});

test('label maps that do not belong to the images are refused', async (t) => {
  const folder = await twoBalls(t);
  await writeHead(folder, 'head', Affine.identity);
  const scans = (labels: string) =>
    open(`sources: [{kind: scans, images: '${folder}/?.nii', labels: ${labels}}]`);
  await assert.rejects(scans(`'${folder}/*_labels.nii'`), {
    code: 'E_CONFIG',
    message: 'sources[0].labels: must fit as many files as there are images (2), got 1.',
  });
  await assert.rejects(scans(`['${folder}/head_labels.nii', '${folder}/head_t1.nii']`), {
    code: 'E_GRID',
    message:
      /head_labels\.nii: label maps must lie on the grid of their image .*a\.nii \(14x15x13\)/,
  });
});

test('the images of a given pair keep their places to each other; what does not lie on the grid is refused', async (t) => {
  const folder = await twoBalls(t);
  const source = (moving: string) =>
    `sources: [{kind: pairs, pairs: [{fixed: '${folder}/a.nii', moving: '${folder}/${moving}.nii'}]}]`;
  await writeBall(join(folder, 'near.nii'), [46, -20, 10]);
  const {draw} = await open(source('near'));
  const {fixed, moving} = await draw(new Random(1));
  const centre = (image: Float32Array) => {
    let [sum, along] = [0, 0];
    image.forEach((value, n) => {
      sum += value;
      along += value * Math.floor(n / 256);
    });
    return along / sum;
  };
  await writeBall(join(folder, 'beside.nii'), [58, -20, 10]);
  assert.match(
    await warningsOf(source('beside')),
    /beside\.nii: only \d+ % of what it shows lies where .*a\.nii shows something/,
  );
  assert.equal(await warningsOf(source('near')), '');
  // 6 mm to the right: two voxels of 3 mm.
  assert.ok(Math.abs(centre(moving) - centre(fixed) - 2) < 0.1);
  for (const overrides of [[], ['grid.centre=reference', `grid.reference=${folder}/a.nii`]]) {
    const config = decodeTrainingConfig(GRID + source('b'), {where: 'test', overrides});
    await assert.rejects(openData({config, engine: PORTABLE}), {
      code: 'E_GRID',
      message: `${folder}/b.nii: what it shows must lie on the training grid (16x16x16 voxels, 48 x 48 x 48 mm), got nothing of it.`,
    });
  }
});

test('an image that is cut, or a speck on the grid, is said with its share', async (t) => {
  const folder = await twoBalls(t);
  const warningsFor = async (spacing: number) => {
    const texts: string[] = [];
    const config = decodeTrainingConfig(
      `${GRID}sources: [{kind: scans, images: '${folder}/*.nii'}]`,
      {
        where: 'test',
        overrides: [`grid.spacingMm=[${spacing}, ${spacing}, ${spacing}]`],
      },
    );
    await openData({
      ...{config, engine: PORTABLE},
      onProgress: (event) => {
        if (event.kind === 'warning') texts.push(event.text);
      },
    });
    return texts.join('\n');
  };
  assert.equal(await warningsFor(3), '');
  assert.match(
    await warningsFor(0.8),
    /a\.nii: only \d+ % of what it shows lies on the training grid \(16x16x16 voxels, 12\.8 x/,
  );
  assert.match(
    await warningsFor(9),
    /b\.nii: hardly anything to learn from: 0\.\d+ % of the training grid/,
  );
});

test('an image with itself is no pair unless something is changed', async (t) => {
  const folder = await twoBalls(t);
  const a = `${folder}/a.nii`;
  for (const source of [
    `{kind: pairs, pairs: [{fixed: '${a}', moving: '${a}'}]}`,
    `{kind: atlas, atlas: '${a}', images: '${a}'}`,
  ]) {
    await assert.rejects(open(`sources: [${source}]`), {
      code: 'E_CONFIG',
      message: /must be two different images, got .*a\.nii and .*a\.nii\.$/,
    });
    await open(`sources: [${source}]\naugmentation: {deformationVox: 1}`);
  }
});

test('random shapes differ in fixed and moving, with and without augmentation', async () => {
  for (const text of [
    '',
    'augmentation: {flip: true}',
    'augmentation: {noise: 0.1}',
    'augmentation: {rotationDegrees: 5}',
  ]) {
    const {draw} = await open(
      `sources: [{kind: shapes, maps: 2, labels: 4, scaleVox: 6}]\n${text}`,
    );
    const {fixed, moving} = await draw(new Random(4));
    const different = fixed.filter((value, n) => Math.abs(value - moving[n]) > 0.2).length;
    assert.ok(different > 20, `${text}: ${different}`);
  }
});

test('images beyond the memory that is given are read again, and are the same', async (t) => {
  const folder = await twoBalls(t);
  for (const kind of ['scans', 'labels']) {
    const draws = [];
    for (const memory of [null, 0, 0.02]) {
      const {draw, images} = await open(
        `sources: [{kind: ${kind}, images: '${folder}/*.nii'}]\nimageMemoryMib: ${memory}\naugmentation: {deformationVox: 1}`,
      );
      const bytes = kind === 'scans' ? 4 : 2;
      assert.equal(images.images, 2);
      assert.equal(images.bytes, 2 * bytes * 16 ** 3);
      if (memory !== null) assert.equal(images.limitBytes, memory * 2 ** 20);
      const random = new Random(3);
      draws.push([await draw(random), await draw(random)]);
    }
    assert.deepEqual(draws[1], draws[0]);
    assert.deepEqual(draws[2], draws[0]);
  }
});

test('settings of the configuration choose a volume and a placement', async (t) => {
  const folder = await twoBalls(t);
  const ballImage = imageOf(
    {
      shape: [14, 15, 13],
      affine: centredAffine(Affine.scaling([3, 3, 3]), [14, 15, 13], [0, 0, 0]),
    },
    ball([0, 0, 0], 12),
  );
  const blank = new Float32Array(ballImage.data.length).map((_, n) => n % 2);
  const data = Float32Array.from([...ballImage.data, ...blank, ...ballImage.data]);
  await writeImage(join(folder, 'c.nii'), {
    shape: ballImage.shape,
    components: 3,
    data,
    geometry: geometryFromGrid(ballImage),
    intent: {code: 0},
  });
  const text = `sources: [{kind: scans, images: '${folder}/*.nii'}]`;
  await assert.rejects(open(text), {message: /choose one with `volume: 0` to `volume: 2`/});
  await open(`${text}\nvolume: 2`);
  await assert.rejects(open(`${text}\nvolume: 3`), {code: 'E_RANGE'});
});

test('slices are taken in the plane that is trained, as a registration takes them', async (t) => {
  const folder = await temporaryFolder(t);
  const write = async (name: string, shape: Triple) => {
    const grid = {shape, affine: Affine.scaling([3, 3, 3])};
    const image = imageOf(grid, ([x, y, z]) => x + 2 * y + 3 * z);
    await writeImage(join(folder, name), {
      shape,
      data: image.data,
      geometry: geometryFromGrid(grid),
    });
  };
  const openPlanes = (orientation: string) =>
    openData({
      config: decodeTrainingConfig(
        `{architecture: {dimensions: 2, unet: {encoder: [4], decoder: [4]}}, grid: {shape: [16, 16], spacingMm: [3, 3], orientation: ${orientation}}, sources: [{kind: scans, images: '${folder}/*.nii'}]}`,
        {where: 'test'},
      ),
      engine: PORTABLE,
    });
  for (const name of ['a.nii', 'b.nii']) await write(name, [12, 13, 1]);
  await openPlanes('RA');
  await assert.rejects(openPlanes('RS'), {
    code: 'E_GRID',
    message:
      /a\.nii: the slice must lie in the plane of the two-dimensional model \(RS\), got 12x13x1 voxels along RA/,
    hint: /`grid\.orientation`/,
  });
  for (const name of ['a.nii', 'b.nii']) await write(name, [12, 1, 13]);
  await openPlanes('RS');
  await write('b.nii', [12, 13, 14]);
  await assert.rejects(openPlanes('RS'), {
    code: 'E_SHAPE',
    message: /must be one slice for a two-dimensional model, got 12x13x14/,
  });
});

test('an atlas is always fixed', async (t) => {
  const folder = await twoBalls(t);
  const {draw} = await open(
    `sources: [{kind: atlas, atlas: '${folder}/a.nii', images: '${folder}/*.nii'}]`,
  );
  const random = new Random(3);
  const names: string[] = [];
  for (let n = 0; n < 12; n++) names.push((await draw(random)).name);
  assert.ok(names.every((name) => name.startsWith(join(folder, 'a.nii'))));
  assert.equal(new Set(names).size, 2);
});

test('sources are drawn by their weights', async (t) => {
  const folder = await twoBalls(t);
  const {draw} = await open(`sources:
  - {kind: scans, images: '${folder}/*.nii', weight: 3}
  - {kind: shapes, maps: 1, labels: 3, weight: 1}`);
  const random = new Random(5);
  const names: string[] = [];
  for (let n = 0; n < 200; n++) names.push((await draw(random)).name);
  const shapes = names.filter((name) => name.startsWith('shapes')).length;
  // 50 expected, deviation 6.
  assert.ok(shapes > 25 && shapes < 75, `${shapes}`);
});

test('painted pairs show one contrast, stand on black without scenery, and differ by their deformation', async (t) => {
  const folder = await twoBalls(t);
  const text = `sources: [{kind: labels, images: '${folder}/*.nii'}]
augmentation: {translationVox: 1}`;
  const {draw} = await open(text);
  const {fixed, moving} = await draw(new Random(2));
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
  const first = await draw(new Random(8));
  await draw(new Random(9));
  const again = await draw(new Random(8));
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
  await writeImage(path, {shape, data: image.data, geometry: geometryFromGrid(image)});
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
