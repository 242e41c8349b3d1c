import assert from 'node:assert/strict';
import {readFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {test} from 'node:test';
import {geometryFromGrid} from '../../src/formats/images/nifti/geometry.js';
import {writeImage} from '../../src/formats/images/write-image.js';
import type {Grid} from '../../src/geometry/grid.js';
import type {Triple} from '../../src/geometry/triple.js';
import type {Evaluation} from '../../src/workflows/evaluate-files.js';
import {runCli} from '../support/cli.js';
import {temporaryFolder} from '../support/temporary-folder.js';
import {blobs, centredAffine, imageOf, obliqueAffine} from '../support/volumes.js';

const SHAPE: Triple = [16, 14, 12];
const GRID: Grid = {
  shape: SHAPE,
  affine: centredAffine(obliqueAffine([5, 10, -8], [3, 3, 4]), SHAPE, [0, 0, 0]),
};
/** A grid that is the same but for its place: what lies there is moved by this, RAS mm. */
const SHIFT: Triple = [3, -2, 4];

/** An image, its labels, the same moved by SHIFT, the warp (LPS mm) that undoes it, and landmarks. */
async function exampleFolder(folder: string): Promise<(name: string) => string> {
  const path = (name: string) => join(folder, name);
  const geometry = geometryFromGrid(GRID);
  for (const [name, shift] of [
    ['fixed', [0, 0, 0]],
    ['moving', SHIFT],
  ] as const) {
    const {data} = imageOf(GRID, ([x, y, z]) => blobs([x - shift[0], y - shift[1], z - shift[2]]));
    await writeImage(path(`${name}.nii.gz`), {shape: SHAPE, data, geometry});
    const labels = Uint8Array.from(data, (value) => (value > 60 ? 2 : value > 25 ? 1 : 0));
    await writeImage(path(`${name}_labels.nii.gz`), {shape: SHAPE, data: labels, geometry});
    const points = [
      [0, 0, 0],
      [5, -6, 7],
      [-8, 3, 1],
    ].map((point) => point.map((value, axis) => value + shift[axis]).join(','));
    await writeFile(path(`${name}.csv`), `x,y,z\n${points.join('\n')}\n`);
  }
  const voxels = SHAPE[0] * SHAPE[1] * SHAPE[2];
  const lps = [-SHIFT[0], -SHIFT[1], SHIFT[2]];
  const data = Float32Array.from({length: 3 * voxels}, (_, n) => lps[Math.floor(n / voxels)]);
  const intent = {code: 1007};
  await writeImage(path('warp.nii.gz'), {shape: SHAPE, components: 3, data, geometry, intent});
  return path;
}

test('the right warp brings images, labels and landmarks together', async (t) => {
  const path = await exampleFolder(await temporaryFolder(t));
  const files = [
    ...['--images', path('fixed.nii.gz'), path('moving.nii.gz')],
    ...['--labels', path('fixed_labels.nii.gz'), path('moving_labels.nii.gz')],
    ...['--landmarks', path('fixed.csv'), path('moving.csv')],
  ];
  const before = await evaluate([...files]);
  const after = await evaluate([...files, '--warp', path('warp.nii.gz'), '--resample']);
  assert.ok(before.images?.ncc && after.images?.ncc && after.images.ncc > 0.99);
  assert.ok(after.images.ncc > before.images.ncc);
  assert.ok(after.labels?.mean.dice && before.labels?.mean.dice);
  assert.ok(after.labels.mean.dice > before.labels.mean.dice && after.labels.mean.dice > 0.85);
  assert.equal(before.landmarks?.after, null);
  const length = Math.hypot(...SHIFT);
  assert.ok(Math.abs((before.landmarks?.before.meanMm ?? NaN) - length) < 1e-6);
  assert.ok((after.landmarks?.after?.maximumMm ?? NaN) < 1e-5);
  assert.equal(after.warp?.folds, 0);
  assert.ok(Math.abs((after.warp?.meanMm ?? NaN) - length) < 1e-5);
  assert.equal(after.labels.resampled, 'warp');
});

async function evaluate(words: readonly string[]): Promise<Evaluation> {
  const {code, stdout, stderr} = await runCli(['evaluate', '--json', ...words]);
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout) as Evaluation;
}

test('the table for people and the table for programs hold the same numbers', async (t) => {
  const path = await exampleFolder(await temporaryFolder(t));
  const labels = ['--labels', path('fixed_labels.nii.gz'), path('moving_labels.nii.gz')];
  const csv = path('numbers.csv');
  const {stdout, code} = await runCli(['evaluate', ...labels, '--only-labels', '2', '--csv', csv]);
  assert.equal(code, 0);
  assert.match(
    stdout,
    /^label 2 +Dice 0\.\d{4}, Jaccard 0\.\d{4}, HD95 \d+\.\d\d mm, ASSD \d+\.\d\d mm$/m,
  );
  assert.match(stdout, /^mean of 1 labels/m);
  const lines = (await readFile(csv, 'utf8')).trim().split('\n');
  assert.equal(lines[0], 'part,label,measure,value');
  const dice = lines.find((line) => line.startsWith('labels,2,dice,'))?.split(',')[3];
  assert.match(stdout, new RegExp(`Dice ${Number(dice).toFixed(4)}`));
});

test('landmarks may be voxels of their images, LPS, or pairs in one table', async (t) => {
  const path = await exampleFolder(await temporaryFolder(t));
  const pairs = path('pairs.csv');
  await writeFile(
    pairs,
    'name,fixed_x,fixed_y,fixed_z,moving_x,moving_y,moving_z\nfirst,1,2,3,1,2,5\n',
  );
  assert.equal((await evaluate(['--landmarks', pairs])).landmarks?.before.meanMm, 2);
  const images = ['--voxels-of', path('fixed.nii.gz'), path('moving.nii.gz')];
  const voxels = await evaluate(['--landmarks', pairs, ...images]);
  assert.ok(Math.abs((voxels.landmarks?.before.meanMm ?? NaN) - 8) < 1e-4, 'two slices of 4 mm');
  const lps = await evaluate(['--landmarks', pairs, '--landmarks-in', 'lps']);
  assert.equal(lps.landmarks?.before.meanMm, 2);
});

test('what cannot be compared is refused in one sentence', async (t) => {
  const path = await exampleFolder(await temporaryFolder(t));
  const geometry = geometryFromGrid({affine: obliqueAffine([0, 0, 0], [2, 2, 2])});
  await writeImage(path('other.nii'), {shape: [3, 3, 3], data: new Uint8Array(27), geometry});
  await writeFile(path('words.csv'), 'x,y,z\n1,2,three\n');
  await writeFile(path('columns.csv'), 'a,b,c\n1,2,3\n');
  await writeFile(path('empty.csv'), 'x,y,z\n');
  await writeFile(path('one.csv'), 'x,y,z\n1,2,3\n');
  const cases: readonly (readonly [words: readonly string[], code: number, message: RegExp])[] = [
    [
      [],
      2,
      /^evaluate: there must be images, labels, a warp or landmarks to evaluate, got nothing\.$/,
    ],
    [
      ['--labels', path('other.nii')],
      2,
      /^evaluate: --labels must be two files, the fixed one first, got 1\.$/,
    ],
    [
      ['--labels', path('fixed_labels.nii.gz'), path('other.nii')],
      3,
      /fixed_labels\.nii\.gz and .*other\.nii must share one grid, got 16x14x12 voxels of 3x3x4 mm from .* and 3x3x3 voxels of 2x2x2 mm from \(0, 0, 0\)\.$/,
    ],
    [
      ['--landmarks', path('words.csv'), path('one.csv')],
      3,
      /words\.csv: point 1 must be three numbers, got 1, 2, three\.$/,
    ],
    [
      ['--landmarks', path('columns.csv'), path('one.csv')],
      3,
      /columns\.csv: must have the columns x, y, z, got a, b, c\.$/,
    ],
    [
      ['--landmarks', path('empty.csv'), path('one.csv')],
      3,
      /empty\.csv: must hold a line of column names and at least one point, got no point\.$/,
    ],
    [
      ['--landmarks', path('fixed.csv'), path('one.csv')],
      3,
      /must hold equally many points, got 3 and 1\.$/,
    ],
  ];
  for (const [words, code, message] of cases) {
    const result = await runCli(['evaluate', ...words]);
    assert.equal(result.code, code, result.stderr);
    assert.equal(result.stdout, '');
    assert.match(result.logs.at(-1)?.msg ?? '', message);
  }
});

test('a warp is what its header says: the same in RAS mm, and not taken for one of ITK', async (t) => {
  const path = await exampleFolder(await temporaryFolder(t));
  const convert = ['convert', '--to', 'ras', path('warp.nii.gz'), path('ras.nii.gz')];
  assert.equal((await runCli(convert)).code, 0);
  await runCli(['convert', '--to', 'voxels', path('warp.nii.gz'), path('voxels.nii.gz')]);
  const images = ['--images', path('fixed.nii.gz'), path('moving.nii.gz'), '--resample'];
  const [itk, ras, voxels] = await Promise.all(
    [path('warp.nii.gz'), path('ras.nii.gz'), `voxels:${path('voxels.nii.gz')}`].map((warp) =>
      evaluate([...images, '--warp', warp]),
    ),
  );
  for (const other of [ras, voxels]) {
    assert.ok(Math.abs((other.images?.ncc ?? 0) - (itk.images?.ncc ?? 1)) < 1e-5);
  }
  const {code, logs} = await runCli(['evaluate', '--warp', path('voxels.nii.gz')]);
  assert.equal(code, 2);
  assert.match(
    logs[0].msg,
    /voxels\.nii\.gz: the name before the file .* must be one of itk, ras, voxels/,
  );
});
