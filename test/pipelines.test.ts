import assert from 'node:assert/strict';
import {execFileSync, spawnSync} from 'node:child_process';
import {existsSync, readFileSync, readdirSync} from 'node:fs';
import {copyFile, mkdir, symlink, writeFile} from 'node:fs/promises';
import {delimiter, join} from 'node:path';
import {describe, test, type TestContext} from 'node:test';
import {readImage} from '../src/formats/images/read-image.js';
import {exampleFolder} from './support/example-folder.js';
import {nativeMissing} from './support/native.js';
import {temporaryFolder} from './support/temporary-folder.js';

const ROOT = join(import.meta.dirname, '..');
const EXAMPLES = join(ROOT, 'examples');
const PROVIDED = join(ROOT, '.cache', 'pipelines');
const REMEDY = 'run node scripts/provide-pipelines.js';
const NAMES = ['sub-01', 'sub-02', 'sub-03'];

/** A folder with a table of three small pairs, and a PATH with this hypermorph and a folder of other programs. */
async function pairsFolder(t: TestContext, programs = '') {
  const folder = await exampleFolder(await temporaryFolder(t));
  const rows = NAMES.map((name) => `${name},fixed.nii.gz,${name}.nii.gz`);
  for (const name of NAMES) {
    await copyFile(join(folder, 'moving.nii.gz'), join(folder, `${name}.nii.gz`));
  }
  await writeFile(join(folder, 'pairs.csv'), `name,fixed,moving\n${rows.join('\n')}\n`);
  const own = join(folder, 'programs');
  await mkdir(own);
  await symlink(join(ROOT, 'bin', 'hypermorph.js'), join(own, 'hypermorph'));
  const path = [own, ...(programs === '' ? [] : [programs]), process.env['PATH']].join(delimiter);
  return {folder, env: {...process.env, PATH: path, HOME: folder}};
}

/** Run a program; it must succeed. */
function run(
  [command, ...argv]: readonly string[],
  {folder, env}: {readonly folder: string; readonly env: NodeJS.ProcessEnv},
): string {
  const {status, stdout, stderr, error} = spawnSync(command, argv, {
    ...{cwd: folder, env, encoding: 'utf8'},
  });
  assert.equal(status, 0, `${command} ${argv.join(' ')}\n${stdout}\n${stderr}\n${error?.message}`);
  return stdout + stderr;
}

async function requireResults(folder: string): Promise<void> {
  for (const name of NAMES) {
    const moved = await readImage(join(folder, 'results', `${name}_moved.nii.gz`));
    assert.deepEqual(moved.shape, [11, 9, 10]);
    assert.ok(existsSync(join(folder, 'results', `${name}_warp.nii.gz`)));
  }
}

describe('an example registers every pair of a table:', () => {
  const snakemake = join(PROVIDED, 'snakemake', 'bin');
  const hasSnakemake = existsSync(join(snakemake, 'snakemake'));
  test('Snakemake', {skip: hasSnakemake ? false : `no Snakemake: ${REMEDY}`}, async (t) => {
    const place = await pairsFolder(t, snakemake);
    const words = ['snakemake', '--snakefile', join(EXAMPLES, 'snakemake', 'Snakefile')];
    run([...words, '--cores', '2', '--config', 'options=--lambda 0.3'], place);
    await requireResults(place.folder);
    const report = readFileSync(join(place.folder, 'results', 'sub-01.json'), 'utf8');
    const {hyperparameters} = JSON.parse(report) as {hyperparameters: object};
    assert.deepEqual(hyperparameters, {lambda: 0.3});
    // Nothing is left to do.
    assert.match(
      run([...words, '--cores', '2', '--dry-run', '--config', 'options=--lambda 0.3'], place),
      /Nothing to be done/,
    );
  });

  const nextflow = join(PROVIDED, 'nextflow', 'lib');
  const hasNextflow = existsSync(nextflow) && spawnSync('java', ['-version']).status === 0;
  test('Nextflow', {skip: hasNextflow ? false : `no Nextflow: ${REMEDY}`}, async (t) => {
    const place = await pairsFolder(t);
    const env = {...place.env, NXF_OFFLINE: 'true', NXF_HOME: join(place.folder, 'home')};
    const said = run(
      [
        ...['java', '-cp', join(nextflow, '*'), 'nextflow.cli.Launcher'],
        ...['run', join(EXAMPLES, 'nextflow', 'main.nf'), '-ansi-log', 'false'],
        ...['--pairs', 'pairs.csv', '--options', '--lambda 0.3'],
      ],
      {...place, env},
    );
    assert.equal(said.match(/REGISTER \(sub-0\d\)/g)?.length, 3, said);
    await requireResults(place.folder);
  });

  test('Slurm, its tasks one after the other', async (t) => {
    const place = await pairsFolder(t);
    // As sbatch --array=0-1 sets it.
    for (const task of [0, 1]) {
      const env = {
        ...place.env,
        ...{SLURM_ARRAY_TASK_ID: String(task), SLURM_ARRAY_TASK_COUNT: '2'},
        ...{SLURM_ARRAY_TASK_MIN: '0', SLURM_CPUS_PER_TASK: '1'},
      };
      const words = [join(EXAMPLES, 'slurm', 'array.sh'), 'pairs.csv', '--lambda', '0.3'];
      assert.match(
        run(words, {...place, env}),
        new RegExp(`^registered +${task === 0 ? 2 : 1}$`, 'm'),
      );
    }
    await requireResults(place.folder);
  });
});

describe('the container', () => {
  const read = (name: string) => readFileSync(join(EXAMPLES, 'container', name), 'utf8');

  test('has the same steps for Docker and Apptainer', () => {
    const docker = read('Dockerfile');
    const apptainer = read('hypermorph.def');
    for (const step of ['npm ci --ignore-scripts', 'examples/container/pack.sh /package']) {
      assert.ok(docker.includes(`RUN ${step}\n`) && apptainer.includes(`    ${step}\n`), step);
    }
    const images = (text: string) => text.match(/node:22-bookworm(-slim)?/g);
    assert.deepEqual(images(docker), images(apptainer));
    const paths = docker.match(/examples\/\S+\.sh|\/package\/\S+\.sh/g) ?? [];
    assert.ok(
      paths.every((path) => existsSync(join(EXAMPLES, 'container', path.split('/').at(-1)!))),
    );
  });

  // No builder of containers is needed: its steps, but for npm ci, run in a copy of the repository.
  test(
    'is a package with the engine inside, which installs and registers without a compiler',
    {skip: nativeMissing ?? false},
    async (t) => {
      const copy = await temporaryFolder(t);
      const files = execFileSync('git', ['ls-files', '-z', '-co', '--exclude-standard'], {
        cwd: ROOT,
      });
      const names = files
        .toString()
        .split('\0')
        .filter((name) => name !== '' && existsSync(join(ROOT, name)));
      execFileSync('tar', ['-cf', join(copy, 'copy.tar'), '-C', ROOT, '-T', '-'], {
        input: names.join('\n'),
      });
      const repository = join(copy, 'hypermorph');
      await mkdir(repository);
      execFileSync('tar', ['-xf', join(copy, 'copy.tar'), '-C', repository]);
      await symlink(join(ROOT, 'node_modules'), join(repository, 'node_modules'));
      const packed = join(copy, 'package');
      run(['bash', 'examples/container/pack.sh', packed], {folder: repository, env: process.env});
      const [name] = readdirSync(packed);

      const prefix = join(copy, 'prefix');
      const place = {folder: copy, env: {...process.env, CXX: 'false'}};
      const install = join(EXAMPLES, 'container', 'install.sh');
      run(['bash', install, join(packed, name), prefix], place);
      assert.ok(existsSync(join(prefix, 'share', 'man', 'man1', 'hypermorph.1')));
      const program = join(prefix, 'bin', 'hypermorph');
      const folder = await exampleFolder(await temporaryFolder(t));
      assert.match(run([program, 'doctor'], {...place, folder}), /^engine native +loads/m);
      const said = run([program, 'register', 'fixed.nii.gz', 'moving.nii.gz'], {...place, folder});
      assert.match(said, /on the native engine/);
      assert.ok(existsSync(join(folder, 'moving_moved.nii.gz')));
    },
  );
});
