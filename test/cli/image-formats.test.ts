import assert from 'node:assert/strict';
import {mkdir, writeFile} from 'node:fs/promises';
import {test} from 'node:test';
import {readImage} from '../../src/formats/images/read-image.js';
import {writeImage} from '../../src/formats/images/write-image.js';
import {runCli} from '../support/cli.js';
import {workspace} from '../support/register-workspace.js';
import {largestDifference} from '../support/volumes.js';

/** NIfTI keeps a grid as float32. */
const TOLERANCE_MM = 1e-4;

test('a pair in other formats gives what the same pair gives as NIfTI, in the format of every output', async (t) => {
  const {path, register} = await workspace(t);
  for (const name of ['fixed', 'moving', 'labels']) {
    const kind = name === 'labels' ? 'label' : 'intensity';
    const image = await readImage(path(`${name}.nii`), {kind});
    for (const ending of ['mgz', 'nrrd', 'mha']) await writeImage(path(`${name}.${ending}`), image);
  }
  await register('-o', path('moved.nii'), '--labels', `${path('labels.nii')}:${path('seg.nii')}`);
  const expected = await readImage(path('moved.nii'));
  const labels = await readImage(path('seg.nii'), {kind: 'label'});
  for (const [fixed, moving, ending] of [
    ['fixed.mgz', 'moving.nrrd', 'mha'],
    ['fixed.nrrd', 'moving.mha', 'mgz'],
    ['fixed.mha', 'moving.mgz', 'nrrd'],
  ]) {
    const [moved, seg] = [path(`moved.${ending}`), path(`seg.${ending}`)];
    const {code, logs, stdout} = await runCli([
      ...['register', '--model', path('model.safetensors'), '--engine', 'javascript'],
      ...['--affine', 'none', '--refine', 'none', '--keep', 'last', '--lambda', '0.3'],
      ...['--labels', `${path(`labels.${moving.split('.')[1]}`)}:${seg}`, '-o', moved],
      ...['--warp', path(`${ending}.nii.gz`), path(fixed), path(moving)],
    ]);
    assert.equal(code, 0, logs.at(-1)?.msg);
    assert.match(stdout, new RegExp(`moved\\.${ending}`));
    const image = await readImage(moved);
    assert.equal(image.data.length, expected.data.length);
    const worst = largestDifference(image.data, expected.data);
    assert.ok(worst < 0.05, `${ending}: ${worst}`);
    const shift = image.affine.rows.map((one, n) => Math.abs(one - expected.affine.rows[n]));
    assert.ok(Math.max(...shift) < TOLERANCE_MM);
    const moves = (await readImage(seg, {kind: 'label'})).data;
    assert.ok(moves.filter((label, n) => label !== labels.data[n]).length <= 2);
    // What was written by one command is taken by the others.
    const apply = await runCli([
      ...[
        'apply',
        '--json',
        '-t',
        path(`${ending}.nii.gz`),
        '-r',
        path(fixed),
        '--engine',
        'javascript',
      ],
      ...['-i', `${path(moving)}:${path(`again.${ending}`)}`],
    ]);
    assert.equal(apply.code, 0, apply.stderr);
    const evaluate = await runCli([
      'evaluate',
      '--json',
      '--images',
      moved,
      path(`again.${ending}`),
    ]);
    const {images} = JSON.parse(evaluate.stdout) as {images: {ncc: number}};
    assert.ok(images.ncc > 0.9999, String(images.ncc));
    const jacobian = await runCli([
      ...[
        'jacobian',
        '-t',
        path(`${ending}.nii.gz`),
        '-o',
        path(`jacobian.${ending}`),
        '--engine',
        'javascript',
      ],
    ]);
    assert.equal(jacobian.code, 0, jacobian.stderr);
    const info = await runCli(['info', path(`jacobian.${ending}`)]);
    assert.match(info.stdout, /^storage +(MGH|NRRD|MetaImage), (little|big)-endian/m);
    assert.match(info.stdout, /^placement +from the header$/m);
  }
});

test('a DICOM file and a folder end in a sentence that names dcm2niix', async (t) => {
  const {path, register} = await workspace(t);
  await mkdir(path('series'));
  const dicom = Buffer.alloc(600);
  dicom.write('DICM', 128, 'latin1');
  await writeFile(path('series/IM0001'), dicom);
  await writeFile(path('one.dcm'), dicom);
  for (const [name, says] of [
    ['series', /must be a file, got a directory\.$/],
    ['one.dcm', /it looks like a DICOM file\.$/],
    ['series/IM0001', /it looks like a DICOM file\.$/],
  ] as const) {
    for (const argv of [
      ['info', path(name)],
      ['register', path('fixed.nii'), path(name)],
      ['register', path(name), path('moving.nii')],
    ]) {
      const {code, logs} = await runCli(argv);
      assert.equal(code, 3, argv.join(' '));
      assert.match(logs.at(-1)!.msg, says);
      assert.match(logs.at(-1)!.hint!, /dcm2niix/);
    }
  }
  assert.equal((await register('-o', path('x.mhd'))).code, 2);
});
