import {readFileSync} from 'node:fs';
import {availableParallelism} from 'node:os';

/** Where the kernel of Linux tells what a process may use. */
export interface SystemFiles {
  /** The control groups of this process, proc(5). */
  readonly groups: string;
  /** The folder under which control groups are mounted. */
  readonly mount: string;
}

const SYSTEM: SystemFiles = {groups: '/proc/self/cgroup', mount: '/sys/fs/cgroup'};

/**
 * Processors that this process may use at once: those that its affinity names (taskset, Slurm), and no more than its control group is
 * given time of (containers, Kubernetes). At least 1.
 */
export function processorCount(files: SystemFiles = SYSTEM): number {
  return Math.max(1, Math.min(availableParallelism(), Math.ceil(processorQuota(files))));
}

/**
 * The time of processors that the control groups of this process leave it, as a number of processors; Infinity without a limit.
 *
 * Version 2 says it in cpu.max, version 1 in two files; each group is limited by those that it lies in, too.
 */
export function processorQuota({groups, mount}: SystemFiles): number {
  const limits = readLines(groups).flatMap((line) => {
    const [, controllers = '', path = '/'] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    if (controllers === '') return above(path).map((folder) => quotaOf2(`${mount}${folder}`));
    if (!controllers.split(',').includes('cpu')) return [];
    return above(path).flatMap((folder) =>
      ['cpu', controllers].map((name) => quotaOf1(`${mount}/${name}${folder}`)),
    );
  });
  return Math.min(Infinity, ...limits);
}

/** A path and all folders that it lies in; the last one is the root, "". */
function above(path: string): string[] {
  const parts = path.split('/').filter((part) => part !== '');
  return Array.from({length: parts.length + 1}, (_, n) =>
    parts
      .slice(0, parts.length - n)
      .map((part) => `/${part}`)
      .join(''),
  );
}

/** "max 100000", or microseconds of processor time in each period. */
function quotaOf2(folder: string): number {
  const [quota, period] = (readLines(`${folder}/cpu.max`)[0] ?? '').split(' ').map(Number);
  return quotient(quota, period);
}

/** A quota of -1 is none. */
function quotaOf1(folder: string): number {
  const [quota, period] = ['quota', 'period'].map((name) =>
    Number(readLines(`${folder}/cpu.cfs_${name}_us`)[0]),
  );
  return quotient(quota, period);
}

function quotient(quota: number, period: number): number {
  return quota > 0 && period > 0 ? quota / period : Infinity;
}

/** None where the file is not there. */
function readLines(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split('\n');
  } catch {
    return [];
  }
}
