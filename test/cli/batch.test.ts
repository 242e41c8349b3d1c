import assert from 'node:assert/strict';
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {copyFile, mkdir, readdir, readFile, rm, stat, writeFile} from 'node:fs/promises';
import {hostname} from 'node:os';
import {join} from 'node:path';
import {after, describe, test, type TestContext} from 'node:test';
import {setTimeout} from 'node:timers/promises';
import {fileURLToPath} from 'node:url';
import * as tf from '@tensorflow/tfjs-core';
import {geometryFromGrid} from '../../src/formats/images/nifti/geometry.js';
import {readImage} from '../../src/formats/images/read-image.js';
import {writeImage} from '../../src/formats/images/write-image.js';
import {encodeItkAffine} from '../../src/formats/transforms/itk-text.js';
import {Affine} from '../../src/geometry/affine.js';
import {runCli, type CliResult} from '../support/cli.js';
import {seededRandom} from '../support/random.js';
import {FIXED, MOVING, workspace} from '../support/register-workspace.js';
import {writeTinyModel} from '../support/tiny-model.js';
import {blobs, imageOf} from '../support/volumes.js';

const PROGRAM = fileURLToPath(new URL('../../bin/hypermorph.js', import.meta.url));
const originalFolder = process.cwd();
after(() => process.chdir(originalFolder));

const PAIRS = 20;
const BROKEN = ['m04', 'm11', 'm17'];
const OPTIONS = ['--model', 'model.safetensors', '--engine', 'javascript', '--refine', 'none'];

/** A folder with twenty pairs in pairs.csv, three of them broken: one is missing, one is no image, one is blank. It is the current one. */
async function pairsFolder(t: TestContext): Promise<string> {
  const {folder, path} = await workspace(t);
  process.chdir(folder);
  const geometry = geometryFromGrid(MOVING);
  const names = Array.from({length: PAIRS}, (_, n) => `m${String(n + 1).padStart(2, '0')}`);
  for (const [n, name] of names.entries()) {
    const image = imageOf(MOVING, ([x, y, z]) => blobs([x + n / 4, y - n / 5, z]));
    await writeImage(path(`${name}.nii`), {...image, geometry});
  }
  await rm(path('m04.nii'));
  await writeFile(path('m11.nii'), 'not an image at all '.repeat(40));
  const blank = {shape: MOVING.shape, data: new Float32Array(21 * 17 * 19).fill(3), geometry};
  await writeImage(path('m17.nii'), blank);
  const rows = names.map((name) => `${name},fixed.nii,${name}.nii,warps/${name}.nii`);
  await writeFile('pairs.csv', `name,fixed,moving,warp\n${rows.join('\n')}\n`);
  return folder;
}

const batch = (...options: string[]): Promise<CliResult> =>
  runCli(['batch', 'pairs.csv', ...OPTIONS, '--moved', 'moved/{name}.nii.gz', ...options]);

/** What a batch wrote and no clock has changed: images, warps and the summary; by name. */
async function resultsIn(folder: string, batchFolder = 'pairs_batch') {
  const files = new Map<string, string>();
  for (const name of ['moved', 'warps', batchFolder]) {
    for (const file of await readdir(join(folder, name)).catch(() => [])) {
      if (file === 'pairs.jsonl' || file === 'records') continue; // they hold times
      files.set(
        `${name.replace(batchFolder, 'batch')}/${file}`,
        (await readFile(join(folder, name, file))).toString('base64'),
      );
    }
  }
  return files;
}

const columnOf = (csv: string, n: number) =>
  csv
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.split(',')[n]);

test('twenty pairs of which three are broken: seventeen are done, three named, exit code 5; a second run does nothing', async (t) => {
  const folder = await pairsFolder(t);
  const first = await batch();
  assert.equal(first.code, 5, first.stderr);
  const {msg, hint} = first.logs.at(-1)!;
  assert.equal(msg, 'batch: all pairs must succeed, got 3 of 20 that failed: m04, m11, m17.');
  assert.match(hint ?? '', /the same command does what is left/);
  assert.match(first.stdout, /^registered +17$/m);
  assert.match(first.stdout, /^failed +3: m04, m11, m17$/m);
  for (const [name, says] of [
    ['m04', /^4 of 20, m04: m04\.nii: cannot be read: no such file/],
    ['m11', /^11 of 20, m11: m11\.nii: .*not a NIfTI/],
    ['m17', /^17 of 20, m17: m17\.nii: voxels must differ from each other, got 3 in all/],
  ] as const) {
    const line = first.logs.find((log) => log.level === 50 && log.msg.includes(`${name}:`));
    assert.match(line?.msg ?? '', says);
  }
  const sound = Array.from({length: PAIRS}, (_, n) => `m${String(n + 1).padStart(2, '0')}`).filter(
    (name) => !BROKEN.includes(name),
  );
  assert.deepEqual(
    await readdir('moved'),
    sound.map((name) => `${name}.nii.gz`),
  );
  assert.deepEqual(
    await readdir('warps'),
    sound.map((name) => `${name}.nii`),
  );
  const summary = await readFile('pairs_batch/summary.csv', 'utf8');
  const statuses = columnOf(summary, 1);
  assert.deepEqual([statuses.length, statuses.filter((one) => one === 'done').length], [20, 17]);
  assert.match(summary, /^m04,failed,.*,E_IO,m04\.nii: cannot be read/m);
  const lines = (await readFile('pairs_batch/pairs.jsonl', 'utf8')).trim().split('\n');
  assert.deepEqual(
    lines.map((line) => (JSON.parse(line) as {name: string}).name),
    columnOf(summary, 0),
  );

  const before = await resultsIn(folder);
  const times = await Promise.all(
    [...before.keys()]
      .filter((name) => !name.startsWith('batch'))
      .map(async (name) => (await stat(name)).mtimeMs),
  );
  const second = await batch();
  assert.equal(second.code, 5);
  assert.match(second.stdout, /^registered +0$/m);
  assert.match(second.stdout, /^done before +17$/m);
  assert.deepEqual(await resultsIn(folder), before);
  const later = await Promise.all(
    [...before.keys()]
      .filter((name) => !name.startsWith('batch'))
      .map(async (name) => (await stat(name)).mtimeMs),
  );
  assert.deepEqual(later, times);

  const tensors = tf.memory().numTensors;
  assert.match((await batch('--lambda', '0.9')).stdout, /^registered +17$/m);
  assert.equal(tf.memory().numTensors, tensors);
});

/** Run the program itself; killed after a while, unless it ends before. */
async function spawnBatch(options: readonly string[], killAfterMs = 0): Promise<number | null> {
  const child = spawn(
    process.execPath,
    [PROGRAM, 'batch', 'pairs.csv', ...OPTIONS, '--moved', 'moved/{name}.nii.gz', ...options],
    {stdio: ['ignore', 'ignore', 'ignore'], detached: true},
  );
  const exit = once(child, 'exit') as Promise<[number | null]>;
  if (killAfterMs > 0) {
    await Promise.race([exit, setTimeout(killAfterMs)]);
    if (child.exitCode === null) process.kill(-child.pid!, 'SIGKILL'); // its workers as well
  }
  return (await exit)[0];
}

test('killed at ten random moments and started again it ends with the same bytes, and so do shards and several jobs', async (t) => {
  const folder = await pairsFolder(t);
  await batch();
  const whole = await resultsIn(folder);
  const clear = () =>
    Promise.all(['moved', 'warps', 'pairs_batch'].map((name) => rm(name, {recursive: true})));
  await clear();

  const random = seededRandom(3);
  const ends: (number | null)[] = [];
  for (let n = 0; n < 10; n++) {
    ends.push(await spawnBatch(n % 3 === 2 ? ['--jobs', '2'] : [], 500 + 1500 * random()));
  }
  assert.ok(ends.includes(null), 'nothing was killed');
  const last = await batch();
  assert.equal(last.code, 5, last.stderr);
  assert.deepEqual(await resultsIn(folder), whole);
  const left = (await readdir(folder, {recursive: true})).filter((name) =>
    /\.tmp-|lock$/.test(name),
  );
  assert.deepEqual(left, []);

  await clear();
  for (const shard of ['2/3', '3/3', '1/3']) {
    const {code, stdout} = await batch('--shard', shard);
    assert.match(stdout, shard === '3/3' ? /^pairs +6$/m : /^pairs +7$/m);
    assert.equal(code, shard === '3/3' ? 0 : 5); // m04 is in the first, m11 and m17 in the second
  }
  assert.deepEqual(await resultsIn(folder), whole);

  await clear();
  assert.equal((await batch('--jobs', '3')).code, 5);
  assert.deepEqual(await resultsIn(folder), whole);
});

test('a pair is done again where its inputs, its settings or its files are others; a name alone does not count', async (t) => {
  await pairsFolder(t);
  const csv = [
    'name,fixed,moving,lambda',
    ...['m01', 'm02', 'm03', 'm05'].map((name) => `${name},fixed.nii,${name}.nii,`),
  ];
  await writeFile('pairs.csv', csv.join('\n'));
  const again = async (): Promise<string[]> => {
    const {code, stdout, stderr} = await batch('--json');
    assert.equal(code, 0, stderr);
    const results = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as {name: string; status: string});
    return results.filter(({status}) => status === 'done').map(({name}) => name);
  };
  assert.deepEqual(await again(), ['m01', 'm02', 'm03', 'm05']);
  assert.deepEqual(await again(), []);
  await copyFile('m06.nii', 'm01.nii'); // other contents
  await writeFile('moved/m03.nii.gz', 'damaged');
  await rm('moved/m05.nii.gz');
  assert.deepEqual(await again(), ['m01', 'm03', 'm05']);
  await writeFile(
    'pairs.csv',
    csv.map((line) => line.replace(/^m02.*/, 'm02,fixed.nii,m02.nii,0.9')).join('\n'),
  );
  assert.deepEqual(await again(), ['m02']);
  await rm('pairs_batch/records/m03');
  const record = await readFile('pairs_batch/records/m05', 'utf8');
  await writeFile('pairs_batch/records/m05', record.replace('"quality"', '"qualities"'));
  assert.deepEqual(await again(), ['m03', 'm05']); // files that are there prove nothing
  await copyFile('m02.nii', 'same.nii');
  await writeFile(
    'pairs.csv',
    csv.map((line) => line.replace(/^m02.*/, 'm02,fixed.nii,same.nii,0.9')).join('\n'),
  );
  assert.deepEqual(await again(), []); // the same contents under another name
});

test('every file that a registration reads counts: label map, mask, affine and model', async (t) => {
  await pairsFolder(t);
  await writeFile('pairs.csv', 'name,fixed,moving\nm01,fixed.nii,m01.nii\n');
  const writeAffine = (mm: number) =>
    writeFile('a.txt', encodeItkAffine(Affine.translation([mm, 0, 0])));
  const writeMask = (low: number) =>
    writeImage('mask.nii', {
      ...imageOf(FIXED, (point) => (blobs(point) > low ? 1 : 0)),
      geometry: geometryFromGrid(FIXED),
    });
  await writeAffine(1);
  await writeMask(1);
  const registered = async (): Promise<number> => {
    const {code, stdout, stderr} = await batch(
      ...['--affine', 'a.txt', '--fixed-mask', 'mask.nii', '--labels', 'labels.nii:l.nii'],
    );
    assert.equal(code, 0, stderr);
    return Number(/^registered +(\d+)$/m.exec(stdout)![1]);
  };
  assert.deepEqual([await registered(), await registered()], [1, 0]);
  const labels = await readImage('labels.nii', {kind: 'label'});
  for (const change of [
    () => writeAffine(2),
    () => writeMask(5),
    () => writeImage('labels.nii', {...labels, data: labels.data.map((label) => label + 1)}),
    () => writeTinyModel('model.safetensors', {strength: 0.01}),
  ]) {
    await change();
    assert.deepEqual([await registered(), await registered()], [1, 0], String(change));
  }
});

describe('a table', () => {
  test('has a column for every option of register, in CSV, TSV and JSON alike; options of batch are for cells that say nothing', async (t) => {
    await pairsFolder(t);
    await writeFile(
      'pairs.csv',
      'fixed,moving,site,lambda,labels,inverse_warp,assume-orientation\n' +
        'fixed.nii,m01.nii,a,0.9,labels.nii:l1.nii;labels.nii:l2.nii,inv/1.nii,yes\n' +
        'fixed.nii,m02.nii,b,,,n/a,no\n',
    );
    const run = () =>
      batch('--lambda', '0.1', '--report', 'r/{site}-{moving}-{fixed}.json', '--json');
    const csv = await run();
    assert.equal(csv.code, 0, csv.stderr);
    const report = async (name: string) =>
      JSON.parse(await readFile(`r/${name}.json`, 'utf8')) as {
        hyperparameters: object;
        outputs: Record<string, unknown>;
        fixed: {sha256: string};
      };
    const [a, b] = [await report('a-m01-fixed'), await report('b-m02-fixed')];
    assert.deepEqual(a.hyperparameters, {lambda: 0.9});
    assert.deepEqual(b.hyperparameters, {lambda: 0.1});
    assert.deepEqual(a.outputs.labels, ['l1.nii', 'l2.nii']);
    assert.deepEqual(Object.keys(b.outputs).sort(), ['moved', 'report']);
    assert.match(a.fixed.sha256, /^[0-9a-f]{64}$/);
    assert.deepEqual(await readdir('moved'), ['m01_to_fixed.nii.gz', 'm02_to_fixed.nii.gz']);
    const tsv = (await readFile('pairs.csv', 'utf8')).replaceAll(',', '\t');
    await writeFile('pairs.tsv', tsv);
    await writeFile(
      'pairs.json',
      JSON.stringify([
        {
          ...{fixed: 'fixed.nii', moving: 'm01.nii', site: 'a', lambda: 0.9},
          labels: ['labels.nii:l1.nii', 'labels.nii:l2.nii'],
          ...{'inverse-warp': 'inv/1.nii', 'assume-orientation': true},
        },
        {fixed: 'fixed.nii', moving: 'm02.nii', site: 'b', lambda: null},
      ]),
    );
    for (const table of ['pairs.tsv', 'pairs.json']) {
      const {code, stdout} = await runCli([
        ...['batch', table, '--folder', 'pairs_batch', ...OPTIONS],
        ...['--moved', 'moved/{name}.nii.gz', '--lambda', '0.1'],
        ...['--report', 'r/{site}-{moving}-{fixed}.json'],
      ]);
      assert.equal(code, 0);
      assert.match(stdout, /^done before +2$/m, table);
    }
  });

  test('may leave out the fixed image that all share; without an output the moved image goes into the folder', async (t) => {
    await pairsFolder(t);
    await writeFile('pairs.csv', 'moving\nm01.nii\nm02.nii\n');
    const {code, stderr} = await runCli([
      'batch',
      'pairs.csv',
      ...OPTIONS,
      '--fixed',
      'fixed.nii',
      '--folder',
      'out/b',
    ]);
    assert.equal(code, 0, stderr);
    assert.deepEqual(await readdir('out/b'), [
      ...['m01_to_fixed_moved.nii.gz', 'm02_to_fixed_moved.nii.gz'],
      ...['pairs.jsonl', 'records', 'summary.csv'],
    ]);
  });

  test('may leave out the moving image that all share', async (t) => {
    await pairsFolder(t);
    await writeFile('pairs.csv', 'fixed\nm01.nii\nm02.nii\n');
    const {code, stderr} = await runCli([
      ...['batch', 'pairs.csv', ...OPTIONS, '--moving', 'fixed.nii', '--warp', '{name}.nii'],
    ]);
    assert.equal(code, 0, stderr);
    const files = await readdir('.');
    assert.ok(files.includes('fixed_to_m01.nii') && files.includes('fixed_to_m02.nii'));
  });

  test('calls pairs after their files, whatever these are called', async (t) => {
    await pairsFolder(t);
    await copyFile('m01.nii', 'my scan, 1.nii');
    await copyFile('m02.nii', 'täglich (2).nii');
    await writeFile(
      'pairs.csv',
      'fixed,moving\nfixed.nii,"my scan, 1.nii"\nfixed.nii,täglich (2).nii\n',
    );
    assert.equal((await batch()).code, 0);
    assert.deepEqual(await readdir('moved'), [
      'my_scan__1_to_fixed.nii.gz',
      'täglich__2__to_fixed.nii.gz',
    ]);
  });

  test('with a fault in one row costs that pair alone', async (t) => {
    await pairsFolder(t);
    await writeFile(
      'pairs.csv',
      'name,fixed,moving,lambda,refine,geometry,assume-orientation\n' +
        'a,fixed.nii,m01.nii,much,,,\nb,fixed.nii,m01.nii,,-3,,\nc,fixed.nii,m01.nii,,,xform,\n' +
        'd,fixed.nii,m01.nii,,,,perhaps\ne,,m01.nii,,,,\nf,fixed.nii,m01.nii,0.5,2,sform,no\n',
    );
    const {code, logs} = await batch('--refine', 'none');
    assert.equal(code, 5);
    const said = logs.filter(({level}) => level === 50).map(({msg}) => msg);
    for (const [n, text] of [
      /^1 of 6, a: --lambda must be a number, got much\.$/,
      /^2 of 6, b: --refine must be auto, none or a whole number from 1, got -3\.$/,
      /^3 of 6, c: option '--geometry <source>' argument 'xform' is invalid\. Allowed choices/,
      /^4 of 6, d: --assume-orientation must be yes or no, got "perhaps"\.$/,
      /^5 of 6, e: row 5: must name a fixed and a moving image\.$/,
      /^batch: all pairs must succeed, got 5 of 6 that failed: a, b, c, d, e\.$/,
    ].entries()) {
      assert.match(said[n], text);
    }
    assert.deepEqual(await readdir('moved'), ['f.nii.gz']);
  });

  test('that cannot be meant is refused before anything is done', async (t) => {
    await pairsFolder(t);
    for (const [csv, options, code, says] of [
      [
        'fixed,moving,lamda\nfixed.nii,m01.nii,1\n',
        [],
        2,
        /pairs\.csv: a column must be an option of register, or be filled in by an option of batch, got "lamda"/,
      ],
      ['fixed,mov\nfixed.nii,m01.nii\n', [], 2, /got "mov"/],
      ['fixed\nfixed.nii\n', [], 2, /must have a column moving, got none/],
      ['moving\nm01.nii\n', [], 2, /must have a column fixed, got none/],
      [
        'fixed,moving\n',
        [],
        3,
        /must hold a line of column names and at least one pair, got no pair/,
      ],
      [
        'fixed,moving,fixed\na,b,c\n',
        [],
        3,
        /must have a name of its own for every column, got "fixed" twice/,
      ],
      [
        'fixed,moving\nfixed.nii,m01.nii,m02.nii\n',
        [],
        3,
        /must be a table of comma-separated values/,
      ],
      [
        'fixed;moving\nfixed.nii;m01.nii\n',
        [],
        3,
        /must be a table of comma-separated values, got the line "fixed;moving"/,
      ],
      [
        'fixed,moving\nfixed.nii,m01.nii\nfixed.nii,m01.nii\n',
        [],
        2,
        /every pair must have a name of its own, got "m01_to_fixed" twice/,
      ],
      [
        'name,fixed,moving\n../x,fixed.nii,m01.nii\n',
        [],
        2,
        /the name of a pair must be letters, digits/,
      ],
      [
        'fixed,moving\nfixed.nii,m01.nii\nfixed.nii,m02.nii\n',
        ['--warp', 'w.nii'],
        2,
        /an output must have a file of its own, got w\.nii, which is another output/,
      ],
      [
        'fixed,moving\nfixed.nii,m01.nii\nfixed.nii,m02.nii\n',
        ['--warp', '{fixed}_{moving}.nii', '--affine-out', 'm02.nii'],
        2,
        /got m02\.nii, which is an input/,
      ],
      [
        'fixed,moving\nfixed.nii,m01.nii\n',
        ['--warp', '{subject}.nii'],
        2,
        /\{subject\} in an option must be name, fixed, moving or a column of the table/,
      ],
      [
        'fixed,moving\nfixed.nii,m01.nii\n',
        ['--shard', '4/3'],
        2,
        /--shard must be a part and how many there are, such as 1\/3, got "4\/3"/,
      ],
      [
        'fixed,moving\nfixed.nii,m01.nii\n',
        ['--jobs', '0'],
        2,
        /--jobs must be a whole number from 1/,
      ],
      [
        'fixed,moving\nfixed.nii,m01.nii\n',
        ['--refine', 'much'],
        2,
        /--refine must be auto, none or/,
      ],
    ] as const) {
      await writeFile('pairs.csv', csv);
      const result = await batch(...options);
      assert.equal(result.code, code, result.stderr);
      assert.match(result.logs.at(-1)!.msg, says);
      assert.ok(!(await readdir('.')).includes('pairs_batch'));
    }
    await writeFile('pairs.txt', 'x');
    assert.match(
      (await runCli(['batch', 'pairs.txt'])).logs.at(-1)!.msg,
      /must end in \.csv, \.tsv or \.json/,
    );
    for (const text of ['{', '{}', '[]', '[1]', '[{"fixed": {"a": 1}}]']) {
      await writeFile('pairs.json', text);
      const {code, logs} = await runCli(['batch', 'pairs.json']);
      assert.equal(code, 3);
      assert.match(logs.at(-1)!.msg, /^pairs\.json: must be a JSON list of at least one object/);
    }
  });
});

test('an interruption gives up the pair in hand, leaves nothing half written, and the next call goes on', async (t) => {
  const folder = await pairsFolder(t);
  for (const jobs of [[], ['--jobs', '2']]) {
    await rm('pairs_batch', {recursive: true, force: true});
    await rm('moved', {recursive: true, force: true});
    const abort = new AbortController();
    const running = runCli(
      ['batch', 'pairs.csv', ...OPTIONS, '--moved', 'moved/{name}.nii.gz', ...jobs],
      {signal: abort.signal},
    );
    while ((await readdir('moved').catch(() => [])).length < 3) await setTimeout(5);
    abort.abort();
    const {code, logs} = await running;
    assert.equal(code, 130);
    assert.match(
      logs.at(-1)!.msg,
      /^batch: interrupted after \d+ of 20 pairs; nothing of the others/,
    );
    const left = (await readdir(folder, {recursive: true})).filter((name) =>
      /\.tmp-|lock$/.test(name),
    );
    assert.deepEqual(left, []);
    const waiting = columnOf(await readFile('pairs_batch/summary.csv', 'utf8'), 1);
    assert.ok(waiting.includes('waiting') && waiting.includes('done'));
  }
  const {code, stdout} = await batch();
  assert.equal(code, 5);
  const [, before] = /^done before +(\d+)$/m.exec(stdout)!;
  assert.ok(Number(before) >= 3 && Number(before) < 17);
  assert.equal((await readdir('moved')).length, 17);
});

test('--dry-run says what would be done, what is done and what would fail, and writes nothing', async (t) => {
  await pairsFolder(t);
  const {code, stdout, logs} = await batch('--dry-run');
  assert.equal(code, 5);
  assert.match(stdout, /^would be registered +17$/m);
  assert.match(logs.map(({msg}) => msg).join('\n'), /m04: m04\.nii: cannot be read/);
  assert.ok(!(await readdir('.')).some((name) => ['moved', 'warps', 'pairs_batch'].includes(name)));
});

test('two calls do not work in one folder at the same time; shards do', async (t) => {
  await pairsFolder(t);
  await mkdir('pairs_batch');
  await writeFile('pairs_batch/shard-1-of-1.lock', `${process.ppid} ${hostname()}\n`);
  const {code, logs} = await batch();
  assert.equal(code, 2);
  assert.equal(
    logs.at(-1)!.msg,
    'batch: the folder must not be that of a batch that goes on, got pairs_batch.',
  );
  assert.equal((await batch('--shard', '1/2')).code, 5);
});
