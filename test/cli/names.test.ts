import assert from 'node:assert/strict';
import {link, readFile, writeFile} from 'node:fs/promises';
import {after, describe, test} from 'node:test';
import {geometryFromGrid} from '../../src/formats/images/nifti/geometry.js';
import {printable, shortened} from '../../src/cli/printable.js';
import {readModel, writeModel} from '../../src/models/model-file.js';
import {buildNifti} from '../support/nifti-builder.js';
import {runCli} from '../support/cli.js';
import {FIXED, workspace} from '../support/register-workspace.js';

const originalFolder = process.cwd();
after(() => process.chdir(originalFolder));

describe('no output takes the place of an input', () => {
  test('of either half of a pair, of a file under another name, of the transform, of a label map', async (t) => {
    const {path, register} = await workspace(t);
    const image = buildNifti({
      dim: [3, ...FIXED.shape],
      magic: 'ni1\0',
      voxelOffset: 0,
      ...sform(),
    });
    await writeFile(path('fixed.hdr'), image.subarray(0, 348));
    await writeFile(path('fixed.img.gz'), 'voxels');
    await writeFile(path('fixed.txt'), 'an affine');
    await link(path('labels.nii'), path('same.nii'));
    const before = await readFile(path('labels.nii'));
    const hdr = (...options: string[]) =>
      runCli([
        'register',
        ...options,
        '-m',
        path('model.safetensors'),
        path('fixed.hdr'),
        path('moving.nii'),
      ]);
    for (const [run, output] of [
      [() => hdr('--report', path('fixed.img')), null],
      [() => hdr('--affine-out', path('x.txt'), '--report', path('fixed.img.gz')), null],
      [() => register('--labels', `${path('labels.nii')}:${path('same.nii')}`), path('same.nii')],
      [
        () => register('--affine', path('fixed.txt'), '--affine-out', path('fixed.txt')),
        path('fixed.txt'),
      ],
    ] as const) {
      const {code, logs} = await run();
      assert.ok(code === 2 || code === 3);
      const {msg} = logs.at(-1)!;
      assert.match(
        msg,
        output === null
          ? /an output must have a file|must end in/
          : /an output must have a file of its own, got .*, which is an input/,
      );
    }
    await writeFile(path('fixed.img'), new Uint8Array(2 * FIXED.shape.reduce((a, b) => a * b, 1)));
    const {code, logs} = await hdr('--report', path('fixed'), '-o', path('m.nii'), '-n');
    assert.equal(code, 3, logs.at(-1)?.msg); // a blank image; but its names are free
    assert.deepEqual(await readFile(path('labels.nii')), before);
  });

  test('of evaluate, too', async (t) => {
    const {path} = await workspace(t);
    await writeFile(path('points.csv'), 'x,y,z\n1,2,3\n');
    const {code, logs} = await runCli([
      ...[
        'evaluate',
        '--landmarks',
        path('points.csv'),
        path('points.csv'),
        '--csv',
        path('points.csv'),
      ],
    ]);
    assert.equal(code, 2);
    assert.match(
      logs[0].msg,
      /^evaluate: an output must have a file of its own, got .*points\.csv, which is an input/,
    );
  });
});

function sform() {
  const {sform: rows} = geometryFromGrid(FIXED);
  return {sform: rows, sformCode: 1, qformCode: 0, pixdim: [1, 3, 4, 5]};
}

describe('names of outputs', () => {
  test('a default name that is taken is not written again; a name that is given is', async (t) => {
    const {folder, path, register} = await workspace(t);
    process.chdir(folder);
    const options = ['--affine', 'none', '--refine', 'none'];
    assert.equal((await register(...options)).code, 0);
    const first = await readFile(path('moving_moved.nii.gz'));
    for (const run of [[], ['--dry-run'], ['--report', 'r.json']]) {
      const {code, logs} = await register(...options, ...run, '--lambda', '0.9');
      assert.equal(code, 2);
      assert.equal(
        logs.at(-1)!.msg,
        'register: --moved must be given, because the name that is used without it, moving_moved.nii.gz, is taken.',
      );
    }
    assert.deepEqual(await readFile(path('moving_moved.nii.gz')), first);
    const {code} = await register(...options, '-o', path('moving_moved.nii.gz'), '--lambda', '0.9');
    process.chdir(originalFolder);
    assert.equal(code, 0);
  });

  test('an ending that promises another format is refused', async (t) => {
    const {path, register} = await workspace(t);
    for (const [option, name, endings] of [
      ['--report', 'r.nii.gz', /the report must end in \.json/],
      ['--report', 'r.csv', /the report must end in \.json/],
      ['--affine-out', 'a.mat', /an affine must end in \.txt or \.tfm/],
      ['--affine-out', 'a.json', /an affine must end in \.txt or \.tfm/],
      ['-o', 'm.mhd', /an output image must end in .*\.nrrd or \.mha\./],
      ['--warp', 'w.mha', /an output field must end in \.nii or \.nii\.gz/],
    ] as const) {
      const {code, logs} = await register(option, path(name), '-n');
      assert.equal(code, 2);
      assert.match(logs.at(-1)!.msg, endings);
    }
    const evaluate = await runCli([
      'evaluate',
      '--images',
      path('fixed.nii'),
      path('fixed.nii'),
      '--csv',
      path('t.xlsx'),
    ]);
    assert.match(evaluate.logs[0].msg, /the name of a table must end in \.csv/);
  });
});

describe('what a terminal would obey', () => {
  test('is shown, not sent: in file names, in texts of headers, in messages', async (t) => {
    const {path} = await workspace(t);
    const name = path('\u001b[31mred\u0007\n.nii');
    await writeFile(name, buildNifti({description: 'a\u001b]0;title\u0007b\u009bc'}));
    const {code, stdout} = await runCli(['info', name]);
    assert.equal(code, 0);
    assert.match(stdout, /^file +.*\\u001b\[31mred\\u0007\\u000a\.nii$/m);
    // eslint-disable-next-line no-control-regex -- what must not be there
    assert.doesNotMatch(stdout, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
    const missing = await runCli(['info', path('\u001b[2J'), '--log-format', 'pretty']);
    assert.ok(!missing.stderr.includes('\u001b[2J'));
    assert.match(missing.stderr, /\\u001b\[2J: cannot be read/);
  });

  test('... also in what a model says of itself, in keys of a configuration, in names of layers', async (t) => {
    const {path} = await workspace(t);
    const red = '\u001b[31mred\u0007\nline\u009b';
    const model = await readModel(path('model.safetensors'));
    const provenance = {tool: red, data: red, loss: red};
    await writeModel(path('said.safetensors'), {
      ...model,
      description: {...model.description, provenance},
    });
    const info = await runCli(['info', path('said.safetensors')]);
    assert.equal(info.code, 0);
    assert.match(info.stdout, /\\u001b\[31mred\\u0007\\u000aline\\u009b/);
    // eslint-disable-next-line no-control-regex -- what must not be there
    assert.doesNotMatch(info.stdout, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
    await writeFile(path('c.yaml'), JSON.stringify({sources: [{kind: 'shapes'}], [red]: red}));
    const text = (await readFile(path('model.safetensors'))).toString('latin1');
    await writeFile(
      path('renamed.safetensors'),
      Buffer.from(text.replace('"flow/bias"', '"\\u001b[0m"'), 'latin1'),
    );
    for (const argv of [
      ['train', '-c', path('c.yaml'), '-n'],
      ['info', path('renamed.safetensors')],
    ]) {
      const {code, stderr, stdout} = await runCli([...argv, '--log-format', 'pretty']);
      assert.ok(code === 2 || code === 3);
      // eslint-disable-next-line no-control-regex -- what must not be there
      assert.doesNotMatch(stderr + stdout, /[\u0007\u001b\u009b]/);
    }
  });

  test('long values are cut where they are quoted', async (t) => {
    const {register} = await workspace(t);
    const {logs} = await register('--hyper', 'x'.repeat(5000));
    assert.ok(logs.at(-1)!.msg.length < 1300);
    assert.equal(shortened('short'), 'short');
    assert.equal(printable('täglich 日本 \u202eabc'), 'täglich 日本 \\u202eabc');
  });
});
