import assert from 'node:assert/strict';
import {copyFile, mkdir, readFile, readdir, symlink, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {after, describe, test} from 'node:test';
import {fileURLToPath} from 'node:url';
import {sha256OfFile} from '../../src/formats/files.js';
import {geometryFromGrid} from '../../src/formats/images/nifti/geometry.js';
import {readImage, readField} from '../../src/formats/images/read-image.js';
import {writeImage} from '../../src/formats/images/write-image.js';
import type {RegistrationPlan} from '../../src/workflows/register-files.js';
import type {Report} from '../../src/workflows/report.js';
import {buildNifti} from '../support/nifti-builder.js';
import {runCli} from '../support/cli.js';
import {FIXED, MOVING, workspace} from '../support/register-workspace.js';
import {writeTinyModel} from '../support/tiny-model.js';
import {blobs, imageOf, largestDifference} from '../support/volumes.js';

const originalFolder = process.cwd();
after(() => process.chdir(originalFolder));

describe('register writes', () => {
  test('the moved image under a name of its own where no output is named, and says so', async (t) => {
    const {folder, register} = await workspace(t);
    process.chdir(folder);
    const {code, stdout, logs} = await register();
    process.chdir(originalFolder);
    assert.equal(code, 0);
    assert.ok((await readdir(folder)).includes('moving_moved.nii.gz'));
    assert.match(stdout, /^moved +moving_moved\.nii\.gz$/m);
    assert.match(stdout, /^lambda +0\.3$/m);
    assert.match(stdout, /^similarity +NCC [\d.]+ -> [\d.]+, MSE [\d.]+ -> [\d.]+/m);
    assert.match(stdout, /^displacement +mean [\d.]+ mm, largest [\d.]+ mm$/m);
    assert.ok(logs.some(({msg}) => msg === 'The moved image is in moving_moved.nii.gz.'));
  });

  test('every output that is asked for, into folders that it creates', async (t) => {
    const {path, register} = await workspace(t);
    const at = (name: string) => path(join('new', 'folder', name));
    const {code} = await register(
      ...['--moved', at('moved.nii'), '--warp', at('warp.nii.gz')],
      ...['--inverse-warp', at('inverse.nii'), '--jacobian', at('jacobian.nii')],
      ...['--svf', at('svf.nii'), '--labels', `${path('labels.nii')}:${at('labels.nii')}`],
      ...['--report', at('report.json')],
    );
    assert.equal(code, 0);
    const fixed = await readImage(path('fixed.nii'));
    const moved = await readImage(at('moved.nii'));
    assert.deepEqual(moved.shape, fixed.shape);
    assert.deepEqual(moved.geometry, fixed.geometry);
    assert.equal(moved.datatype, 'float32');
    const warp = await readField(at('warp.nii.gz'));
    assert.equal(warp.intent.code, 1007);
    assert.deepEqual(warp.geometry, fixed.geometry);
    const inverse = await readField(at('inverse.nii'));
    assert.deepEqual(inverse.shape, MOVING.shape);
    const jacobian = await readImage(at('jacobian.nii'));
    assert.ok(jacobian.data.every((value) => value > 0 && value < 10));
    const velocity = await readField(at('svf.nii'));
    assert.deepEqual(
      velocity.shape.map((length) => length % 4),
      [0, 0, 0],
    );
    const labels = await readImage(at('labels.nii'), {kind: 'label'});
    assert.equal(labels.datatype, 'uint8');
    assert.ok([...labels.data].every((label) => [0, 3, 11].includes(label)));
    assert.ok(labels.data.includes(3) && labels.data.includes(11));
  });

  test('a report that says what was done to which bytes', async (t) => {
    const {path, register} = await workspace(t);
    const {code, stdout} = await register(
      '--json',
      '--report',
      path('r.json'),
      '-o',
      path('m.nii'),
      ...['--interpolation', 'cubic'],
    );
    assert.equal(code, 0);
    const report = JSON.parse(stdout) as Report;
    assert.equal(report.interpolation, 'cubic');
    // The file cannot hold the time of its own writing.
    const file = JSON.parse(await readFile(path('r.json'), 'utf8')) as Report;
    const {seconds, peakMemoryMib} = report;
    assert.deepEqual({...file, seconds, peakMemoryMib, stages: report.stages}, report);
    assert.deepEqual(file.stages, report.stages.slice(0, -1));
    assert.ok(file.seconds <= seconds && file.peakMemoryMib! <= peakMemoryMib!);
    assert.equal(report.fixed.path, path('fixed.nii'));
    assert.match(report.moving.sha256, /^[0-9a-f]{64}$/);
    assert.match(report.model!.contentHash, /^[0-9a-f]{64}$/);
    assert.deepEqual(report.hyperparameters, {lambda: 0.3});
    assert.deepEqual(report.outputs, {moved: path('m.nii'), report: path('r.json')});
    assert.equal(report.engine.name, 'javascript');
    assert.ok(report.displacement.maximumMm >= report.displacement.meanMm);
    const stages = report.stages.map(({name}) => name);
    assert.deepEqual(stages, [
      ...['read', 'engine', 'align', 'conform', 'predict', 'sample', 'measure', 'place'],
      ...['encode', 'write'],
    ]);
    assert.ok(report.stages.every(({memoryMib}) => memoryMib! <= peakMemoryMib!));
    assert.ok(report.stages.every(({memoryMib}) => memoryMib !== null && memoryMib > 10));
  });

  test('the hash of both files of a pair', async (t) => {
    const {path} = await workspace(t);
    await writeFile(path('p.hdr'), buildNifti({magic: 'ni1\0', voxelOffset: 0}).subarray(0, 348));
    await writeFile(path('p.img'), buildNifti().subarray(352));
    const report = async () => {
      const {stdout, stderr} = await runCli([
        ...['register', '--model', path('model.safetensors'), '--engine', 'javascript', '--json'],
        ...['-o', path('moved.nii'), path('p.hdr'), path('p.img')],
      ]);
      assert.ok(stdout, stderr);
      return JSON.parse(stdout) as Report;
    };
    const first = await report();
    assert.equal(first.fixed.sha256, await sha256OfFile(path('p.hdr'), path('p.img')));
    assert.equal(first.moving.sha256, first.fixed.sha256); // either name means the pair
  });

  test('nothing at all where an output cannot be written', async (t) => {
    const {path, register} = await workspace(t);
    await mkdir(path('out'));
    await writeFile(path('blocked'), 'a file where a folder is needed');
    const {code, logs} = await register(
      ...['--moved', path('out/moved.nii'), '--warp', path('blocked/warp.nii')],
    );
    assert.equal(code, 3);
    assert.match(logs[0].msg, /blocked\/warp\.nii: cannot be written: /);
    assert.equal(logs.length, 1); // before anything was read
    assert.deepEqual(await readdir(path('out')), []);
    await mkdir(path('out/folder.nii'));
    const folder = await register('--dry-run', '--moved', path('out/folder.nii'));
    assert.equal(folder.code, 3);
    assert.match(
      folder.logs[0].msg,
      /folder\.nii: cannot be written: this is a folder, not a file\.$/,
    );
  });

  test('nothing but the plan with --dry-run', async (t) => {
    const {folder, path, register} = await workspace(t);
    const before = await readdir(folder);
    const {code, stdout} = await register('--dry-run', '--warp', path('warp.nii'));
    assert.equal(code, 0);
    assert.match(stdout, /^network grid +\d+x\d+x\d+$/m);
    assert.match(stdout, /^would write warp +\S+warp\.nii$/m);
    assert.deepEqual(await readdir(folder), before);
  });

  test('with --dry-run what would stop a registration stops the plan, too', async (t) => {
    const {folder, path, register} = await workspace(t);
    const source = fileURLToPath(new URL('../fixtures/golden/models/vxm2d.h5', import.meta.url));
    await runCli(['import', source, path('slices.safetensors')]);
    const unplaced = {...geometryFromGrid(FIXED), qformCode: 0, sformCode: 0};
    await writeImage(path('unplaced.nii'), {...imageOf(FIXED, blobs), geometry: unplaced});
    const before = await readdir(folder);
    for (const options of [['--dry-run'], []]) {
      const flat = await register(...options, '--model', path('slices.safetensors'));
      assert.equal(flat.code, 3);
      assert.match(flat.logs.at(-1)!.msg, /must be one slice for a two-dimensional model/);
      const {code, logs} = await runCli([
        ...['register', '--model', path('model.safetensors'), '--engine', 'javascript', ...options],
        ...['--warp', path('warp.nii'), path('fixed.nii'), path('unplaced.nii')],
      ]);
      assert.equal(code, 3);
      assert.match(logs.at(-1)!.msg, /unplaced\.nii: the header must say where the voxels lie/);
    }
    assert.deepEqual(await readdir(folder), before);
  });

  test('another field for another lambda', async (t) => {
    const {path, register} = await workspace(t);
    await register('--lambda', '0', '-o', path('a.nii'));
    await register('--lambda', '1', '-o', path('b.nii'));
    const [a, b] = [await readImage(path('a.nii')), await readImage(path('b.nii'))];
    assert.ok(largestDifference(a.data, b.data) > 0.01);
  });
});

describe('register takes', () => {
  test('several hyperparameters by name', async (t) => {
    const {path, register} = await workspace(t);
    await writeTinyModel(path('two.safetensors'), {
      hyperparameters: [
        {name: 'lambda', minimum: 0, maximum: 1, recommended: 0.25},
        {name: 'gamma', minimum: 1, maximum: 3},
      ],
    });
    const two = ['--model', path('two.safetensors'), '-n', '--json'];
    const values = async (...options: string[]) =>
      (JSON.parse((await register(...two, ...options)).stdout) as {hyperparameters: unknown})
        .hyperparameters;
    assert.deepEqual(await values(), {lambda: 0.25, gamma: 2});
    assert.deepEqual(await values('--lambda', '1', '--hyper', 'gamma=1.5'), {
      lambda: 1,
      gamma: 1.5,
    });
    const twice = await register(...two, '--lambda', '1', '--hyper', 'lambda=0');
    assert.equal(twice.code, 2);
    assert.match(twice.logs[0].msg, /lambda must be given once, got --lambda and --hyper lambda/);
    const unknown = await register(...two, '--hyper', 'beta=0');
    assert.match(unknown.logs[0].msg, /\(it has lambda, gamma\), got "beta"/);
    const outside = await register(...two, '--hyper', 'gamma=0');
    assert.match(
      outside.logs[0].msg,
      /^register: --hyper gamma must be a number from 1 to 3, .* got 0\.$/,
    );
  });

  test('the lambda that its model recommends for what the images show, unless another is given', async (t) => {
    const {path, register} = await workspace(t);
    const ofChest = ([x]: readonly number[]) => (x < -10 ? -1000 : x < 0 ? -800 : 40);
    for (const name of ['fixed.nii', 'moving.nii']) {
      const {geometry} = await readImage(path(name));
      const grid = name === 'fixed.nii' ? FIXED : MOVING;
      await writeImage(path(name), {...imageOf(grid, ofChest), geometry});
    }
    const recommended = {'CT of the lung': {overall: [0.75]}, brains: {overall: [0.1]}};
    await writeTinyModel(path('kinds.safetensors'), {recommended});
    const planned = async (...options: string[]) =>
      JSON.parse((await register('-n', '--json', ...options)).stdout) as RegistrationPlan;
    const kinds = ['--model', path('kinds.safetensors')];
    const byKind = await planned(...kinds);
    assert.deepEqual(byKind.hyperparameters, {lambda: 0.75});
    assert.equal(byKind.recommendedFor, 'CT of the lung');
    const given = await planned(...kinds, '--lambda', '0.3');
    assert.deepEqual(given.hyperparameters, {lambda: 0.3});
    assert.equal(given.recommendedFor, null);
    assert.equal((await planned(...kinds, '--lambda', '0.75')).recommendedFor, null);
    const silent = await planned();
    assert.deepEqual(silent.hyperparameters, {lambda: 0.3});
    assert.equal(silent.recommendedFor, null);
    assert.deepEqual((await planned('--model', 'none')).hyperparameters, {lambda: 0.8});
    const {stdout} = await register('-n', ...kinds);
    assert.match(stdout, /^lambda +0\.75, recommended for CT of the lung$/m);
  });

  test('a volume by its number, where a file holds several', async (t) => {
    const {register} = await workspace(t);
    const ignored = await register('-n', '--volume', '1');
    assert.equal(ignored.code, 0);
    const wrong = await register('-n', '--volume', 'last');
    assert.equal(wrong.code, 2);
    assert.match(wrong.logs[0].msg, /--volume must be a whole number from 0, got "last"/);
  });
});

describe('register refuses with exit code 2', () => {
  for (const [value, message] of [
    ['2', /must be a number from 0 to 1, the range that .* was trained for, got 2\.$/],
    ['-0.1', /must be a number from 0 to 1, .*, got -0\.1\.$/],
    ['smooth', /must be a number, got smooth\.$/],
    ['', /must be a number, got nothing\.$/],
    ['NaN', /must be a number, got NaN\.$/],
  ] as const) {
    test(`lambda "${value}"`, async (t) => {
      const {folder, path, register} = await workspace(t);
      const {code, logs} = await register(`--lambda=${value}`, '-o', path('moved.nii'));
      assert.equal(code, 2);
      assert.match(logs[0].msg, /^register: --lambda must /);
      assert.match(logs[0].msg, message);
      assert.ok(!(await readdir(folder)).includes('moved.nii'));
    });
  }

  test('a lambda for a model without hyperparameters', async (t) => {
    const {path, register} = await workspace(t);
    await writeTinyModel(path('plain.safetensors'), {hyperparameters: []});
    const {code, logs} = await register('--model', path('plain.safetensors'), '--lambda', '0.5');
    assert.equal(code, 2);
    assert.match(logs[0].msg, /^register: --lambda must be left out for .*plain\.safetensors/);
  });

  test('an output that is an input, also through a link', async (t) => {
    const {path, register} = await workspace(t);
    await symlink(path('moving.nii'), path('link.nii'));
    const before = await readFile(path('moving.nii'));
    for (const name of ['moving.nii', 'link.nii']) {
      const {code, logs} = await register('-o', path(name));
      assert.equal(code, 2);
      assert.match(
        logs[0].msg,
        /an output must have a file of its own, got .*, which is an input\./,
      );
    }
    assert.deepEqual(await readFile(path('moving.nii')), before);
  });

  test('two outputs in one file', async (t) => {
    const {path, register} = await workspace(t);
    const {code, logs} = await register('-o', path('a.nii'), '--warp', path('b/../a.nii'));
    assert.equal(code, 2);
    assert.match(logs[0].msg, /which is another output\.$/);
  });

  test('names that are no image names, labels without a second name, threads that are none', async (t) => {
    const {path, register} = await workspace(t);
    for (const [options, message] of [
      [['-o', path('moved.png')], /moved\.png: the name of an output image must end in/],
      [['--labels', path('labels.nii')], /--labels must be two files with a colon between them/],
      [['--threads', '0'], /--threads must be a whole number from 1, got "0"\./],
    ] as const) {
      const {code, logs} = await register(...options);
      assert.equal(code, 2);
      assert.match(logs[0].msg, message);
    }
  });

  test('an unknown option, a missing argument, a choice that is none', async (t) => {
    const {path, register} = await workspace(t);
    for (const [result, message] of [
      [await register('--lamda', '1'), /unknown option '--lamda'\.\s+Did you mean --lambda\?/],
      [
        await runCli(['register', path('fixed.nii')]),
        /register: there must be one moving image, got none\./,
      ],
      [await register('--affine', 'eyes'), /--affine must be auto, headers, .*, got .*eyes/],
      [await runCli(['regster']), /unknown command 'regster'\.\s+Did you mean register\?/],
    ] as const) {
      assert.equal(result.code, 2);
      assert.equal(result.stdout, '');
      assert.match(result.stderr, message);
    }
  });
});

test('the two images are named by arguments or by options, each once', async (t) => {
  const {path} = await workspace(t);
  const [fixed, moving] = [path('fixed.nii'), path('moving.nii')];
  const plan = (...words: string[]) =>
    runCli(['register', '-n', '--json', '--model', path('model.safetensors'), ...words]);
  const expected = (await plan(fixed, moving)).stdout;
  assert.equal((JSON.parse(expected) as {moving: string}).moving, moving);
  for (const words of [
    ['--fixed', fixed, '--moving', moving],
    ['--moving', moving, '--fixed', fixed],
    ['--moving', moving, fixed],
    ['--fixed', fixed, '--moving', moving, fixed, moving],
  ]) {
    assert.equal((await plan(...words)).stdout, expected, words.join(' '));
  }
  for (const [words, got] of [
    [[], /^register: there must be one fixed image, got none\.$/],
    [['--moving', moving], /one fixed image, got none/],
    [['--fixed', fixed], /one moving image, got none/],
    [
      ['--fixed', fixed, moving],
      /one fixed image, got .*moving\.nii among the arguments and --fixed/,
    ],
    [['--moving', fixed, fixed, moving], /one moving image, got .*moving\.nii among/],
  ] as const) {
    const {code, logs} = await plan(...words);
    assert.equal(code, 2);
    assert.match(logs.at(-1)!.msg, got);
    assert.match(logs.at(-1)!.hint!, /^Give both as arguments, <fixed> before <moving>, or both/);
  }
});

describe('register ends with exit code 3, one sentence and no output for', () => {
  const cases: Readonly<Record<string, [prepare: (path: string) => Promise<unknown>, RegExp]>> = {
    'a file that is not there': [
      () => Promise.resolve(),
      /moving\.nii: cannot be read: no such file or folder\.$/,
    ],
    'a file that is no image': [
      (path) => writeFile(path, 'this is text, not an image'),
      /moving\.nii: /,
    ],
    'an image without contrast': [
      (path) => writeImage(path, {...imageOf(MOVING, () => 5), geometry: geometryFromGrid(MOVING)}),
      /moving\.nii: voxels must differ from each other, got 5 in all of them\.$/,
    ],
  };
  for (const [name, [prepare, message]] of Object.entries(cases)) {
    test(name, async (t) => {
      const {folder, path} = await workspace(t);
      const bad = join(folder, 'bad');
      await mkdir(bad);
      await prepare(join(bad, 'moving.nii'));
      const {code, stdout, stderr, logs} = await runCli([
        'register',
        ...['--model', path('model.safetensors'), '--engine', 'javascript'],
        ...['-o', path('moved.nii'), path('fixed.nii'), join(bad, 'moving.nii')],
      ]);
      assert.equal(code, 3);
      assert.equal(stdout, '');
      assert.match(logs.at(-1)!.msg, message);
      assert.doesNotMatch(stderr, /\n\s+at /);
      assert.ok(!(await readdir(folder)).includes('moved.nii'));
    });
  }

  test('a damaged model', async (t) => {
    const {path, register} = await workspace(t);
    await copyFile(path('fixed.nii'), path('broken.safetensors'));
    const {code, logs} = await register('--model', path('broken.safetensors'));
    assert.equal(code, 3);
    assert.match(logs[0].msg, /broken\.safetensors: /);
  });
});

test('bf16 on an engine without it ends with exit code 4 and says what to do', async (t) => {
  const {folder, path, register} = await workspace(t);
  const before = await readdir(folder);
  const {code, logs} = await register('--precision', 'bf16', '-o', path('moved.nii'));
  assert.equal(code, 4);
  const {msg, hint} = logs.at(-1)!;
  assert.equal(msg, 'engine: precision bf16 must run on the native engine, got javascript.');
  assert.equal(hint, 'Use the native engine, or precision float32.');
  assert.equal((await register('--precision', 'float16')).code, 2);
  assert.deepEqual(await readdir(folder), before);
});

test('an interruption ends with exit code 130 and leaves nothing behind', async (t) => {
  const {folder, path} = await workspace(t);
  const before = await readdir(folder);
  const {code} = await runCli(
    [
      'register',
      ...['--model', path('model.safetensors'), '--engine', 'javascript'],
      ...['-o', path('moved.nii'), path('fixed.nii'), path('moving.nii')],
    ],
    {signal: AbortSignal.abort()},
  );
  assert.equal(code, 130);
  assert.deepEqual(await readdir(folder), before);
});

test('stdout holds the result and nothing else; --quiet leaves stderr empty', async (t) => {
  const {path, register} = await workspace(t);
  const {code, stdout, stderr} = await register('--quiet', '--json', '-o', path('moved.nii'));
  assert.equal(code, 0);
  assert.equal(stderr, '');
  assert.equal((JSON.parse(stdout) as {tool: string}).tool, 'hypermorph');
});

test('on a terminal logs are for people and a bar shows the stages', async (t) => {
  const {path} = await workspace(t);
  const {code, stderr} = await runCli(
    [
      'register',
      ...['--model', path('model.safetensors'), '--engine', 'javascript'],
      ...['-o', path('moved.nii'), path('fixed.nii'), path('moving.nii')],
    ],
    {isTTY: true},
  );
  assert.equal(code, 0);
  assert.match(stderr, /running the network/);
  assert.doesNotMatch(stderr, /^\{/m);
});
