import assert from 'node:assert/strict';
import {existsSync} from 'node:fs';
import {basename, join} from 'node:path';
import {test} from 'node:test';
import type {Report} from '../../src/workflows/report.js';
import type {RegistrationPlan} from '../../src/workflows/register-files.js';
import {findShared} from '../../scripts/support/shared-folder.js';
import type {Evaluation} from '../../src/workflows/evaluate-files.js';
import {geometryFromGrid} from '../../src/formats/images/nifti/geometry.js';
import {writeImage} from '../../src/formats/images/write-image.js';
import type {Triple} from '../../src/geometry/triple.js';
import {Affine} from '../../src/geometry/affine.js';
import {runCli} from '../support/cli.js';
import {temporaryFolder} from '../support/temporary-folder.js';
import {blobs, imageOf} from '../support/volumes.js';

const DATA = join(import.meta.dirname, '..', '..', 'data');
/** Two people's brains that the model has not seen. */
const PAIR = ['sub05_t1.nii.gz', 'sub11_t1.nii.gz'].map((name) => join(DATA, 'brainmaps', name));

/** Register the pair at a lambda with an affine and the network that comes with hypermorph. */
async function register(folder: string, lambda: number): Promise<Report> {
  const moved = join(folder, `moved_${lambda}.nii.gz`);
  const {code, stdout, logs} = await runCli([
    ...['register', '--lambda', String(lambda), '--json', '-o', moved],
    ...['--refine', 'none', '--keep', 'last'],
    ...PAIR,
  ]);
  assert.equal(code, 0, logs.at(-1)?.msg);
  assert.ok(existsSync(moved));
  return JSON.parse(stdout) as Report;
}

test('the shipped model', async (t) => {
  const folder = await temporaryFolder(t);
  const close = await register(folder, 0.05);
  const smooth = await register(folder, 0.95);

  await t.test('gives a field at least twice as smooth at lambda 0.95 as at 0.05', () => {
    const [rough, even] = [close, smooth].map(({jacobian}) => jacobian.sdLogJacobian!);
    assert.ok(even < rough / 2, `SDlogJ ${even} at 0.95, ${rough} at 0.05`);
  });

  await t.test('brings the images closer at both, and closest at 0.05', () => {
    const gain = ({similarity}: Report) => similarity.after.ncc! - similarity.before.ncc!;
    assert.ok(gain(close) > gain(smooth), `${gain(close)} at 0.05, ${gain(smooth)} at 0.95`);
    assert.ok(gain(smooth) > 0.01, `${gain(smooth)} at 0.95`);
  });

  await t.test('folds nowhere at lambda 0.95', () => {
    assert.equal(smooth.jacobian.folds, 0);
  });
});

test('of the models that come along, the one that is made for the size of both images is taken', async (t) => {
  const folder = await temporaryFolder(t);
  const write = async (name: string, shape: Triple) => {
    const path = join(folder, name);
    const grid = {shape, affine: Affine.translation([-18, -25, -18])};
    await writeImage(path, {...imageOf(grid, blobs), geometry: geometryFromGrid(grid)});
    return path;
  };
  const [crop, another] = [await write('a.nii', [36, 50, 36]), await write('b.nii', [33, 47, 40])];
  const large = await write('large.nii', [36, 80, 36]);
  const modelOf = async (...words: string[]) => {
    const {code, stdout, logs} = await runCli(['register', '-n', '--json', ...words]);
    assert.equal(code, 0, logs.at(-1)?.msg);
    const {model} = JSON.parse(stdout) as RegistrationPlan;
    return model === null ? null : basename(model);
  };
  assert.equal(await modelOf(crop, another), 'hippocampus.safetensors');
  assert.equal(await modelOf(crop, large), 'default.safetensors');
  assert.equal(await modelOf(large, another), 'default.safetensors');
  assert.equal(await modelOf('--model', 'default', crop, another), 'default.safetensors');
  assert.equal(await modelOf('--model', 'hippocampus', large, crop), 'hippocampus.safetensors');
  assert.equal(await modelOf('--model', 'none', crop, another), null);
  const {stdout} = await runCli(['register', '-o', join(folder, 'moved.nii'), crop, another]);
  assert.match(stdout, /^model +hippocampus, for the field of view of both images$/m);
});

const HIPPOCAMPI = findShared('data', 'hippocampus', 'val');
const skip = HIPPOCAMPI === undefined && 'HYPERMORPH_SHARED is not set';

test('hippocampi, whose labels its model tells, overlap', {skip}, async (t) => {
  const folder = await temporaryFolder(t);
  const of = (kind: string, number: string) =>
    join(HIPPOCAMPI!, kind, `hippocampus_${number}.nii.gz`);
  for (const [fixed, moving] of [
    ['015', '019'],
    ['019', '026'],
  ]) {
    const labels = join(folder, `${fixed}.nii.gz`);
    const {code} = await runCli([
      ...['register', '--labels', `${of('labels', moving)}:${labels}`],
      ...[of('images', fixed), of('images', moving)],
    ]);
    assert.equal(code, 0);
    const compare = ['evaluate', '--json', '--labels', of('labels', fixed), labels];
    const evaluation = JSON.parse((await runCli(compare)).stdout) as Evaluation;
    const {dice} = evaluation.labels!.mean;
    assert.ok(dice! > 0.8, String(dice));
  }
});
