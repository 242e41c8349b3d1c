import assert from 'node:assert/strict';
import {readFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {describe, test, type TestContext} from 'node:test';
import {geometryFromGrid} from '../../src/formats/images/nifti/geometry.js';
import {readImage} from '../../src/formats/images/read-image.js';
import {writeImage} from '../../src/formats/images/write-image.js';
import {encodeItkAffine} from '../../src/formats/transforms/itk-text.js';
import {encodeItkWarp, ITK_VECTORS} from '../../src/formats/transforms/itk.js';
import {readTransform} from '../../src/formats/transforms/read-transform.js';
import {Affine} from '../../src/geometry/affine.js';
import type {Grid} from '../../src/geometry/grid.js';
import type {Triple} from '../../src/geometry/triple.js';
import {mapPoints} from '../../src/transforms/apply.js';
import {affineTransform, compose, type Transform} from '../../src/transforms/transform.js';
import type {JacobianFile} from '../../src/workflows/jacobian-files.js';
import {runCli} from '../support/cli.js';
import {seededRandom} from '../support/random.js';
import {workspace} from '../support/register-workspace.js';
import {temporaryFolder} from '../support/temporary-folder.js';
import {
  FIELD_GRID,
  largestDistance,
  SHEAR,
  somePoints,
  TURN,
  waves,
} from '../support/transforms.js';
import {centredAffine, largestDifference, obliqueAffine} from '../support/volumes.js';

const FIXED = gridOf([21, 17, 19], [12, -9, 17], [3, 4, 3.5], [0, 0, 0]);
/** Left-handed, and elsewhere. */
const MOVING = gridOf([25, 21, 17], [-25, 14, 6], [-3, 3, 5], [200, -150, 90]);
/** From the one place to the other. */
const FAR = affineTransform(
  Affine.compose(Affine.translation([200, -150, 90]), TURN.affine, SHEAR.affine),
);

function gridOf(shape: Triple, degrees: Triple, spacing: Triple, centre: Triple): Grid {
  return {shape, affine: centredAffine(obliqueAffine(degrees, spacing), shape, centre)};
}

interface Folder {
  readonly path: (name: string) => string;
  /** Run a command with `--json`. */
  readonly run: (...words: string[]) => Promise<unknown>;
  readonly read: (name: string) => Promise<Transform>;
}

async function folderOf(t: TestContext): Promise<Folder> {
  const folder = await temporaryFolder(t);
  const path = (name: string) => join(folder, name);
  for (const [name, grid] of [
    ['fixed.nii', FIXED],
    ['moving.nii', MOVING],
  ] as const) {
    const data = new Float32Array(grid.shape[0] * grid.shape[1] * grid.shape[2]);
    await writeImage(path(name), {shape: grid.shape, data, geometry: geometryFromGrid(grid)});
  }
  await writeFile(path('turn.txt'), encodeItkAffine(TURN.affine));
  await writeFile(path('far.txt'), encodeItkAffine(FAR.affine));
  const writeWarp = (name: string, transform: Transform) =>
    writeImage(path(name), {
      ...{shape: FIELD_GRID.shape, data: encodeItkWarp(transform, FIELD_GRID), components: 3},
      ...{geometry: geometryFromGrid(FIELD_GRID), intent: ITK_VECTORS},
    });
  await writeWarp('warp.nii.gz', waves());
  await writeWarp('far.nii.gz', compose(FAR, waves(2)));
  const run = async (...words: string[]) => {
    const {code, stdout, stderr} = await runCli([...words, '--json']);
    assert.equal(code, 0, stderr);
    return JSON.parse(stdout) as unknown;
  };
  const read = async (name: string) => (await readTransform(path(name))).transform;
  return {path, run, read};
}

const points = (reach = 10) => somePoints(40, reach, seededRandom(6));

test('convert writes what the other program means, and reads it by its name', async (t) => {
  const {path, run, read} = await folderOf(t);
  const images = ['--fixed', path('fixed.nii'), '--moving', path('moving.nii')];
  await run('convert', ...images, '--to', 'fsl', path('far.txt'), path('flirt.mat'));
  await run('convert', ...images, `fsl:${path('flirt.mat')}`, path('again.tfm'));
  const moved = mapPoints(FAR, points());
  assert.ok(largestDistance(mapPoints(await read('again.tfm'), points()), moved) < 1e-9);
  const {stdout} = await runCli(['convert', path('far.txt'), path('far.h5')]);
  assert.match(stdout, /^chain +\S+far\.h5\nconvention +itk: ITK, ANTs, Slicer/);
});

test('compose is A(B(x)), whichever file it becomes', async (t) => {
  const {path, run, read} = await folderOf(t);
  const chain = ['-t', path('turn.txt'), '-t', path('warp.nii.gz')];
  await run('compose', ...chain, '--fixed', path('fixed.nii'), '-o', path('total.nii.gz'));
  await run('compose', ...chain, '-o', path('total.h5'));
  const expected = compose(TURN, waves());
  const moved = mapPoints(expected, points());
  assert.ok(largestDistance(mapPoints(await read('total.h5'), points()), moved) < 1e-5);
  const voxels = points().map(([x, y, z]) =>
    FIXED.affine.apply([10 + Math.round(x / 4), 8 + Math.round(y / 4), 9 + Math.round(z / 4)]),
  );
  const field = mapPoints(await read('total.nii.gz'), voxels);
  assert.ok(largestDistance(field, mapPoints(expected, voxels)) < 1e-4);
  assert.ok(largestDistance(field, mapPoints(compose(waves(), TURN), voxels)) > 0.5);
});

describe('invert leads back', () => {
  test('through an affine map', async (t) => {
    const {path, run, read} = await folderOf(t);
    await run('invert', path('far.txt'), path('back.txt'));
    const there = mapPoints(FAR, points());
    assert.ok(largestDistance(mapPoints(await read('back.txt'), there), points()) < 1e-9);
  });

  test('through a warp to images that lie far from each other, on the grid of the moving one', async (t) => {
    const {path, run, read} = await folderOf(t);
    const warnings = await run(
      'invert',
      '--moving',
      path('moving.nii'),
      path('far.nii.gz'),
      path('back.nii.gz'),
    );
    assert.deepEqual((warnings as {warnings: string[]}).warnings, []);
    const back = await read('back.nii.gz');
    assert.ok(back.kind === 'displacement');
    assert.deepEqual(back.field.grid.shape, MOVING.shape);
    const there = mapPoints(compose(FAR, waves(2)), points(15));
    // Between the voxels of 3 mm and more it is interpolated, twice.
    assert.ok(largestDistance(mapPoints(back, there), points(15)) < 0.2);
  });
});

describe('jacobian', () => {
  const jacobian = async (folder: Folder, ...words: string[]) => {
    const {path, run} = folder;
    const result = await run('jacobian', ...words, '-o', path('j.nii'));
    const {data} = await readImage(path('j.nii'));
    return {...(result as JacobianFile), data};
  };
  const all = (values: ArrayLike<number>, expected: number) =>
    Array.from(values).every((value) => Math.abs(value - expected) < 1e-5);

  test('of an affine map is its determinant everywhere; its logarithm; 1 without it', async (t) => {
    const folder = await folderOf(t);
    const words = ['-t', folder.path('turn.txt'), '-r', folder.path('fixed.nii')];
    const {determinant} = TURN.affine;
    assert.ok(all((await jacobian(folder, ...words)).data, determinant));
    assert.ok(all((await jacobian(folder, ...words, '--log')).data, Math.log(determinant)));
    assert.ok(all((await jacobian(folder, ...words, '--without-affine')).data, 1));
  });

  test('of a chain is the product; without the affine map what the warp does', async (t) => {
    const folder = await folderOf(t);
    const warp = ['-t', folder.path('warp.nii.gz')];
    const alone = await jacobian(folder, ...warp);
    const both = await jacobian(folder, '-t', folder.path('turn.txt'), ...warp);
    const without = await jacobian(
      folder,
      '-t',
      folder.path('turn.txt'),
      ...warp,
      '--without-affine',
    );
    assert.ok((alone.sdLogJacobian ?? 0) > 0.1);
    const {determinant} = TURN.affine;
    const ratios = Array.from(both.data, (value, n) => value / alone.data[n]);
    assert.ok(all(ratios, determinant));
    assert.ok(
      all(
        without.data.map((value, n) => value - alone.data[n]),
        0,
      ),
    );
    assert.equal(alone.folds, [...alone.data].filter((value) => value <= 0).length);
  });

  test('beyond what register folded into its warp', async (t) => {
    const folder = await folderOf(t);
    const {path} = folder;
    const warp = ['-t', path('far.nii.gz')];
    const beyond = await jacobian(folder, '-t', `inverse:${path('far.txt')}`, ...warp);
    const whole = await jacobian(folder, ...warp);
    assert.ok(
      all(
        whole.data.map((value, n) => value / beyond.data[n]),
        FAR.affine.determinant,
      ),
    );
  });
});

test('what cannot be written is refused in one sentence', async (t) => {
  const {path} = await folderOf(t);
  await writeFile(path('numbers.mat'), '1 0 0 0\n0 1 0 0\n0 0 1 0\n0 0 0 1\n');
  const [turn, warp] = [path('turn.txt'), path('warp.nii.gz')];
  const cases: readonly (readonly [words: readonly string[], message: RegExp])[] = [
    [
      ['convert', turn, turn],
      /^transform: an output must have a file of its own, got .*turn\.txt, which is an input\.$/,
    ],
    [
      ['convert', turn, path('a.mat')],
      /a\.mat: the convention of such a file must be itk, greedy, niftyreg, fsl, ras, got none\.$/,
    ],
    [
      ['convert', path('numbers.mat'), path('a.txt')],
      /numbers\.mat: the name before the file \(as in fsl:flirt\.mat\) must be one of greedy, niftyreg, fsl, ras/,
    ],
    [
      ['convert', `fsl:${path('numbers.mat')}`, path('a.txt')],
      /numbers\.mat: --fixed must be given, the image that the transform starts from/,
    ],
    [
      ['convert', warp, path('a.txt')],
      /a\.txt: such a file holds an affine map, got a transform that displaces/,
    ],
    [['compose', '-o', path('a.nii')], /^there must be at least one transform, got none\.$/],
    [
      ['compose', '-t', turn, '-o', path('a.nii')],
      /a\.nii: --fixed must be given, the image on whose grid the field lies\.$/,
    ],
    [['jacobian', '-t', turn, '-o', path('a.nii')], /^jacobian: --reference must be given/],
  ];
  for (const [words, message] of cases) {
    const {code, stdout, logs} = await runCli(words);
    assert.equal(code, 2, words.join(' '));
    assert.equal(stdout, '');
    assert.match(logs.at(-1)?.msg ?? '', message);
  }
  assert.equal(await readFile(turn, 'utf8'), encodeItkAffine(TURN.affine));
});

test('register takes the affine map of any program, by its name', async (t) => {
  const {path, register} = await workspace(t);
  const images = ['--fixed', path('fixed.nii'), '--moving', path('moving.nii')];
  const affine = Affine.fromParameters({translation: [1, -2, 3], rotationDegrees: [0, 0, 5]});
  await writeFile(path('start.txt'), encodeItkAffine(affine));
  const convert = ['convert', '--to', 'fsl', ...images, path('start.txt'), path('flirt.mat')];
  assert.equal((await runCli(convert)).code, 0);
  for (const file of [path('start.txt'), `fsl:${path('flirt.mat')}`]) {
    const {code, stderr} = await register(
      '--affine',
      file,
      '--affine-out',
      path('found.txt'),
      '-o',
      path('m.nii'),
    );
    assert.equal(code, 0, stderr);
    const {transform} = await readTransform(path('found.txt'));
    assert.ok(transform.kind === 'affine' && transform.affine.largestDifference(affine) < 1e-9);
  }
  const unnamed = await register('--affine', path('flirt.mat'));
  assert.equal(unnamed.code, 2);
  assert.match(
    unnamed.logs.at(-1)?.msg ?? '',
    /flirt\.mat: the name before the file .* must be one of greedy/,
  );
  const back = await register('--affine', `inverse:${path('start.txt')}`);
  assert.match(back.logs.at(-1)?.msg ?? '', /--affine must be a file as it is, got an inverse/);
});

test('apply gives the moved image and labels of register again, by its warp', async (t) => {
  const {path, register} = await workspace(t);
  const labels = (name: string) => ['--labels', `${path('labels.nii')}:${path(name)}`];
  const done = await register(
    ...['--background', '0', '-o', path('moved.nii'), '-w', path('w.nii.gz')],
    ...labels('labels_moved.nii'),
  );
  assert.equal(done.code, 0, done.stderr);
  const {code, stderr} = await runCli([
    ...['apply', '-t', path('w.nii.gz'), '-r', path('fixed.nii'), ...labels('labels_again.nii')],
    ...['-i', `${path('moving.nii')}:${path('again.nii')}`],
  ]);
  assert.equal(code, 0, stderr);
  const read = async (name: string) => (await readImage(path(name))).data;
  assert.ok(largestDifference(await read('again.nii'), await read('moved.nii')) < 1e-2);
  const [again, moved] = [await read('labels_again.nii'), await read('labels_moved.nii')];
  const different = again.filter((label, n) => label !== moved[n]).length;
  // A place on the border of two voxels is rounded with the float32 of the file.
  assert.ok(different <= 0.002 * moved.length, `${different} of ${moved.length}`);
});
