import assert from 'node:assert/strict';
import {existsSync, readFileSync, readdirSync} from 'node:fs';
import {readFile, readdir, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {test} from 'node:test';
import {fileURLToPath} from 'node:url';
import {parse} from 'yaml';
import {readModel} from '../../src/models/model-file.js';
import {runCli} from '../support/cli.js';
import {temporaryFolder} from '../support/temporary-folder.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const BRAINS = join(ROOT, 'data/brainmaps');

const TINY = `
architecture:
  dimensions: 2
  hypernetwork: {layers: 1, units: 4}
  unet: {encoder: [4, 4], decoder: [4, 4]}
  integrationSteps: 1
grid: {shape: [16, 16], spacingMm: null, orientation: null}
sources: [{kind: shapes, maps: 1, labels: 4, scaleVox: 6}]
augmentation: {deformationVox: 1, deformationScaleVox: 8}
steps: 2
`;

interface SourceText {
  readonly kind: string;
  readonly images?: unknown;
  readonly labels?: unknown;
}

/** Overrides that let a configuration run on the two brains that come with the package, on a small grid, from its own first model where that is there. */
function onShippedData(path: string): string[] {
  const config = parse(readFileSync(path, 'utf8')) as {
    sources: SourceText[];
    validation?: {sources?: SourceText[]};
    grid?: {reference?: string};
    initialModel?: string | null;
  };
  const {initialModel} = config;
  const startsFromShipped =
    typeof initialModel === 'string' && existsSync(join(ROOT, initialModel));
  const pair = (what: string) =>
    `[${['05', '11'].map((n) => join(BRAINS, `sub${n}_${what}.nii.gz`)).join(', ')}]`;
  const replace = (setting: string, sources: readonly SourceText[]) =>
    sources.flatMap(({kind, labels}, n) => {
      const at = `${setting}[${n}]`;
      if (kind === 'shapes') return [`${at}.maps=2`];
      const images = `${at}.images=${pair(kind === 'labels' ? 'labels' : 't1')}`;
      const maps = labels === undefined ? [] : [`${at}.labels=${pair('labels')}`];
      return kind === 'atlas'
        ? [images, `${at}.atlas=${join(BRAINS, 'sub05_t1.nii.gz')}`]
        : [images, ...maps];
    });
  return [
    'grid.shape=[32, 32, 32]',
    ...(startsFromShipped ? [] : ['initialModel=null']),
    ...replace('sources', config.sources),
    ...replace('validation.sources', config.validation?.sources ?? []),
    ...(config.grid?.reference === undefined
      ? []
      : [`grid.reference=${join(BRAINS, 'sub05_t1.nii.gz')}`]),
  ];
}

for (const name of readdirSync(join(ROOT, 'configs')).filter((one) => one.endsWith('.yaml'))) {
  test(`configs/${name} reads its data and says what it would do`, async () => {
    const path = join(ROOT, 'configs', name);
    const overrides = onShippedData(path).flatMap((override) => ['--set', override]);
    const {code, stdout, stderr} = await runCli([
      'train',
      ...['--config', path, '--dry-run', '--json', '--engine', 'javascript'],
      ...overrides,
    ]);
    assert.equal(code, 0, stderr);
    const plan = JSON.parse(stdout) as {dryRun: boolean; parameters: number; output: string};
    assert.equal(plan.dryRun, true);
    assert.ok(plan.parameters > 2_000_000);
    assert.equal(plan.output, join('runs', name.replace('.yaml', '')));
  });
}

test('a run writes its settings, log, checkpoint and model, and names them on stdout', async (t) => {
  const folder = await temporaryFolder(t);
  const [config, output] = [join(folder, 'tiny.yaml'), join(folder, 'run')];
  await writeFile(config, TINY);
  const {code, stdout, logs} = await runCli([
    'train',
    ...['--config', config, '--output', output, '--engine', 'javascript', '--set', 'seed=4'],
  ]);
  assert.equal(code, 0);
  assert.match(
    stdout,
    /^steps +2 of 2\nmodel +\S+model\.safetensors\ncheckpoint +\S+\nreport +\S+report\.html\n$/,
  );
  assert.deepEqual((await readdir(output)).sort(), [
    'checkpoint.safetensors',
    'config.yaml',
    'events.out.tfevents.hypermorph',
    'log.jsonl',
    'model.safetensors',
    'report.html',
  ]);
  assert.ok(logs.some(({msg}) => /^Training \d+ parameters, from step 0 to 2\.$/.test(msg)));
  const merged = parse(await readFile(join(output, 'config.yaml'), 'utf8')) as {
    seed: number;
    batch: number;
  };
  assert.deepEqual([merged.seed, merged.batch], [4, 1]);
});

test('an interrupted run ends with 130, says how to go on, and leaves a model that loads', async (t) => {
  const folder = await temporaryFolder(t);
  const [config, output] = [join(folder, 'tiny.yaml'), join(folder, 'run')];
  await writeFile(config, TINY);
  const signal = AbortSignal.abort();
  const {code, logs} = await runCli(
    ['train', '--config', config, '--output', output, '--engine', 'javascript'],
    {signal},
  );
  assert.equal(code, 130);
  const last = logs.at(-1)!;
  assert.equal(
    last.msg,
    `train: interrupted after step 0 of 2; the checkpoint is in ${join(output, 'checkpoint.safetensors')}.`,
  );
  assert.equal(last.hint, 'Go on with the same command and --resume.');
  assert.equal(
    (await readModel(join(output, 'model.safetensors'))).description.provenance.steps,
    0,
  );
});

test('a wrong configuration ends with 2, by path and value, and nothing is written', async (t) => {
  const folder = await temporaryFolder(t);
  const config = join(folder, 'x.yaml');
  await writeFile(config, `${TINY}optimiser: {learningRate: fast}\n`);
  const {code, stdout, logs} = await runCli(['train', '-c', config, '-o', join(folder, 'run')]);
  assert.equal(code, 2);
  assert.equal(stdout, '');
  assert.equal(logs[0].msg, `${config}: optimiser.learningRate must be a number, got "fast".`);
  assert.deepEqual(await readdir(folder), ['x.yaml']);
});

test('a list that fits no file, and an image that cannot be read, are named', async (t) => {
  const folder = await temporaryFolder(t);
  const [config, broken] = [join(folder, 'x.yaml'), join(folder, 'broken.nii')];
  await writeFile(config, TINY);
  await writeFile(broken, 'no image');
  const dryRun = (images: string) =>
    runCli([
      'train',
      '-c',
      config,
      '--dry-run',
      '--set',
      `sources=[{kind: scans, images: "${images}"}]`,
    ]);
  const none = await dryRun(join(folder, '*.nii.gz'));
  assert.equal(none.code, 2);
  assert.match(none.logs.at(-1)!.msg, /^sources\[0\]\.images: must fit at least one file, got "/);
  const unreadable = await dryRun(broken);
  assert.equal(unreadable.code, 3);
  assert.ok(unreadable.logs.at(-1)!.msg.startsWith(broken));
});

test('a dry run reads the model to start from: one that is missing or of another architecture is named', async (t) => {
  const folder = await temporaryFolder(t);
  const [config, first] = [join(folder, 'tiny.yaml'), join(folder, 'first')];
  await writeFile(config, TINY);
  const tiny = ['train', '--config', config, '--engine', 'javascript'];
  assert.equal((await runCli([...tiny, '--output', first, '--set', 'steps=1'])).code, 0);
  const model = join(first, 'model.safetensors');
  const dryRun = (path: string, ...settings: string[]) =>
    runCli([
      ...tiny,
      '--dry-run',
      ...[`initialModel=${path}`, ...settings].flatMap((setting) => ['--set', setting]),
    ]);
  assert.equal((await dryRun(model)).code, 0);
  const missing = await dryRun(join(folder, 'none.safetensors'));
  assert.equal(missing.code, 3);
  assert.ok(missing.logs.at(-1)!.msg.startsWith(`initialModel: ${join(folder, 'none.')}`));
  const wider = await dryRun(model, 'architecture.unet.encoder[1]=6');
  assert.equal(wider.code, 3);
  assert.match(
    wider.logs.at(-1)!.msg,
    /^initialModel: \S+model\.safetensors: tensor "\S+" must have shape \[/,
  );
});

test('--print-schema prints the schema of configurations, and nothing is asked for', async () => {
  const {code, stdout, stderr} = await runCli(['train', '--print-schema']);
  assert.deepEqual([code, stderr], [0, '']);
  const file = join(import.meta.dirname, '..', '..', 'configs', 'training.schema.json');
  assert.equal(stdout, await readFile(file, 'utf8'));
  const {logs} = await runCli(['train']);
  assert.equal(logs.at(-1)!.msg, 'train: --config must be given, the configuration.');
});

test('--max-memory refuses before anything is made, and bounds the images that are kept', async (t) => {
  const folder = await temporaryFolder(t);
  const config = join(folder, 'tiny.yaml');
  const image = join(BRAINS, 'sub05_t1.nii.gz');
  await writeFile(config, TINY);
  const train = (...options: string[]) =>
    runCli([
      ...['train', '--config', config, '--output', join(folder, 'run'), '--engine', 'javascript'],
      ...options,
    ]);
  for (const run of [[], ['--dry-run']]) {
    const {code, logs} = await train('--max-memory', '10K', ...run);
    assert.equal(code, 4);
    assert.match(logs.at(-1)!.msg, /must fit into 0.0098 MiB of memory, got an estimate of/);
    assert.match(logs.at(-1)!.hint ?? '', /grid\.shape/);
  }
  assert.deepEqual(await readdir(folder), ['tiny.yaml']);
  const scans = [
    'architecture={dimensions: 3, hypernetwork: {layers: 1, units: 4}, unet: {encoder: [4, 4], decoder: [4, 4]}}',
    'grid={shape: [32, 32, 32]}',
    `sources=[{kind: scans, images: [${image}, ${join(BRAINS, 'sub11_t1.nii.gz')}]}]`,
  ].flatMap((override) => ['--set', override]);
  const {code, stdout, stderr} = await train('--max-memory', '80M', '-n', '--json', ...scans);
  assert.equal(code, 0, stderr);
  assert.equal((JSON.parse(stdout) as {limitBytes: number}).limitBytes, 40 * 2 ** 20);
  const wrong = await train('--max-memory', 'much');
  assert.equal(wrong.code, 2);
  assert.match(wrong.logs.at(-1)!.msg, /^train: --max-memory must be an amount of memory/);
});
