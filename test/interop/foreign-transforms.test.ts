import assert from 'node:assert/strict';
import {readFile, rm, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {describe, test, type TestContext} from 'node:test';
import {geometryFromGrid} from '../../src/formats/images/nifti/geometry.js';
import {readImage} from '../../src/formats/images/read-image.js';
import {writeImage} from '../../src/formats/images/write-image.js';
import {encodeItkAffine} from '../../src/formats/transforms/itk-text.js';
import {encodeItkWarp, ITK_VECTORS} from '../../src/formats/transforms/itk.js';
import {Affine} from '../../src/geometry/affine.js';
import type {Grid} from '../../src/geometry/grid.js';
import type {Triple} from '../../src/geometry/triple.js';
import {mapPoints, sample} from '../../src/transforms/apply.js';
import {affineTransform, compose, type Transform} from '../../src/transforms/transform.js';
import type {Volume} from '../../src/volume/volume.js';
import {runCli} from '../support/cli.js';
import {findPeers, findPython, runReference, type Python} from '../support/python.js';
import {DATA} from '../support/real-data.js';
import {temporaryFolder} from '../support/temporary-folder.js';
import {largestDistance, TURN, waves} from '../support/transforms.js';
import {
  blobs,
  centredAffine,
  imageOf,
  largestDifference,
  obliqueAffine,
} from '../support/volumes.js';

/** Large enough for the blobs: nothing is left of them at the edges, where programs differ. */
const RIGHT_HANDED = gridOf([35, 27, 31], [12, -9, 17], [2.5, 3.5, 3], [4, -2, 1]);
const LEFT_HANDED = gridOf([31, 37, 29], [-25, 14, 6], [-3, 2.5, 3.5], [-1, 2, 3]);

function gridOf(shape: Triple, degrees: Triple, spacing: Triple, centre: Triple): Grid {
  return {shape, affine: centredAffine(obliqueAffine(degrees, spacing), shape, centre)};
}

/** Fixed and moving image. */
type Pair = readonly [Volume, Volume];

const blobsOn = (fixed: Grid, moving: Grid) => (): Promise<Pair> =>
  Promise.resolve([
    imageOf(fixed, blobs),
    imageOf(moving, ([x, y, z]) => blobs([x + 2 + Math.sin(y / 8), 1.1 * y, z - 2])),
  ]);

/** Two real heads without their skulls, oblique, of both hands, 0 to 150. */
async function realBrains(): Promise<Pair> {
  const [fixed, moving] = await Promise.all(
    [
      ['icbm2009a_brain_1mm', gridOf([47, 57, 49], [8, -6, 11], [4, 3.8, 4.1], [0, -18, 12])],
      ['colin27_brain_1mm', gridOf([49, 55, 47], [-12, 7, 5], [-4, 4, 3.9], [0, -18, 12])],
    ].map(async ([name, grid]) => {
      const image = await readImage(join(DATA, 'brain', `${name as string}.nii.gz`));
      const {shape, affine} = grid as Grid;
      const {data} = sample(image, affineTransform(Affine.identity), {shape, affine}, {outside: 0});
      const values = Float32Array.from(data);
      const largest = values.reduce((most, value) => Math.max(most, value), 0);
      return {shape, affine, data: values.map((value) => (150 * value) / largest)};
    }),
  );
  return [fixed, moving];
}

const PAIRS = [
  ['fixed right-handed, moving left-handed', blobsOn(RIGHT_HANDED, LEFT_HANDED)],
  ['fixed left-handed, moving right-handed', blobsOn(LEFT_HANDED, RIGHT_HANDED)],
  ['real brains', realBrains],
] as const;

/** Fields are float32 and interpolated in two ways: mm. */
const POINTS_MM = 2e-3;
/** Of the range of the image, 150. */
const IMAGE = 0.15;

interface Lists {
  readonly points: readonly Triple[];
  readonly mapped: Readonly<Record<string, readonly Triple[]>>;
}

class Workspace {
  readonly folder: string;
  readonly #program: string;
  readonly #command: string;

  constructor(folder: string, program: string, command: string) {
    this.folder = folder;
    this.#program = program;
    this.#command = command;
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  /** What the program says. */
  ask(action: 'write' | 'read'): Lists {
    const words = [this.#program, action, this.folder];
    return runReference(this.#command, 'foreign_transforms.py', words) as Lists;
  }

  async run(...words: string[]): Promise<void> {
    const {code, stderr} = await runCli(words);
    assert.equal(code, 0, stderr);
  }

  /** Where `apply` takes points; the images are given by moving an image, too. */
  async lead(points: readonly Triple[], ...transforms: string[]): Promise<readonly Triple[]> {
    const rows = points.map((point) => point.join());
    await writeFile(this.path('points.csv'), `x,y,z\n${rows.join('\n')}\n`);
    const chain = transforms.flatMap((text) => ['-t', this.#place(text)]);
    await this.run(
      ...['apply', ...chain, '-r', this.path('fixed.nii.gz')],
      ...['--points', `${this.path('points.csv')}:${this.path('mapped.csv')}`],
      ...['-i', `${this.path('moving.nii.gz')}:${this.path('ours.nii')}`],
    );
    const [, ...lines] = (await readFile(this.path('mapped.csv'), 'utf8')).trim().split('\n');
    return lines.map((line) => line.split(',').map(Number) as unknown as Triple);
  }

  /** `name:file` with the file in the folder. */
  #place(text: string): string {
    const at = text.lastIndexOf(':') + 1;
    return text.slice(0, at) + this.path(text.slice(at));
  }

  /** Whether the program's image is the one that `lead` moved. */
  async assertImage(name: string): Promise<number> {
    const [theirs, ours] = await Promise.all([
      readImage(this.path(name)),
      readImage(this.path('ours.nii')),
    ]);
    const difference = largestDifference(theirs.data, ours.data);
    assert.ok(difference < IMAGE, `${name} differs by up to ${difference} of 150`);
    return difference;
  }
}

async function workspace(
  t: TestContext,
  [program, python]: readonly [string, Python],
  [fixed, moving]: Pair,
): Promise<Workspace | null> {
  if (python.missing !== undefined) {
    t.skip(python.missing);
    return null;
  }
  const folder = await temporaryFolder(t);
  const write = (name: string, {shape, affine, data}: Volume) =>
    writeImage(join(folder, name), {shape, geometry: geometryFromGrid({affine}), data});
  await write('fixed.nii.gz', fixed);
  await write('moving.nii.gz', moving);
  return new Workspace(folder, program, python.command);
}

function assertNear(found: readonly Triple[], expected: readonly Triple[], what: string): number {
  const distance = largestDistance(found, expected);
  assert.ok(distance < POINTS_MM, `${what}: ${distance} mm`);
  return distance;
}

/** Write an affine map and a warp that acts before it, on the grid of the fixed image. */
async function writeOwn(work: Workspace, fixed: Grid): Promise<Transform> {
  await writeFile(work.path('own.txt'), encodeItkAffine(TURN.affine));
  const geometry = geometryFromGrid(fixed);
  const data = encodeItkWarp(waves(), fixed);
  const intent = ITK_VECTORS;
  const {shape} = fixed;
  await writeImage(work.path('own.nii.gz'), {shape, data, geometry, intent, components: 3});
  return compose(TURN, waves());
}

const python = findPython('SimpleITK', 'nibabel');
const antsPython = findPeers('ants');
const greedyPython = findPeers('picsl_greedy');
const fslPython = findPeers('fsl.transform.flirt');
const surfaPython = findPeers('surfa');

for (const [title, makePair] of PAIRS) {
  describe(title, async () => {
    const pair = await makePair();
    const [fixed] = pair;
    const begin = (t: TestContext, program: string, command: Python) =>
      workspace(t, [program, command], pair);
    const images = (work: Workspace) => [
      ...['--fixed', work.path('fixed.nii.gz'), '--moving', work.path('moving.nii.gz')],
    ];

    test('SimpleITK: affine maps, fields, splines and composites in .tfm, .mat, .h5 and .nii.gz, both ways', async (t) => {
      const work = await begin(t, 'itk', python);
      if (work === null) return;
      const theirs = work.ask('write');
      for (const [name, expected] of Object.entries(theirs.mapped)) {
        assertNear(await work.lead(theirs.points, name), expected, name);
      }
      await work.lead(theirs.points, 'splines.tfm');
      t.diagnostic(`spline ${await work.assertImage('moved.nii.gz')} of 150`);
      const splines = ['-t', work.path('splines.h5'), '-t', work.path('affine.tfm')];
      await work.run('compose', ...splines, '-o', work.path('spline_chain.h5'));
      const own = await writeOwn(work, fixed);
      const convert = (...words: string[]) => work.run('convert', ...words);
      await convert(work.path('own.txt'), work.path('affine.txt'));
      await convert('--to', 'itk', work.path('own.txt'), work.path('affine.mat'));
      await convert(work.path('own.nii.gz'), work.path('warp.nii.gz'));
      const chain = ['-t', work.path('own.txt'), '-t', work.path('own.nii.gz')];
      await work.run('compose', ...chain, '-o', work.path('chain.h5'));
      const {points, mapped} = work.ask('read');
      const affine = mapPoints(TURN, points);
      assertNear(mapped['affine.txt'], affine, 'affine.txt');
      assertNear(mapped['affine.mat'], affine, 'affine.mat');
      assertNear(mapped['warp.nii.gz'], mapPoints(waves(), points), 'warp.nii.gz');
      assertNear(mapped['chain.h5'], mapPoints(own, points), 'chain.h5');
      const through = await work.lead(points, 'splines.tfm', 'affine.tfm');
      assertNear(mapped['spline_chain.h5'], through, 'spline_chain.h5');
    });

    test('ANTs: what it registered, by its affine, warps and composite; and our files', async (t) => {
      const work = await begin(t, 'ants', antsPython);
      if (work === null) return;
      const {points, mapped} = work.ask('write');
      const files = ['ants_0GenericAffine.mat', 'ants_1Warp.nii.gz'];
      assertNear(await work.lead(points, ...files), mapped['warp and affine'], 'files');
      const difference = await work.assertImage('moved.nii.gz');
      assertNear(await work.lead(points, 'ants_Composite.h5'), mapped.composite, 'composite');
      await work.assertImage('composite.nii.gz');
      const back = ['ants_1InverseWarp.nii.gz', 'inverse:ants_0GenericAffine.mat'];
      assertNear(await work.lead(points, ...back), mapped.inverse, 'inverse');
      t.diagnostic(`image ${difference} of 150`);

      const own = await writeOwn(work, fixed);
      await work.run('convert', '--to', 'itk', work.path('own.txt'), work.path('affine.mat'));
      await work.run('convert', work.path('own.nii.gz'), work.path('warp.nii.gz'));
      const chain = ['-t', work.path('own.txt'), '-t', work.path('own.nii.gz')];
      await work.run('compose', ...chain, '-o', work.path('chain.h5'));
      const theirs = work.ask('read');
      const expected = mapPoints(own, theirs.points);
      assertNear(theirs.mapped['warp and affine'], expected, 'our files in ANTs');
      assertNear(theirs.mapped['chain.h5'], expected, 'our chain in ANTs');
      await work.lead(theirs.points, 'own.txt', 'own.nii.gz');
      await work.assertImage('moved.nii.gz');
    });

    test('greedy: what it registered, by its matrix and its warp; and our files', async (t) => {
      const work = await begin(t, 'greedy', greedyPython);
      if (work === null) return;
      const {points} = work.ask('write');
      await work.lead(points, 'greedy:affine.mat');
      await work.assertImage('affine_moved.nii.gz');
      await work.lead(points, 'greedy:affine.mat', 'warp.nii.gz');
      t.diagnostic(`image ${await work.assertImage('moved.nii.gz')} of 150`);

      await writeOwn(work, fixed);
      await work.run('convert', '--to', 'greedy', work.path('own.txt'), work.path('affine.mat'));
      await work.run(
        'convert',
        '--to',
        'greedy',
        work.path('own.nii.gz'),
        work.path('warp.nii.gz'),
      );
      work.ask('read');
      await work.lead(points, 'own.txt', 'own.nii.gz');
      await work.assertImage('moved.nii.gz');
    });

    test('FSL (fslpy): matrices of FLIRT, relative and absolute warps, both ways', async (t) => {
      const work = await begin(t, 'fsl', fslPython);
      if (work === null) return;
      const theirs = work.ask('write');
      for (const [name, text] of [
        ['affine.mat', 'fsl:affine.mat'],
        ['relative.nii.gz', 'fsl:relative.nii.gz'],
        ['absolute.nii.gz', 'fsl-absolute:absolute.nii.gz'],
      ] as const) {
        assertNear(await work.lead(theirs.points, text), theirs.mapped[name], name);
      }
      for (const name of Object.keys(theirs.mapped)) await rm(work.path(name));
      const own = await writeOwn(work, fixed);
      const chain = ['-t', work.path('own.txt'), '-t', work.path('own.nii.gz'), ...images(work)];
      await work.run(
        'convert',
        '--to',
        'fsl',
        ...images(work),
        work.path('own.txt'),
        work.path('affine.mat'),
      );
      await work.run('compose', '--to', 'fsl', ...chain, '-o', work.path('relative.nii.gz'));
      await work.run(
        'compose',
        '--to',
        'fsl-absolute',
        ...chain,
        '-o',
        work.path('absolute.nii.gz'),
      );
      const {points, mapped} = work.ask('read');
      const expected = mapPoints(own, points);
      assertNear(mapped['affine.mat'], mapPoints(TURN, points), 'affine.mat');
      assertNear(mapped['relative.nii.gz'], expected, 'relative');
      t.diagnostic(`absolute ${assertNear(mapped['absolute.nii.gz'], expected, 'absolute')} mm`);
    });

    test('SPM, NiftyReg, VoxelMorph and RAS mm, by their words: fields, both ways', async (t) => {
      const work = await begin(t, 'nibabel', python);
      if (work === null) return;
      const theirs = work.ask('write');
      for (const [name, expected] of Object.entries(theirs.mapped)) {
        const text = name === 'voxels.nii.gz' ? `voxels:${name}` : name;
        assertNear(await work.lead(theirs.points, text), expected, name);
      }
      const own = await writeOwn(work, fixed);
      const chain = ['-t', work.path('own.txt'), '-t', work.path('own.nii.gz'), ...images(work)];
      for (const convention of ['ras', 'spm', 'niftyreg', 'voxels']) {
        const file = work.path(`${convention}.nii.gz`);
        await work.run('compose', '--to', convention, ...chain, '-o', file);
      }
      const {points, mapped} = work.ask('read');
      const expected = mapPoints(own, points);
      for (const [name, found] of Object.entries(mapped)) assertNear(found, expected, name);
    });

    test('FreeSurfer (surfa): linear transforms and warps of RAS mm and of voxels, both ways', async (t) => {
      const work = await begin(t, 'freesurfer', surfaPython);
      if (work === null) return;
      const theirs = work.ask('write');
      for (const [name, expected] of Object.entries(theirs.mapped)) {
        assertNear(await work.lead(theirs.points, name), expected, name);
      }
      t.diagnostic(`warp ${await work.assertImage('moved.nii.gz')} of 150`);
      const own = await writeOwn(work, fixed);
      await work.run('convert', ...images(work), work.path('own.txt'), work.path('affine.lta'));
      const chain = ['-t', work.path('own.txt'), '-t', work.path('own.nii.gz'), ...images(work)];
      await work.run('compose', ...chain, '-o', work.path('warp.mgz'));
      const {points, mapped} = work.ask('read');
      assertNear(mapped['affine.lta'], mapPoints(TURN, points), 'affine.lta');
      assertNear(mapped['warp.mgz'], mapPoints(own, points), 'warp.mgz');
      await work.lead(points, 'warp.mgz');
      await work.assertImage('moved.nii.gz');
    });
  });
}
