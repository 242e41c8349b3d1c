import type {BenchCase} from './cases.js';
import {takesPart, type Contender} from './contenders.js';
import type {BenchInputs} from './inputs.js';
import {timeCommand, Worker} from './processes.js';
import type {Run} from './protocol.js';

/** The smoothness weight of every run. */
const LAMBDA = 0.5;
/** Short work is repeated within one round, and the fastest repetition counts as the round's time. */
const LEAST_ROUND_MS = 150;
const MOST_REPETITIONS = 5;

export interface Measurement {
  readonly contender: string;
  /** Of the rounds. */
  readonly medianMs: number;
  readonly fastestMs: number;
  /** Time of all processors together: what a busy machine changes least. */
  readonly processorMs: number;
  readonly peakMib: number | null;
}

export interface CaseResult {
  readonly benchCase: BenchCase;
  readonly measurements: readonly Measurement[];
  /** Who could not do it, and why. */
  readonly failures: readonly string[];
}

interface Runner {
  readonly contender: Contender;
  run(): Promise<Run>;
  peakMib(): number | null;
  end(): Promise<void>;
}

/** Measure one case with everybody who takes part, in turns, so that a busy machine hits all alike. */
export async function measureCase(
  benchCase: BenchCase,
  contenders: readonly Contender[],
  inputs: BenchInputs,
  rounds = benchCase.rounds,
): Promise<CaseResult> {
  const failures: string[] = [];
  const fail = (contender: Contender, error: unknown): void => {
    const text = error instanceof Error ? error.message : String(error);
    failures.push(`${contender.name}: ${text}`);
  };
  const runners: Runner[] = [];
  const times = new Map<string, Run[]>();
  try {
    for (const contender of contenders.filter((one) => takesPart(one, benchCase))) {
      try {
        const runner = await prepare(contender, benchCase, inputs);
        if (runner === null) continue;
        runners.push(runner);
        times.set(contender.name, []);
        await runner.run(); // The first run makes buffers and is not counted.
      } catch (error) {
        fail(contender, error);
        times.delete(contender.name);
      }
    }
    const able = runners.filter(({contender}) => times.has(contender.name));
    for (let round = 0; round < rounds; round++) {
      for (const runner of able) {
        const runs = times.get(runner.contender.name);
        if (runs === undefined) continue;
        try {
          runs.push(await oneRound(runner));
        } catch (error) {
          fail(runner.contender, error);
          times.delete(runner.contender.name);
        }
      }
    }
    const done = able.filter(({contender}) => times.has(contender.name));
    const measurements = done.map((runner): Measurement => {
      const runs = times.get(runner.contender.name)!;
      return {
        contender: runner.contender.name,
        medianMs: median(runs.map(({ms}) => ms)),
        fastestMs: Math.min(...runs.map(({ms}) => ms)),
        processorMs: median(runs.map(({processorMs}) => processorMs)),
        peakMib: runner.peakMib(),
      };
    });
    return {benchCase, measurements, failures};
  } finally {
    for (const runner of runners) await runner.end();
  }
}

async function oneRound(runner: Runner): Promise<Run> {
  let ms = Infinity;
  let processorMs = Infinity;
  let sum = 0;
  for (let n = 0; n < MOST_REPETITIONS && sum < LEAST_ROUND_MS; n++) {
    const run = await runner.run();
    ms = Math.min(ms, run.ms);
    processorMs = Math.min(processorMs, run.processorMs);
    sum += run.ms;
  }
  return {ms, processorMs};
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

async function prepare(
  contender: Contender,
  {work}: BenchCase,
  inputs: BenchInputs,
): Promise<Runner | null> {
  if (work.kind === 'command') return commandRunner(contender, inputs);
  const worker = new Worker(contender.worker, contender.environment);
  const {ready} = await worker
    .ask<{readonly ready: boolean}>({do: 'prepare', work, model: inputs.model})
    .catch(async (error: unknown) => {
      await worker.end();
      throw error;
    });
  if (!ready) {
    await worker.end();
    return null;
  }
  return {
    contender,
    run: () => worker.ask<Run>({do: 'run'}),
    peakMib: () => worker.peakMemory(),
    end: () => worker.end(),
  };
}

function commandRunner(contender: Contender, inputs: BenchInputs): Runner | null {
  const command = contender.register(inputs, LAMBDA);
  if (command === null) return null;
  let peak: number | null = null;
  return {
    contender,
    run: async () => {
      const {peakMib, ...run} = await timeCommand(command, contender.environment);
      if (peakMib !== null) peak = Math.max(peak ?? 0, peakMib);
      return run;
    },
    peakMib: () => peak,
    end: () => Promise.resolve(),
  };
}
