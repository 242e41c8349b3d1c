import assert from 'node:assert/strict';
import {readFile, readdir, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {Readable} from 'node:stream';
import {describe, test, type TestContext} from 'node:test';
import {gunzipSync, gzipSync} from 'node:zlib';
import {geometryFromGrid} from '../../src/formats/images/nifti/geometry.js';
import {readImage} from '../../src/formats/images/read-image.js';
import {encodeSeries, writeImage} from '../../src/formats/images/write-image.js';
import {encodeItkAffine} from '../../src/formats/transforms/itk-text.js';
import {encodeItkWarp, ITK_VECTORS} from '../../src/formats/transforms/itk.js';
import {Affine} from '../../src/geometry/affine.js';
import {countVoxels, type Grid} from '../../src/geometry/grid.js';
import type {Triple} from '../../src/geometry/triple.js';
import {mapPoints, sample} from '../../src/transforms/apply.js';
import {compose} from '../../src/transforms/transform.js';
import type {Applied} from '../../src/workflows/apply-files.js';
import {runCli} from '../support/cli.js';
import {temporaryFolder} from '../support/temporary-folder.js';
import {FIELD_GRID, SHEAR, somePoints, TURN, waves} from '../support/transforms.js';
import {seededRandom} from '../support/random.js';
import {
  blobs,
  centredAffine,
  imageOf,
  largestDifference,
  obliqueAffine,
} from '../support/volumes.js';

const FIXED: Grid = gridOf([15, 11, 13], [12, -9, 17], [4, 5, 4.5]);
/** Left-handed. */
const MOVING: Grid = gridOf([13, 17, 9], [-25, 14, 6], [-4.5, 3, 6]);
const [A, B] = [TURN, SHEAR];

function gridOf(shape: Triple, degrees: Triple, spacing: Triple): Grid {
  return {shape, affine: centredAffine(obliqueAffine(degrees, spacing), shape, [0, 0, 0])};
}

interface Folder {
  readonly path: (name: string) => string;
  /** Run `apply --json`. */
  readonly apply: (...words: string[]) => Promise<Applied>;
}

/** fixed, moving and labels, the affine maps A and B, a warp, and points. */
async function folderOf(t: TestContext): Promise<Folder> {
  const folder = await temporaryFolder(t);
  const path = (name: string) => join(folder, name);
  const write = (name: string, {shape, affine}: Grid, data: Float32Array | Int16Array) =>
    writeImage(path(name), {shape, data, geometry: geometryFromGrid({affine})});
  await write('fixed.nii', FIXED, imageOf(FIXED, blobs).data as Float32Array);
  const moving = imageOf(MOVING, blobs).data as Float32Array;
  await write('moving.nii.gz', MOVING, moving);
  const labels = Int16Array.from(moving, (value) => (value > 60 ? 1000 : value > 20 ? -3 : 0));
  await write('labels.nii', MOVING, labels);
  await writeFile(path('a.txt'), encodeItkAffine(A.affine));
  await writeFile(path('b.tfm'), encodeItkAffine(B.affine));
  await writeImage(path('warp.nii.gz'), {
    ...{shape: FIELD_GRID.shape, data: encodeItkWarp(waves(), FIELD_GRID), components: 3},
    ...{geometry: geometryFromGrid(FIELD_GRID), intent: ITK_VECTORS},
  });
  const rows = somePoints(20, 15, seededRandom(3)).map((point, n) => `${n},"a, b",${point.join()}`);
  await writeFile(path('points.csv'), `name,note,x,y,z\n${rows.join('\n')}\n`);
  const apply = async (...words: string[]) => {
    const {code, stdout, stderr} = await runCli(['apply', '--json', ...words]);
    assert.equal(code, 0, stderr);
    return JSON.parse(stdout) as Applied;
  };
  return {path, apply};
}

async function pointsIn(path: string): Promise<Triple[]> {
  const [, ...lines] = (await readFile(path, 'utf8')).trim().split('\n');
  return lines.map((line) => {
    const [x, y, z] = line.split(',').slice(-3).map(Number);
    return [x, y, z];
  });
}

/** mm: points are written with all their digits, a field has those of float32. */
const CLOSE = 1e-4;

function assertPoints(actual: readonly Triple[], expected: readonly Triple[]): void {
  assert.ok(largestDifference(actual.flat(), expected.flat()) < CLOSE);
}

describe('apply', () => {
  test('without a transform on the own grid changes nothing', async (t) => {
    const {path, apply} = await folderOf(t);
    await apply(
      ...['-r', 'own', '-i', `${path('moving.nii.gz')}:${path('m.nii')}`],
      ...['--labels', `${path('labels.nii')}:${path('l.nii.gz')}`],
      ...['--points', `${path('points.csv')}:${path('p.csv')}`],
    );
    assert.deepEqual(await readImage(path('m.nii')), {
      ...(await readImage(path('moving.nii.gz'))),
      ...{path: path('m.nii'), files: [path('m.nii')]},
    });
    const [labels, moved] = [path('labels.nii'), path('l.nii.gz')];
    assert.deepEqual(
      (await readImage(moved, {kind: 'label'})).data,
      (await readImage(labels, {kind: 'label'})).data,
    );
    assert.equal(await readFile(path('p.csv'), 'utf8'), await readFile(path('points.csv'), 'utf8'));
  });

  test('-t A -t B is T(x) = A(B(x)), of images and of points, and A and B do not commute', async (t) => {
    const {path, apply} = await folderOf(t);
    const chain = ['-t', path('a.txt'), '-t', path('b.tfm')];
    await apply(
      ...[...chain, '-r', path('fixed.nii'), '-i', `${path('moving.nii.gz')}:${path('m.nii')}`],
      ...['--points', `${path('points.csv')}:${path('p.csv')}`],
    );
    const points = await pointsIn(path('points.csv'));
    const goal = points.map((point) => A.affine.apply(B.affine.apply(point)));
    assertPoints(await pointsIn(path('p.csv')), goal);
    assert.ok(Math.abs(mapPoints(compose(B, A), points)[0][0] - goal[0][0]) > 0.1);
    const expected = sample(imageOf(MOVING, blobs), compose(A, B), FIXED).data;
    assert.ok(largestDifference((await readImage(path('m.nii'))).data, expected) < 1e-3);
  });

  test('an image goes through affine, warp and affine by one interpolation', async (t) => {
    const {path, apply} = await folderOf(t);
    const files = ['a.txt', 'warp.nii.gz', 'b.tfm'].flatMap((name) => ['-t', path(name)]);
    const {files: written, reference} = await apply(
      ...[...files, '-r', path('fixed.nii'), '-i', `${path('moving.nii.gz')}:${path('m.nii')}`],
    );
    const expected = sample(imageOf(MOVING, blobs), compose(A, waves(), B), FIXED).data;
    const moved = await readImage(path('m.nii'));
    assert.ok(largestDifference(moved.data, expected) < 1e-2);
    assert.deepEqual(moved.geometry, (await readImage(path('fixed.nii'))).geometry);
    assert.deepEqual([written[0].shape, reference], [FIXED.shape, path('fixed.nii')]);
  });

  test('inverse: leads back, through affine maps and warps', async (t) => {
    const {path, apply} = await folderOf(t);
    const names = ['a.txt', 'warp.nii.gz', 'b.tfm'];
    const there = names.flatMap((name) => ['-t', path(name)]);
    const back = names.toReversed().flatMap((name) => ['-t', `inverse:${path(name)}`]);
    await apply(...there, '--points', `${path('points.csv')}:${path('there.csv')}`);
    await apply(...back, '--points', `${path('there.csv')}:${path('back.csv')}`);
    const [points, returned] = [
      await pointsIn(path('points.csv')),
      await pointsIn(path('back.csv')),
    ];
    // The inverse of a field is exact at its voxels and interpolated between them: a tenth of a mm of 4 mm waves.
    assert.ok(largestDifference(points.flat(), returned.flat()) < 0.2);
    assert.ok(largestDifference(points.flat(), (await pointsIn(path('there.csv'))).flat()) > 2);
  });

  test('points are RAS, LPS, or voxels of one image before and of the other after', async (t) => {
    const {path, apply} = await folderOf(t);
    const move = async (...words: string[]): Promise<Triple[]> => {
      await apply(
        '-t',
        path('a.txt'),
        '--points',
        `${path('points.csv')}:${path('p.csv')}`,
        ...words,
      );
      return pointsIn(path('p.csv'));
    };
    const points = await pointsIn(path('points.csv'));
    const turn = (point: Triple): Triple => [-point[0], -point[1], point[2]];
    assertPoints(
      await move('--points-in', 'lps'),
      points.map((p) => turn(A.affine.apply(turn(p)))),
    );
    const images = ['--voxels-of', path('fixed.nii'), path('moving.nii.gz')];
    const toVoxel = MOVING.affine.inverse();
    const expected = points.map((p) => toVoxel.apply(A.affine.apply(FIXED.affine.apply(p))));
    assertPoints(await move(...images), expected);
    assert.match(await readFile(path('p.csv'), 'utf8'), /^name,note,x,y,z\n0,"a, b",/);
  });

  test('points outside of a warp stay where they are, and that is said', async (t) => {
    const {path, apply} = await folderOf(t);
    await writeFile(path('far.csv'), 'x,y,z\n1,2,3\n500,0,0\n');
    const {warnings} = await apply(
      ...['-t', path('warp.nii.gz'), '--points', `${path('far.csv')}:${path('p.csv')}`],
    );
    assert.deepEqual((await pointsIn(path('p.csv')))[1], [500, 0, 0]);
    assert.match(warnings[0], /far\.csv: 1 of 2 points lie outside of a warp/);
  });

  test('a warp that hardly reaches the reference is said, as in the wrong order', async (t) => {
    const {path, apply} = await folderOf(t);
    await writeFile(path('far.txt'), encodeItkAffine(Affine.translation([200, 0, 0])));
    const warp = ['-t', path('warp.nii.gz')];
    const far = ['-t', path('far.txt')];
    const rest = ['-r', path('fixed.nii'), '-i', `${path('moving.nii.gz')}:${path('m.nii')}`];
    assert.deepEqual((await apply(...far, ...warp, ...rest)).warnings, []);
    const {warnings} = await apply(...warp, ...far, ...rest);
    assert.match(warnings[0], /^a warp leaves 100 % of the reference where it is/);
  });

  test('labels keep their numbers and type; a majority has smoother borders than the nearest voxel', async (t) => {
    const {path, apply} = await folderOf(t);
    const move = async (name: string, ...words: string[]) => {
      const pair = `${path('labels.nii')}:${path(name)}`;
      await apply(
        '-t',
        path('a.txt'),
        '-r',
        path('fixed.nii'),
        '--spacing',
        '2',
        '--labels',
        pair,
        ...words,
      );
      const labels = await readImage(path(name), {kind: 'label'});
      assert.equal(labels.datatype, 'int16');
      assert.equal(labels.intent.code, 1002);
      assert.deepEqual([...new Set(labels.data)].sort(), [-3, 0, 1000]);
      return labels;
    };
    const nearest = await move('nearest.nii');
    const majority = await move('majority.nii', '--label-interpolation', 'majority');
    assert.ok(borders(majority) < 0.9 * borders(nearest));
  });

  test('--interpolation cubic looks images up by their spline, labels as ever', async (t) => {
    const {path, apply} = await folderOf(t);
    const move = (how: string) =>
      apply(
        ...['-t', path('a.txt'), '-t', path('warp.nii.gz'), '-r', path('fixed.nii')],
        ...['-i', `${path('moving.nii.gz')}:${path(`${how}.nii`)}`, '--interpolation', how],
        ...['--labels', `${path('labels.nii')}:${path(`labels_${how}.nii`)}`],
      );
    await move('linear');
    await move('cubic');
    const image = async (name: string) => (await readImage(path(name))).data;
    const expected = sample(imageOf(MOVING, blobs), compose(A, waves()), FIXED, {
      interpolation: 'cubic',
    });
    const cubic = await image('cubic.nii');
    assert.ok(largestDifference(cubic, expected.data) < 1e-2);
    assert.ok(largestDifference(cubic, await image('linear.nii')) > 1);
    assert.deepEqual(await image('labels_cubic.nii'), await image('labels_linear.nii'));
  });

  test('--spacing keeps the box and its middle', async (t) => {
    const {path, apply} = await folderOf(t);
    await apply(
      '-r',
      'own',
      '--spacing',
      '2,2.5,2.25',
      '-i',
      `${path('fixed.nii')}:${path('m.nii')}`,
    );
    const moved = await readImage(path('m.nii'));
    assert.deepEqual(moved.shape, [30, 22, 26]);
    assert.ok(largestDifference(moved.affine.spacing, [2, 2.5, 2.25]) < 1e-5);
    const middle = moved.affine.apply([14.5, 10.5, 12.5]);
    assert.ok(largestDifference(middle, [0, 0, 0]) < 1e-4);
  });

  test('--background is what lies beyond an image; labels have 0 there', async (t) => {
    const {path, apply} = await folderOf(t);
    await writeFile(path('far.txt'), encodeItkAffine(Affine.translation([1000, 0, 0])));
    const move = async (...words: string[]) => {
      await apply(
        ...['-t', path('far.txt'), '-r', path('fixed.nii')],
        ...['-i', `${path('moving.nii.gz')}:${path('m.nii')}`, ...words],
        ...['--labels', `${path('labels.nii')}:${path('l.nii')}`],
      );
      assert.ok((await readImage(path('l.nii'))).data.every((value) => value === 0));
      return new Set((await readImage(path('m.nii'))).data);
    };
    assert.deepEqual(await move(), new Set([0]));
    assert.deepEqual(await move('--background=-1024'), new Set([-1024]));
    const edge = await move('--background', 'edge');
    assert.ok(![0, -1024].some((value) => edge.has(value)));
  });

  test('a slice moves in its plane', async (t) => {
    const {path, apply} = await folderOf(t);
    const shape: Triple = [7, 5, 1];
    const data = Float32Array.from({length: 35}, (_, n) => n);
    const affine = Affine.scaling([-1, 1, 5]);
    await writeImage(path('slice.nii'), {shape, data, geometry: geometryFromGrid({affine})});
    await writeFile(path('shift.txt'), encodeItkAffine(Affine.translation([-2, 1, 0])));
    const pair = `${path('slice.nii')}:${path('m.nii')}`;
    await apply('-t', path('shift.txt'), '-r', path('slice.nii'), '-i', pair, '--background=-1');
    const moved = await readImage(path('m.nii'));
    // Two voxels on along i, which runs to the left, one along j.
    assert.equal(moved.data[0], 2 + 7);
    assert.equal(moved.data[5], -1);
    assert.deepEqual(moved.shape, shape);
  });
});

/** Neighbours along i with different labels. */
function borders({data}: {readonly data: ArrayLike<number>}): number {
  return Array.from(data).filter((value, n) => n > 0 && value !== data[n - 1]).length;
}

describe('a series', () => {
  const VOLUMES = 40;
  const geometry = geometryFromGrid(MOVING, {code: 2});
  const further = {lengths: [VOLUMES], steps: [0.8], timeUnit: 8};
  const volumes = Array.from({length: VOLUMES}, (_, n) =>
    Int16Array.from(imageOf(MOVING, ([x, y, z]) => 10 * blobs([x + n, y, z - n])).data),
  );
  const plain = async () => {
    const pieces: Uint8Array[] = [];
    const output = {shape: MOVING.shape, geometry, further};
    for await (const piece of encodeSeries('series.nii', output, Readable.from(volumes)))
      pieces.push(piece);
    return Buffer.concat(pieces);
  };

  test('is looked up by splines volume by volume', async (t) => {
    const {path, apply} = await folderOf(t);
    await writeFile(path('series.nii'), await plain());
    const cubic = ['-t', path('a.txt'), '-r', path('fixed.nii'), '--interpolation', 'cubic'];
    await apply(...cubic, '-i', `${path('series.nii')}:${path('moved.nii')}`);
    for (const volume of [0, VOLUMES - 1]) {
      const data = Float32Array.from(volumes[volume]);
      await writeImage(path('one.nii'), {shape: MOVING.shape, geometry, data});
      await apply(...cubic, '-i', `${path('one.nii')}:${path('moved_one.nii')}`);
      const [one, ofSeries] = [path('moved_one.nii'), path('moved.nii')];
      assert.deepEqual((await readImage(ofSeries, {volume})).data, (await readImage(one)).data);
    }
  });

  test('is what its volumes are one by one, plain, compressed, and in several gzip members', async (t) => {
    const {path, apply} = await folderOf(t);
    const bytes = await plain();
    await writeFile(path('plain.nii'), bytes);
    await writeFile(path('packed.nii.gz'), gzipSync(bytes));
    const halves = [bytes.subarray(0, 9999), bytes.subarray(9999)].map((part) => gzipSync(part));
    await writeFile(path('members.nii.gz'), Buffer.concat(halves));
    const names = ['plain.nii', 'packed.nii.gz', 'members.nii.gz'];
    const chain = ['-t', path('a.txt'), '-t', path('warp.nii.gz'), '-r', path('fixed.nii')];
    await apply(
      ...[...chain, ...names.flatMap((name) => ['-i', `${path(name)}:${path(`moved_${name}`)}`])],
    );
    const read = (name: string, volume: number) => readImage(path(`moved_${name}`), {volume});
    for (const volume of volumes.keys()) {
      const {data: moved} = await read('plain.nii', volume);
      const data = Float32Array.from(volumes[volume]);
      await writeImage(path('one.nii'), {shape: MOVING.shape, geometry, data});
      await apply(...chain, '-i', `${path('one.nii')}:${path('moved_one.nii')}`);
      assert.deepEqual(moved, (await readImage(path('moved_one.nii'))).data);
    }
    const plainBytes = await readFile(path('moved_plain.nii'));
    for (const name of ['packed.nii.gz', 'members.nii.gz']) {
      assert.ok(gunzipSync(await readFile(path(`moved_${name}`))).equals(plainBytes), name);
    }
    const {stdout} = await runCli(['info', '--json', path('moved_plain.nii')]);
    const {dimensions} = JSON.parse(stdout) as {dimensions: number[]};
    assert.deepEqual(dimensions, [...FIXED.shape, VOLUMES]);
    const header = new DataView(plainBytes.buffer);
    assert.ok(Math.abs(header.getFloat32(76 + 4 * 4, true) - 0.8) < 1e-6, 'the time of a volume');
    assert.equal(header.getUint8(123), 10, 'mm and seconds');
  });

  test('that is cut off is refused with its size, and nothing is written', async (t) => {
    const {path} = await folderOf(t);
    const bytes = (await plain()).subarray(0, -5000);
    await writeFile(path('cut.nii.gz'), gzipSync(bytes));
    const words = ['-i', `${path('cut.nii.gz')}:${path('m.nii')}`];
    const {code, logs} = await runCli(['apply', '-r', 'own', ...words]);
    assert.equal(code, 3);
    const needed = 352 + 2 * VOLUMES * countVoxels(MOVING.shape);
    assert.match(
      logs.at(-1)?.msg ?? '',
      new RegExp(
        `cut\\.nii\\.gz: the file must hold ${needed} bytes .* got ${bytes.length}; it is cut off`,
      ),
    );
    assert.ok(!(await readdir(path('.'))).some((name) => /^m\.nii|tmp/.test(name)));
  });

  test('whose gzip data are damaged is refused by its name', async (t) => {
    const {path} = await folderOf(t);
    const packed = gzipSync(await plain());
    packed[packed.length - 6] ^= 1;
    await writeFile(path('damaged.nii.gz'), packed);
    const words = ['-i', `${path('damaged.nii.gz')}:${path('m.nii')}`];
    const {code, logs} = await runCli(['apply', '-r', 'own', ...words]);
    assert.equal(code, 3);
    assert.match(
      logs.at(-1)?.msg ?? '',
      /^\S+damaged\.nii\.gz: the gzip data must be whole, but its/,
    );
  });
});

test('what cannot be applied is refused in one sentence', async (t) => {
  const {path} = await folderOf(t);
  const image = `${path('moving.nii.gz')}:${path('m.nii')}`;
  const cases: readonly (readonly [words: readonly string[], code: number, message: RegExp])[] = [
    [
      ['-t', path('a.txt')],
      2,
      /^apply: there must be images, labels or points to move, got none\.$/,
    ],
    [
      ['-i', image],
      2,
      /^apply: --reference must be given, the image on whose grid the results lie\.$/,
    ],
    [['-i', 'moving.nii'], 2, /^apply: --image must be two files with a colon between them/],
    [
      ['-r', 'own', '-i', `${path('moving.nii.gz')}:${path('a.txt')}`],
      2,
      /a\.txt: the name of an output image must end in \.nii, \.nii\.gz, \.mgz, \.mgh, \.nrrd or \.mha\.$/,
    ],
    [
      [
        '-r',
        'own',
        '-t',
        path('warp.nii.gz'),
        '-i',
        `${path('moving.nii.gz')}:${path('warp.nii.gz')}`,
      ],
      2,
      /^apply: an output must have a file of its own, got .*warp\.nii\.gz, which is an input\.$/,
    ],
    [
      ['-r', 'own', '-i', image, '--spacing', '0'],
      2,
      /--spacing must be one or three positive numbers/,
    ],
    [
      ['-r', 'own', '-i', `${path('warp.nii.gz')}:${path('m.nii')}`],
      3,
      /warp\.nii\.gz: must be an image with one number per voxel, got a vector field/,
    ],
    [
      ['--points', `${path('points.csv')}:${path('p.csv')}`, '--voxels-of', path('fixed.nii')],
      2,
      /^apply: --voxels-of must be two files, that of the points first, got 1\.$/,
    ],
  ];
  for (const [words, code, message] of cases) {
    const result = await runCli(['apply', ...words]);
    assert.equal(result.code, code, result.stderr);
    assert.equal(result.stdout, '');
    assert.match(result.logs.at(-1)?.msg ?? '', message);
  }
});

test('an interruption leaves nothing behind', async (t) => {
  const {path} = await folderOf(t);
  const signal = AbortSignal.abort();
  const words = ['-r', 'own', '-i', `${path('moving.nii.gz')}:${path('m.nii')}`];
  const {code} = await runCli(['apply', ...words], {signal});
  assert.equal(code, 130);
  assert.ok(!(await readdir(path('.'))).some((name) => /^m\.nii|tmp/.test(name)));
});
