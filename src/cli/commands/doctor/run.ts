import {arch, cpus, platform, totalmem} from 'node:os';
import {
  estimateRegistration,
  measureMachine,
  type MachineMeasurement,
} from '../../../engines/machine.js';
import {describeEngines, type EngineReport} from '../../../engines/select.js';
import {VERSION} from '../../../version.js';
import type {DoctorOptions} from './options.js';
import type {CliContext} from '../../context.js';
import {createLogger} from '../../logger.js';
import {writeJson, writeTable, type Row} from '../../output.js';
import {parseWhole} from '../../numbers.js';

/** The command `doctor`. An engine that does not load is a finding, not an error. */
export async function run(options: DoctorOptions, context: CliContext): Promise<void> {
  const logger = await createLogger(context, options);
  const threads = parseWhole(options.threads, {option: '--threads', minimum: 1});
  const engines = await describeEngines();
  const isNative = engines.some(({name, loads}) => name === 'native' && loads);
  const machine = isNative ? await measureMachine(threads === undefined ? {} : {threads}) : null;
  if (!isNative) {
    logger.warn('Without the native engine, registering a pair takes minutes to hours.');
  }
  const system = {
    version: VERSION,
    node: process.versions.node,
    platform: `${platform()} ${arch()}`,
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    processors: cpus().length,
    memoryGigabytes: totalmem() / 2 ** 30,
  };
  if (options.json === true) {
    const estimate = machine && estimateRegistration(machine);
    writeJson(context.stdout, {...system, engines, machine, estimate});
    return;
  }
  writeTable(context.stdout, [
    ['hypermorph', `${system.version}, Node.js ${system.node}, ${system.platform}`],
    [
      'machine',
      `${system.processor}, ${system.processors} processors, ${system.memoryGigabytes.toFixed(1)} GiB of memory`,
    ],
    ...engines.flatMap(engineRows),
    ...(machine === null ? [] : machineRows(machine)),
  ]);
}

function engineRows({name, loads, description, hint}: EngineReport): Row[] {
  return [
    [`engine ${name}`, loads ? `loads: ${description}` : `does not load: ${description}`],
    ...(hint === undefined ? [] : [['', hint] as const]),
  ];
}

function machineRows(machine: MachineMeasurement): Row[] {
  const others = machine.compiledIsas.filter(({isa}) => isa !== machine.isa);
  const sets = others.map(({isa, supported}) => `${isa}${supported ? '' : ' (not here)'}`);
  const {seconds, networkSeconds, gigabytes} = estimateRegistration(machine);
  return [
    ['instruction set', `${machine.isa}; also built: ${sets.join(', ')}`],
    [
      'bfloat16',
      machine.bfloat16
        ? 'yes: register --precision bf16'
        : 'no: --precision bf16 needs a processor with AVX512_BF16',
    ],
    ['threads', String(machine.threads)],
    ['multiply-adds', `${machine.gflops.toFixed(0)} GFLOP/s at most`],
    ['memory', `${machine.gigabytesPerSecond.toFixed(1)} GB/s copied`],
    ['convolution', `${machine.convolutionGflops.toFixed(0)} GFLOP/s`],
    [
      'registration',
      `about ${seconds.toFixed(0)} s and ${gigabytes} GB for 160 x 192 x 224 voxels with the native engine, ${networkSeconds.toFixed(1)} s with the network alone`,
    ],
  ];
}
