import assert from 'node:assert/strict';
import {existsSync} from 'node:fs';
import {readFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {describe, test} from 'node:test';
import {readImage} from '../../src/formats/images/read-image.js';
import type {Evaluation} from '../../src/workflows/evaluate-files.js';
import type {Report} from '../../src/workflows/report.js';
import {runCli} from '../support/cli.js';
import {findShared} from '../../scripts/support/shared-folder.js';
import {DATA, ODD_FILES, ODD_FOLDER, ODD_SET} from '../support/real-data.js';
import {temporaryFolder} from '../support/temporary-folder.js';
import {writeTinyModel} from '../support/tiny-model.js';

const FIXED = join(DATA, 'brain', 'someone_t1_2p75mm.nii.gz');
/** Files that cannot be read, with what must be said about them. */
const UNREADABLE: Readonly<Record<string, RegExp>> = {
  't1_truncated.nii.gz': /t1_truncated\.nii\.gz: the gzip data must be whole/,
};

/** Register with a model that is run in a moment. */
async function register(folder: string, moving: string) {
  const model = join(folder, 'model.safetensors');
  // A gentle one: strong random weights make much of intensities that differ by a rounding.
  if (!existsSync(model)) await writeTinyModel(model, {spacing: 8, strength: 0.005});
  const moved = join(folder, 'moved.nii');
  const result = await runCli([
    'register',
    ...['--model', model, '--engine', 'javascript', '--volume', '0', '--json'],
    ...['-o', moved, FIXED, moving],
  ]);
  return {...result, moved};
}

describe(`every odd file registers to a head, or is refused in one sentence (${ODD_SET})`, () => {
  for (const file of ODD_FILES) {
    test(file, async (t) => {
      const {code, stdout, logs, moved} = await register(
        await temporaryFolder(t),
        join(ODD_FOLDER, file),
      );
      const message = UNREADABLE[file];
      if (message !== undefined) {
        assert.equal(code, 3);
        assert.match(logs.at(-1)!.msg, message);
        assert.ok(!existsSync(moved));
        return;
      }
      assert.equal(code, 0, logs.at(-1)?.msg);
      const report = JSON.parse(stdout) as Report;
      assert.ok(report.displacement.maximumMm > 0);
      const image = await readImage(moved);
      assert.ok(image.data.every(Number.isFinite));
    });
  }
});

/** Files with the same head in another storage give the same moved image. */
async function assertSameMoved(
  folder: string,
  paths: readonly string[],
  tolerance: number,
): Promise<void> {
  const images: Float32Array[] = [];
  for (const path of paths) {
    const {code, moved} = await register(folder, path);
    assert.equal(code, 0);
    images.push((await readImage(moved)).data as Float32Array);
  }
  const maximum = images[0].reduce((largest, value) => Math.max(largest, value), 0);
  for (const [n, image] of images.entries()) {
    const differ = image.filter((value, v) => Math.abs(value - images[0][v]) > tolerance * maximum);
    // At the border of the moving image a voxel may fall outside by the last digit of a position.
    assert.ok(differ.length <= 3, `${paths[n]}: ${differ.length} voxels differ`);
  }
}

test('eight orientations of one head give one moved image', async (t) => {
  const codes = ['RAS', 'LAS', 'LPI', 'ASR', 'SRA', 'PIL', 'IRP', 'AIL'];
  const paths = codes.map((code) => join(ODD_FOLDER, `orient_${code}.nii.gz`));
  // The files hold the same float32 positions only to their last digits.
  await assertSameMoved(await temporaryFolder(t), paths, 1e-4);
});

test('one head in other storages gives one moved image', async (t) => {
  const names = [
    't1_left_handed.nii.gz',
    't1_nifti2_big_endian.nii.gz',
    't1_three_gzip_members.nii.gz',
    't1_microns.nii.gz',
  ];
  const paths = [FIXED, ...names.map((name) => join(ODD_FOLDER, name))];
  // One of them holds int16 with a slope: its intensities differ by 2e-5 of the range, and what the network makes of that.
  await assertSameMoved(await temporaryFolder(t), paths, 1e-3);
});

test('a head registers to a head of another grid, spacing and handedness', async (t) => {
  const folder = await temporaryFolder(t);
  const {code, stdout} = await register(folder, join(DATA, 'brain', 'someone_epi_3mm.nii.gz'));
  assert.equal(code, 0);
  const report = JSON.parse(stdout) as Report;
  assert.ok(report.overlap > 0.5);
});

const TEMPLATE = findShared('data', 'brain', 'mni152_t1_2mm.nii.gz');

test(
  'a head registers to a left-handed template of another spacing and field of view',
  {skip: TEMPLATE === undefined && 'only in the large collection: mni152_t1_2mm.nii.gz'},
  async (t) => {
    assert.ok(TEMPLATE);
    const folder = await temporaryFolder(t);
    const moved = join(folder, 'moved.nii.gz');
    const {code, logs} = await runCli([
      ...['register', '--lambda', '0.3', '-o', moved, TEMPLATE],
      FIXED,
    ]);
    assert.equal(code, 0, logs.at(-1)?.msg);
    const [template, image] = [await readImage(TEMPLATE), await readImage(moved)];
    assert.deepEqual(image.shape, template.shape);
    assert.deepEqual(image.affine, template.affine);
  },
);

const CHESTS = ['ct_fixed_baseline_2p7x2p7x5mm.nii.gz', 'ct_moving_1p4x1p4x2p5mm.nii.gz'];
const [BASELINE, FOLLOW_UP, LANDMARKS] = [...CHESTS, 'landmarks_ras_mm.csv'].map((name) =>
  findShared('data', 'lung', name),
);

test(
  'an affine that follows the wall of a chest is left out, and the lungs end where they belong',
  {skip: LANDMARKS === undefined && 'only in the large collection: the lungs'},
  async (t) => {
    const folder = await temporaryFolder(t);
    const path = (name: string) => join(folder, name);
    const report = await runCli([
      ...['register', '--json', '-o', path('moved.nii.gz'), '--warp', path('warp.nii.gz')],
      ...[BASELINE!, FOLLOW_UP!],
    ]);
    assert.equal(report.code, 0, report.logs.at(-1)?.msg);
    assert.equal((JSON.parse(report.stdout) as Report).affine.found, 'headers');
    const [, ...rows] = (await readFile(LANDMARKS!, 'utf8')).trim().split('\n');
    const tables = await Promise.all(
      [0, 3].map(async (first) => {
        const lines = rows.map((row) =>
          row
            .split(',')
            .slice(first, first + 3)
            .join(','),
        );
        const table = path(`landmarks${first}.csv`);
        await writeFile(table, ['x,y,z', ...lines].join('\n'));
        return table;
      }),
    );
    const judged = await runCli([
      ...['evaluate', '--json', '--warp', path('warp.nii.gz'), '--landmarks', ...tables],
    ]);
    const {landmarks} = JSON.parse(judged.stdout) as Evaluation;
    const {before, after} = landmarks!;
    assert.ok(after!.meanMm < 1.4, `${before.meanMm} -> ${after!.meanMm} mm`);
  },
);
