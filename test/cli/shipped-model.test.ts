import assert from 'node:assert/strict';
import {existsSync} from 'node:fs';
import {join} from 'node:path';
import {test} from 'node:test';
import type {Report} from '../../src/workflows/report.js';
import {runCli} from '../support/cli.js';
import {temporaryFolder} from '../support/temporary-folder.js';

const DATA = join(import.meta.dirname, '..', '..', 'data');
/** Two people's brains that the model has not seen. */
const PAIR = ['sub05_t1.nii.gz', 'sub11_t1.nii.gz'].map((name) => join(DATA, 'brainmaps', name));

/** Register the pair at a lambda with the network that comes with hypermorph alone; no output but the report. */
async function register(folder: string, lambda: number): Promise<Report> {
  const moved = join(folder, `moved_${lambda}.nii.gz`);
  const {code, stdout, logs} = await runCli([
    ...['register', '--lambda', String(lambda), '--json', '-o', moved],
    ...['--affine', 'none', '--refine', 'none', '--keep', 'last'],
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
