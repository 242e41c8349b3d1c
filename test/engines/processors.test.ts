import assert from 'node:assert/strict';
import {execFileSync, spawnSync} from 'node:child_process';
import {mkdir, writeFile} from 'node:fs/promises';
import {availableParallelism} from 'node:os';
import {dirname, join} from 'node:path';
import {describe, test, type TestContext} from 'node:test';
import {processorCount, processorQuota, type SystemFiles} from '../../src/engines/processors.js';
import {nativeMissing} from '../support/native.js';
import {temporaryFolder} from '../support/temporary-folder.js';

const PROGRAM = join(import.meta.dirname, '..', '..', 'bin', 'hypermorph.js');

/** A system whose files say this. */
async function system(
  t: TestContext,
  files: Readonly<Record<string, string>>,
): Promise<SystemFiles> {
  const folder = await temporaryFolder(t);
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), {recursive: true});
    await writeFile(join(folder, name), text);
  }
  return {groups: join(folder, 'cgroup'), mount: join(folder, 'mount')};
}

describe('the time of processors that control groups leave is', () => {
  test('without a limit where no file says one', async (t) => {
    assert.equal(processorQuota(await system(t, {})), Infinity);
    assert.equal(
      processorQuota(await system(t, {cgroup: '0::/a\n', 'mount/a/cpu.max': 'max 100000\n'})),
      Infinity,
    );
  });

  test('that of cpu.max, of the group and of all that it lies in', async (t) => {
    const files = {
      cgroup: '0::/slurm/job_7/step\n',
      'mount/slurm/job_7/step/cpu.max': 'max 100000\n',
      'mount/slurm/job_7/cpu.max': '250000 100000\n',
      'mount/slurm/cpu.max': '800000 100000\n',
    };
    assert.equal(processorQuota(await system(t, files)), 2.5);
    // In a container the group is the root that it sees.
    const container = {cgroup: '0::/\n', 'mount/cpu.max': '50000 100000\n'};
    assert.equal(processorQuota(await system(t, container)), 0.5);
  });

  test('that of the two files of version 1, under either name of the folder', async (t) => {
    for (const name of ['cpu', 'cpu,cpuacct']) {
      const files = {
        cgroup: '3:cpuset:/\n4:cpu,cpuacct:/docker/abc\n',
        [`mount/${name}/cpu.cfs_quota_us`]: '300000\n',
        [`mount/${name}/cpu.cfs_period_us`]: '100000\n',
      };
      assert.equal(processorQuota(await system(t, files)), 3);
    }
  });

  test('no limit where the quota is -1', async (t) => {
    const files = {
      cgroup: '4:cpu:/\n',
      'mount/cpu/cpu.cfs_quota_us': '-1\n',
      'mount/cpu/cpu.cfs_period_us': '100000\n',
    };
    assert.equal(processorQuota(await system(t, files)), Infinity);
  });
});

test('threads are whole, at least one, and no more than processors', async (t) => {
  const limited = (quota: number) =>
    system(t, {cgroup: '0::/\n', 'mount/cpu.max': `${quota} 100000\n`});
  assert.equal(processorCount(await limited(1000)), 1);
  assert.equal(processorCount(await limited(100_000)), 1);
  assert.equal(processorCount(await limited(1e9)), availableParallelism());
});

const skip =
  nativeMissing ??
  (spawnSync('taskset', ['--version']).status === 0 && availableParallelism() > 1
    ? false
    : 'taskset is not here, or only one processor');
test('the engine has a thread for each processor of its affinity', {skip}, () => {
  const threads = (...words: readonly string[]) => {
    const [command, ...rest] = [...words, process.execPath, PROGRAM, 'doctor', '--json'];
    const env = {...process.env, HYPERMORPH_THREADS: undefined};
    const {machine} = JSON.parse(execFileSync(command, rest, {encoding: 'utf8', env})) as {
      machine: {threads: number};
    };
    return machine.threads;
  };
  assert.equal(threads('taskset', '-c', '0'), 1);
  assert.equal(threads(), processorCount());
});
