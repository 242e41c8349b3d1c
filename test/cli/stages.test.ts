import assert from 'node:assert/strict';
import {readdir, readFile} from 'node:fs/promises';
import {join} from 'node:path';
import {meanDice} from '../../src/evaluation/labels.js';
import {readImage} from '../../src/formats/images/read-image.js';
import {writeImage} from '../../src/formats/images/write-image.js';
import {ALL_STAGES} from '../../src/models/model-description.js';
import {registerFiles} from '../../src/workflows/register-files.js';
import type {Report} from '../../src/workflows/report.js';
import {runCli} from '../support/cli.js';
import {test} from '../support/native.js';
import {temporaryFolder} from '../support/temporary-folder.js';
import {writeTinyModel} from '../support/tiny-model.js';

const BRAINMAPS = join(import.meta.dirname, '..', '..', 'data', 'brainmaps');
const brain = (name: string) => join(BRAINMAPS, `${name}.nii.gz`);
/** Two people's brains, 2 mm, far apart by their headers. */
const PAIR = [brain('sub05_t1'), brain('sub11_t1')];

async function register(...options: readonly string[]): Promise<Report> {
  const {code, stdout, logs} = await runCli(['register', '--json', ...options]);
  assert.equal(code, 0, logs.at(-1)?.msg);
  return JSON.parse(stdout) as Report;
}

test('with no option but lambda, brains of two people end far above where an affine leaves them, and the smoother the larger lambda', async (t) => {
  const folder = await temporaryFolder(t);
  const fixedLabels = await readImage(brain('sub05_labels'), {kind: 'label'});
  const runs: {report: Report; dice: number}[] = [];
  for (const lambda of [0.1, 0.3, 0.9]) {
    const labels = join(folder, `labels_${lambda}.nii.gz`);
    const report = await register(
      ...['--lambda', String(lambda), '--labels', `${brain('sub11_labels')}:${labels}`],
      ...PAIR,
    );
    const {data} = await readImage(labels, {kind: 'label'});
    runs.push({report, dice: meanDice(fixedLabels.data, data)!});
  }
  const {report, dice} = runs[1];
  assert.ok(dice > 0.75, `Dice ${dice}`);
  assert.equal(report.affine.found, 'affine');
  assert.equal(report.answer.kept, 'refinement');
  assert.equal(report.quality.verdict, 'good');
  assert.ok(report.jacobian.foldingFraction! < 1e-4);
  const roughness = runs.map(({report: {jacobian}}) => jacobian.sdLogJacobian!);
  const fits = runs.map(({report: {answer}}) => answer.judgements.at(-1)!.similarity);
  assert.ok(roughness[0] > roughness[1] && roughness[1] > roughness[2], roughness.join(' '));
  assert.ok(fits[0] > fits[1] && fits[1] > fits[2], fits.join(' '));
});

test('an image onto itself does not move', async (t) => {
  const moved = join(await temporaryFolder(t), 'moved.nii.gz');
  const {displacement, affine} = await register('-o', moved, PAIR[0], PAIR[0]);
  assert.equal(affine.found, 'headers');
  assert.ok(displacement.meanMm < 0.05 * 2, `${displacement.meanMm} mm`);
});

test('a brain that is pressed over a whole head is doubtful, and one that is laid into it is good', async (t) => {
  const moved = join(await temporaryFolder(t), 'moved.nii.gz');
  const [head, brain] = ['someone_t1_2p75mm.nii.gz', 'icbm2009a_brain_1mm.nii.gz'].map((name) =>
    join('data', 'brain', name),
  );
  const pressed = await register('--model', 'none', '--lambda', '0.1', '-o', moved, head, brain);
  const share = pressed.jacobian.squeezedFraction!;
  assert.ok(share > 0.1, `${share}`);
  assert.equal(pressed.quality.verdict, 'doubtful');
  assert.match(pressed.quality.reasons.join(' '), /squeezes/);
  for (const lambda of ['0.1', '0.3']) {
    const laid = await register('--lambda', lambda, '-o', moved, head, brain);
    assert.equal(laid.quality.verdict, 'good');
    assert.ok(laid.displacement.meanMm < 1, `${laid.displacement.meanMm} mm`);
  }
});

test('without a model a pair is aligned and refined; without a refinement, aligned', async (t) => {
  const moved = join(await temporaryFolder(t), 'moved.nii.gz');
  const refined = await register('--model', 'none', '-o', moved, ...PAIR);
  assert.equal(refined.model, null);
  assert.deepEqual(
    refined.answer.judgements.map(({answer}) => answer),
    ['alignment', 'refinement'],
  );
  const aligned = await register('--model', 'none', '--refine', 'none', '-o', moved, ...PAIR);
  assert.equal(aligned.answer.kept, 'alignment');
  assert.equal(aligned.displacement.maximumMm, 0);
  assert.equal(aligned.jacobian.folds, 0);
  const {code, logs} = await runCli([
    ...['register', '--model', 'none', '--hyper', 'gamma=1', '-o', moved],
    ...PAIR,
  ]);
  assert.equal(code, 2);
  assert.match(logs.at(-1)!.msg, /--hyper must be those of a registration without a model/);
});

test('what a labeller of the model tells takes part in the refinement, and the report says how far it overlaps', async (t) => {
  const folder = await temporaryFolder(t);
  const [model, moved] = [join(folder, 'model.safetensors'), join(folder, 'moved.nii.gz')];
  await writeTinyModel(model, {labels: 1, stages: {...ALL_STAGES, keep: 'last'}});
  const {answer, refinement, stages} = await register('--model', model, '-o', moved, ...PAIR);
  assert.equal(answer.kept, 'refinement');
  assert.ok(stages.some(({name}) => name === 'label'));
  const overlaps = refinement!.levels.map(({overlapAfter}) => overlapAfter!);
  assert.ok(
    overlaps.every((overlap) => overlap > 0 && overlap <= 1),
    overlaps.join(' '),
  );
  assert.deepEqual(
    {...refinement!.labels, overlap: null},
    {count: 1, overlap: null, areUsed: true},
  );
  const {stdout} = await runCli(['info', model]);
  assert.match(stdout, /labeller +1 labels/);
});

test('where contrasts are mixed neither network nor labeller is asked, and nothing moves that should not', async (t) => {
  const moved = join(await temporaryFolder(t), 'moved.nii.gz');
  // Of one person, in one place.
  const [epi, t1] = ['someone_epi_3mm.nii.gz', 'someone_t1_2p75mm.nii.gz'].map((name) =>
    join('data', 'brain', name),
  );
  const {refinement, answer, stages, displacement} = await register('-o', moved, epi, t1);
  assert.ok(refinement!.contrast.isMixed);
  assert.deepEqual(
    answer.judgements.map(({answer: name}) => name),
    ['alignment', 'refinement'],
  );
  const asked = stages.filter(({name}) => name === 'predict' || name === 'label');
  assert.deepEqual(asked, []);
  assert.ok(displacement.meanMm < 1, `${displacement.meanMm} mm`);
});

test('every number of threads writes the same bytes', async (t) => {
  const folder = await temporaryFolder(t);
  const files: Buffer[] = [];
  for (const threads of ['1', '2']) {
    const warp = join(folder, `warp_${threads}.nii`);
    await register('--threads', threads, '--refine', '8', '--warp', warp, ...PAIR);
    files.push(await readFile(warp));
  }
  assert.ok(files[0].equals(files[1]));
});

test('what a mask leaves out counts neither when scaling, refining nor judging', async (t) => {
  const folder = await temporaryFolder(t);
  const fixed = await readImage(PAIR[0]);
  const [lengthI] = fixed.shape;
  const half = fixed.data.map((_, n) => (n % lengthI < lengthI / 2 ? 1 : 0));
  const mask = join(folder, 'half.nii.gz');
  const ruined = join(folder, 'ruined.nii.gz');
  const random = (n: number) => ((n * 7919) % 251) / 251;
  const top = Math.max(...fixed.data.slice(0, 1e5));
  await writeImage(mask, {...fixed, data: Float32Array.from(half)});
  await writeImage(ruined, {
    ...fixed,
    data: Float32Array.from(fixed.data, (value, n) => (half[n] === 1 ? value : top * random(n))),
  });
  const options = ['--affine', 'none', '--model', 'none', '-o', join(folder, 'moved.nii.gz')];
  const masked = await register(...options, '--fixed-mask', mask, ruined, PAIR[0]);
  assert.ok(masked.displacement.meanMm < 0.05 * 2, `${masked.displacement.meanMm} mm`);
  assert.ok(masked.answer.judgements[0].similarity > 0.95);
  const open = await register(...options, ruined, PAIR[0]);
  assert.ok(open.answer.judgements[0].similarity < 0.7);
});

test('a mask on another grid than its image is refused by name', async (t) => {
  const moved = join(await temporaryFolder(t), 'moved.nii.gz');
  const other = brain('sub05_labels');
  const {code, logs} = await runCli([
    ...['register', '--moving-mask', other, '-o', moved],
    ...PAIR,
  ]);
  assert.equal(code, 3);
  assert.match(logs.at(-1)!.msg, /a mask must lie on the grid of its image/);
});

test('what has nothing in common is called so', async (t) => {
  const folder = await temporaryFolder(t);
  const fixed = await readImage(PAIR[0]);
  const random = (n: number) => ((n * 7919) % 2503) / 2503;
  const noise = join(folder, 'noise.nii.gz');
  await writeImage(noise, {...fixed, data: Float32Array.from(fixed.data, (_, n) => random(n))});
  const {quality} = await register('-o', join(folder, 'moved.nii.gz'), PAIR[0], noise);
  assert.equal(quality.verdict, 'failed');
  assert.match(quality.reasons.join(' '), /hardly alike/);
});

test('interrupted while refining, nothing is written', async (t) => {
  const folder = await temporaryFolder(t);
  const controller = new AbortController();
  const running = registerFiles(
    {fixed: PAIR[0], moving: PAIR[1], outputs: {moved: join(folder, 'moved.nii.gz')}},
    {
      signal: controller.signal,
      onProgress: (event) => {
        if (event.kind === 'stage' && event.stage === 'refine')
          setTimeout(() => controller.abort(), 200);
      },
    },
  );
  await assert.rejects(running, {code: 'E_INTERRUPTED', message: 'refine: interrupted.'});
  assert.deepEqual(await readdir(folder), []);
});
