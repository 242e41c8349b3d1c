import assert from 'node:assert/strict';
import {execFile} from 'node:child_process';
import {mkdir, readFile, stat} from 'node:fs/promises';
import {join} from 'node:path';
import {test} from 'node:test';
import {promisify} from 'node:util';
import {
  outcomeOf,
  parseLog,
  pointsOf,
  type Kind,
  type Outcome,
} from '../../scripts/experiments/one-for-every-lambda/results.js';
import {geometryFromGrid} from '../../src/formats/images/nifti/geometry.js';
import {writeImage} from '../../src/formats/images/write-image.js';
import {Affine} from '../../src/geometry/affine.js';
import type {Triple} from '../../src/geometry/triple.js';
import {temporaryFolder} from '../support/temporary-folder.js';
import {blobs, centredAffine, imageOf} from '../support/volumes.js';

const ROOT = join(import.meta.dirname, '..', '..');
const SHAPE: Triple = [20, 24, 20];
const GRID = {shape: SHAPE, affine: centredAffine(Affine.scaling([2, 2, 2]), SHAPE, [0, 0, 0])};

/** Blobs at several places, and a label map of where they are bright. */
async function writeData(folder: string): Promise<void> {
  for (const [part, shifts] of Object.entries({train: [0, 2, -2], val: [1, -1]})) {
    for (const kind of ['images', 'labels'])
      await mkdir(join(folder, part, kind), {recursive: true});
    for (const [n, shift] of shifts.entries()) {
      const seen = imageOf(GRID, ([x, y, z]) => blobs([x + shift, y - shift, z]));
      const geometry = geometryFromGrid(GRID);
      await writeImage(join(folder, part, 'images', `${n}.nii`), {...seen, geometry});
      const data = Uint8Array.from(seen.data, (value) => (value > 30 ? 1 : 0));
      await writeImage(join(folder, part, 'labels', `${n}.nii`), {shape: SHAPE, data, geometry});
    }
  }
}

interface Results {
  readonly points: ReturnType<typeof pointsOf>;
  readonly outcomes: readonly Outcome[];
}

test('the experiment runs whole, and does not do again what is done', async (t) => {
  const folder = await temporaryFolder(t);
  const data = join(folder, 'data');
  const output = join(folder, 'results');
  await writeData(data);
  const run = async (seeds: string) => {
    const script = join(ROOT, 'scripts', 'experiments', 'one-for-every-lambda', 'main.ts');
    await promisify(execFile)(
      process.execPath,
      [
        ...['--import', 'tsx', script, '--data', data, '--output', output, '--steps', '2'],
        ...['--lambdas', '0.5,0.9', '--between', '0.1', '--seeds', seeds],
      ],
      {cwd: ROOT},
    );
    return JSON.parse(await readFile(join(output, 'results.json'), 'utf8')) as Results;
  };
  const trained = join(output, '2-steps', 'every-1', 'model.safetensors');
  const first = await run('1');
  const {mtimeMs} = await stat(trained);
  const {points, outcomes} = await run('1,2');
  assert.equal((await stat(trained)).mtimeMs, mtimeMs);
  assert.deepEqual(outcomes.slice(0, 4), first.outcomes);
  assert.deepEqual(
    outcomes.map(({kind, lambda, seed, steps}) => [kind, lambda, seed, steps]),
    [1, 2].flatMap((seed) => [
      ['every', null, seed, 2],
      ['everyLonger', null, seed, 4],
      ...[0.5, 0.9].map((lambda) => ['fixed', lambda, seed, 2]),
    ]),
  );
  assert.deepEqual(
    points.map(({lambda, fixed}) => [lambda, fixed?.dice.values.length]),
    [
      [0.1, undefined],
      [0.5, 2],
      [0.9, 2],
    ],
  );
  // Networks that learned nothing move nothing: what is measured is the overlap after the affines.
  assert.ok(points.every(({every}) => every.dice.mean > 0.8 && every.foldingFraction.mean === 0));
  const table = await readFile(join(output, 'table.md'), 'utf8');
  assert.equal(table.match(/^\| 0\.\d/gm)?.length, points.length);
  const picture = await readFile(join(output, 'curves.svg'), 'utf8');
  assert.equal(
    picture.match(/<circle/g)?.length,
    2 * 2 + 1,
    'two fixed lambdas, two panels, a legend',
  );
  assert.doesNotMatch(picture, /NaN|Infinity/);
});

test('a difference is that of the same seed, and its spread that over the seeds', () => {
  const outcome = (kind: Kind, seed: number, dice: number): Outcome => ({
    ...{kind, lambda: kind === 'fixed' ? 0.5 : null, seed, steps: 1, measuredAt: [0.5], seconds: 1},
    rows: [
      {
        ...{lambda: 0.5, total: 0, similarity: 0, smoothness: 0, dice},
        ...{sdLogJacobian: 0.25, foldingFraction: 0},
      },
    ],
  });
  const [{every, fixed, gain, gainLonger}] = pointsOf([
    ...[outcome('every', 1, 0.5), outcome('everyLonger', 1, 0.75), outcome('fixed', 1, 0.25)],
    ...[outcome('every', 2, 0.75), outcome('everyLonger', 2, 1), outcome('fixed', 2, 0.75)],
  ]);
  assert.deepEqual([every.dice.mean, fixed?.dice.mean, gain?.mean], [0.625, 0.5, 0.125]);
  assert.deepEqual(
    [gain?.values, gainLonger?.values],
    [
      [0.25, 0],
      [0.5, 0.25],
    ],
  );
  assert.equal(gain?.deviation, Math.sqrt(2) * 0.125);
  assert.equal(every.sdLogJacobian.deviation, 0);
});

test('the seconds of a log are those of all its steps; a line without an end is left out', () => {
  const step = (n: number, millisecondsPerStep: number) =>
    JSON.stringify({kind: 'step', step: n, millisecondsPerStep});
  const rows = [{lambda: 0.5}];
  const validation = JSON.stringify({kind: 'validation', step: 15, rows});
  const log = parseLog(`${step(10, 100)}\n${step(15, 200)}\n${validation}\n{"kind": "st`);
  const found = outcomeOf(
    {kind: 'every', lambda: null, seed: 1, steps: 15, measuredAt: [0.5]},
    log,
  );
  assert.equal(found.seconds, 2);
  assert.deepEqual(found.rows, rows);
});
