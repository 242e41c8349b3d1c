import assert from 'node:assert/strict';
import {copyFile, mkdir, readdir, readFile, writeFile} from 'node:fs/promises';
import {dirname, join} from 'node:path';
import {after, test} from 'node:test';
import {spaceOf} from '../../src/workflows/bids.js';
import {runCli} from '../support/cli.js';
import {workspace} from '../support/register-workspace.js';

const originalFolder = process.cwd();
after(() => process.chdir(originalFolder));

const RAW = [
  'sub-01/anat/sub-01_T1w.nii',
  'sub-02/ses-a/anat/sub-02_ses-a_run-1_T1w.nii',
  'sub-02/ses-b/anat/sub-02_ses-b_T1w.nii',
];
const OTHERS = [
  'sub-01/anat/sub-01_T2w.nii',
  'sub-01/anat/notes_T1w.nii',
  'sub-01/func/sub-01_task-rest_bold.nii',
  'derivatives/other/sub-01/anat/sub-01_T1w.nii',
];
/** Of a dataset as a whole. */
const OF_BIDS = ['dataset_description.json', '.bidsignore', 'README.md'];
const OPTIONS = ['--model', 'model.safetensors', '--engine', 'javascript', '--refine', 'none'];

test('a BIDS dataset is registered to a template, with names, description and sidecars of derivatives', async (t) => {
  const {folder} = await workspace(t);
  process.chdir(folder);
  for (const path of [...RAW, ...OTHERS]) {
    await mkdir(join('data', dirname(path)), {recursive: true});
    await copyFile('moving.nii', join('data', path));
  }
  await writeFile('data/dataset_description.json', '{"Name": "raw", "BIDSVersion": "1.8.0"}');
  await copyFile('fixed.nii', 'tpl-Some2mm_T1w.nii');
  const bids = (...options: string[]) =>
    runCli([
      ...['batch', '--bids', 'data', '--fixed', 'tpl-Some2mm_T1w.nii'],
      ...OPTIONS,
      ...options,
    ]);
  const plan = await bids('--dry-run');
  assert.match(plan.stdout, /^would be registered +3$/m);
  assert.deepEqual(await readdir('data/derivatives'), ['other']);
  const {code, stdout, stderr} = await bids();
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^registered +3$/m);
  const made = 'data/derivatives/hypermorph';
  const files = (await readdir(made, {recursive: true, withFileTypes: true}))
    .filter((entry) => entry.isFile())
    .map(({parentPath, name}) => join(parentPath, name).slice(made.length + 1))
    .sort();
  const stems = ['sub-01', 'sub-02_ses-a_run-1', 'sub-02_ses-b'];
  assert.deepEqual(
    files.filter((name) => name.startsWith('sub-')),
    stems
      .map((stem, n) => join(dirname(RAW[n]), stem))
      .flatMap((stem) => [
        `${stem}_from-T1w_to-Some2mm_mode-image_xfm.nii.gz`,
        `${stem}_space-Some2mm_desc-moved_T1w.json`,
        `${stem}_space-Some2mm_desc-moved_T1w.nii.gz`,
      ]),
  );
  const description = JSON.parse(
    await readFile(join(made, 'dataset_description.json'), 'utf8'),
  ) as {
    DatasetType: string;
    DatasetLinks: {raw: string};
    GeneratedBy: {Name: string}[];
  };
  assert.equal(description.DatasetType, 'derivative');
  assert.equal(join(made, description.DatasetLinks.raw), 'data');
  assert.equal(description.GeneratedBy[0].Name, 'hypermorph');
  // What no program of BIDS knows is named in .bidsignore.
  const ignored = (await readFile(join(made, '.bidsignore'), 'utf8')).trim().split('\n');
  for (const name of files.filter((one) => !one.startsWith('sub-') && !OF_BIDS.includes(one))) {
    assert.ok(
      ignored.some((one) => name === one || name.startsWith(one)),
      name,
    );
  }
  const sidecarPath = join(made, 'sub-01/anat/sub-01_space-Some2mm_desc-moved_T1w.json');
  const sidecar = JSON.parse(await readFile(sidecarPath, 'utf8')) as {
    Sources: string[];
    SpatialReference: string;
    Registration: {
      inputs: {moving: {sha256: string}; model: {contentHash: string}};
      hyperparameters: object;
    };
  };
  assert.deepEqual(sidecar.Sources, ['bids:raw:sub-01/anat/sub-01_T1w.nii']);
  assert.equal(sidecar.SpatialReference, 'tpl-Some2mm_T1w.nii');
  assert.match(sidecar.Registration.inputs.moving.sha256, /^[0-9a-f]{64}$/);
  assert.match(sidecar.Registration.inputs.model.contentHash, /^[0-9a-f]{64}$/);
  assert.deepEqual(sidecar.Registration.hyperparameters, {lambda: 0.3});

  assert.match((await bids()).stdout, /^done before +3$/m);
  await writeFile(sidecarPath, '{}');
  assert.match((await bids()).stdout, /^registered +1$/m); // a sidecar is a file of the pair

  for (const [argv, says] of [
    [['batch'], /there must be either a table or --bids, got neither/],
    [['batch', 'p.csv', '--bids', 'data'], /got both/],
    [['batch', '--bids', 'data'], /--bids needs --fixed/],
    [
      ['batch', '--bids', 'data', '--fixed', 'fixed.nii', '--moving', 'm.nii'],
      /with --bids the images of the dataset are moving, got --moving m\.nii/,
    ],
    [
      ['batch', '--bids', 'data', '--fixed', 'fixed.nii', '--suffix', 'FLAIR'],
      /data: must be a BIDS dataset with images such as sub-01\/anat\/sub-01_FLAIR\.nii\.gz, got none/,
    ],
    [
      ['batch', '--bids', 'data', '--fixed', 'fixed.nii', '--space', 'a_b'],
      /--space must be letters and digits, got "a_b"/,
    ],
    [
      ['batch', '--bids', 'data', '--fixed', 'fixed.nii', '--folder', 'data'],
      /the folder of derivatives must be our own, got data, which another program described/,
    ],
  ] as const) {
    assert.match((await runCli(argv)).logs.at(-1)!.msg, says);
  }
});

test('a space is called as the template says', () => {
  for (const [template, space] of [
    ['x/tpl-MNI152NLin2009cAsym_res-01_T1w.nii.gz', 'MNI152NLin2009cAsym'],
    ['sub-01_space-fsaverage_T1w.nii', 'fsaverage'],
    ['mni152_t1_2mm.nii.gz', 'mni152t12mm'],
  ]) {
    assert.equal(spaceOf(template), space);
  }
});
