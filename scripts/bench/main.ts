// The benchmarks. See scripts/bench.js for how to call them.

import {writeFile} from 'node:fs/promises';
import {cpus, loadavg, release, type} from 'node:os';
import {parseArgs} from 'node:util';
import {GROUPS, listCases, needsBfloat16, type BenchCase, type Group} from './cases.js';
import {listContenders, type Contender} from './contenders.js';
import {ARCHITECTURE, makeInputs, type BenchInputs} from './inputs.js';
import {measureCase, type CaseResult} from './measure.js';
import {Worker} from './processes.js';
import type {MachineLimits} from './protocol.js';
import {formatTable, OWN_HEADER, ownRow, peersHeader, peersRow} from './table.js';

const HELP = `Measure hypermorph on this machine.

  npm run bench -- [options]          our own engine, share of the machine's limits
  npm run bench:peers -- [options]    PyTorch and libtensorflow do the same in turns with us
  npm run bench -- --beside FOLDER    another checkout of hypermorph, built, does the same in turns with this one

  --only WORDS    groups (${GROUPS.join(', ')}) or parts of names, with commas between
  --threads N     threads of everybody (default 2)
  --rounds N      runs of which the median is taken (default: per case)
  --without WORDS contenders that stay out: parts of their names, with commas between
  --json FILE     all numbers, too
`;

interface Options {
  readonly peers: boolean;
  /** Another checkout of this repository. */
  readonly beside: string | undefined;
  readonly only: readonly string[];
  readonly without: readonly string[];
  readonly threads: number;
  readonly rounds: number | undefined;
  readonly json: string | undefined;
}

function readOptions(): Options | null {
  const {values} = parseArgs({
    options: {
      peers: {type: 'boolean', default: false},
      beside: {type: 'string'},
      only: {type: 'string'},
      without: {type: 'string'},
      threads: {type: 'string', default: '2'},
      rounds: {type: 'string'},
      json: {type: 'string'},
      help: {type: 'boolean', default: false},
    },
  });
  if (values.help) return null;
  const words = (text: string | undefined): string[] =>
    text === undefined ? [] : text.split(',').map((word) => word.trim());
  return {
    peers: values.peers,
    beside: values.beside,
    only: words(values.only),
    without: words(values.without),
    threads: Number(values.threads),
    rounds: values.rounds === undefined ? undefined : Number(values.rounds),
    json: values.json,
  };
}

function isWanted({name, group}: BenchCase, only: readonly string[]): boolean {
  if (only.length === 0) return true;
  return only.some((word) =>
    GROUPS.includes(word as Group)
      ? word === group
      : name.toLowerCase().includes(word.toLowerCase()),
  );
}

async function measureLimits(contender: Contender): Promise<MachineLimits> {
  const worker = new Worker(contender.worker, contender.environment);
  try {
    return await worker.ask<MachineLimits>({do: 'peak'});
  } finally {
    await worker.end();
  }
}

function describeMachine(): string {
  const processors = cpus();
  return `${processors[0].model}, ${processors.length} processors, ${type()} ${release()}, Node.js ${process.version}`;
}

function describeLimits({gflops, gigabytesPerSecond, isa}: MachineLimits): string {
  return `fused multiply-add ${gflops.toFixed(1)} GFLOP/s, copy ${gigabytesPerSecond.toFixed(1)} GB/s (${isa})`;
}

async function measureAll(
  contenders: readonly Contender[],
  inputs: BenchInputs,
  {only, rounds}: Options,
  isa: string,
): Promise<CaseResult[]> {
  const results: CaseResult[] = [];
  for (const benchCase of listCases(ARCHITECTURE).filter((one) => isWanted(one, only))) {
    if (needsBfloat16(benchCase) && isa !== 'avx512bf16') {
      console.error(`  ${benchCase.name}: skipped, ${isa} has no instructions for bfloat16`);
      continue;
    }
    console.error(`  ${benchCase.name} ...`);
    const result = await measureCase(benchCase, contenders, inputs, rounds);
    for (const failure of result.failures) console.error(`    ${failure}`);
    results.push(result);
  }
  return results;
}

async function main(options: Options): Promise<void> {
  const {contenders: all, missing} = await listContenders(options);
  const contenders = all.filter(
    ({name}) => !options.without.some((word) => name.toLowerCase().includes(word.toLowerCase())),
  );
  missing.forEach((text) => {
    console.error(text);
  });
  const load = loadavg()[0];
  const before = await measureLimits(all[0]);
  const inputs = await makeInputs();
  try {
    const results = await measureAll(contenders, inputs, options, before.isa);
    const after = await measureLimits(all[0]);
    const limits = {
      ...after,
      gflops: Math.max(before.gflops, after.gflops),
      gigabytesPerSecond: Math.max(before.gigabytesPerSecond, after.gigabytesPerSecond),
    };
    console.log(`machine: ${describeMachine()}`);
    console.log(`threads: ${options.threads}; load before the run: ${load.toFixed(2)}`);
    console.log(`limits before: ${describeLimits(before)}`);
    console.log(`limits after:  ${describeLimits(after)}\n`);
    const names = contenders.map(({name}) => name);
    const rows =
      names.length > 1
        ? [peersHeader(names), ...results.map((result) => peersRow(result, names))]
        : [OWN_HEADER, ...results.map((result) => ownRow(result, limits))];
    console.log(formatTable(rows));
    if (options.json !== undefined) {
      const report = {
        machine: describeMachine(),
        threads: options.threads,
        load,
        before,
        after,
        results,
      };
      await writeFile(options.json, `${JSON.stringify(report, null, 2)}\n`);
    }
  } finally {
    await inputs.remove();
  }
}

const options = readOptions();
if (options === null) console.log(HELP);
else await main(options);
