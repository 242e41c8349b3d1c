import {existsSync} from 'node:fs';
import {HypermorphError} from '../errors.js';
import type {Engine, EngineName, StartOptions} from './engine.js';

// An engine is loaded when it is started: a program runs on one of them.
const tensorflow = () => import('./tensorflow.js');
const native = () => import('./native.js');
const javascript = () => import('./javascript.js');

export type {Engine, EngineName} from './engine.js';

export interface EngineOptions extends StartOptions {
  /** `auto`: tensorflow where it loads and finds a CUDA GPU, else native, else javascript with a warning. */
  readonly engine: 'auto' | EngineName;
}

/** Whether an engine loads on this machine, and if not, why. */
export interface EngineReport {
  readonly name: EngineName;
  readonly loads: boolean;
  /** What it computes with, or the reason why it does not load. */
  readonly description: string;
  /** What to do about it. */
  readonly hint?: string;
}

/**
 * Start the engine on which everything runs from now on.
 *
 * @throws {HypermorphError} E_ENGINE if the engine that was asked for does not load (never for `auto`), or the precision needs
 *   another engine or processor; E_RANGE for threads below 1.
 * @example
 * import {startEngine} from 'hypermorph';
 * const engine = await startEngine({engine: 'javascript'});
 * engine.name; // 'javascript'
 */
export async function startEngine({engine, threads, precision}: EngineOptions): Promise<Engine> {
  if (threads !== undefined && !(Number.isInteger(threads) && threads >= 1)) {
    throw new HypermorphError(
      'E_RANGE',
      `engine: threads must be a whole number of at least 1, got ${threads}.`,
    );
  }
  const options = threads === undefined ? {} : {threads};
  if (precision === 'bf16') return startRounding(engine, options);
  switch (engine) {
    case 'tensorflow':
      return (await tensorflow()).startTensorflow(options);
    case 'native':
      return (await native()).startNative(options);
    case 'javascript':
      return (await javascript()).startJavascript();
    case 'auto':
      return startBest(options);
  }
}

/** Only the native engine can, so that `auto` means it. */
async function startRounding(
  engine: EngineOptions['engine'],
  options: StartOptions,
): Promise<Engine> {
  if (engine === 'auto' || engine === 'native') {
    return (await native()).startNative({...options, precision: 'bf16'});
  }
  throw new HypermorphError(
    'E_ENGINE',
    `engine: precision bf16 must run on the native engine, got ${engine}.`,
    {hint: 'Use the native engine, or precision float32.'},
  );
}

async function startBest(options: StartOptions): Promise<Engine> {
  const reasons: string[] = [];
  if (hasCudaDriver()) {
    try {
      const engine = await (await tensorflow()).startTensorflow(options);
      // Without a GPU the native engine is the faster one.
      if (engine.warnings.length === 0) return engine;
    } catch (error) {
      reasons.push(`There may be a GPU, but ${reasonOf(error)}`);
    }
  }
  try {
    const engine = await (await native()).startNative(options);
    return {...engine, warnings: [...engine.warnings, ...reasons]};
  } catch (error) {
    return (await javascript()).startJavascript([...reasons, reasonOf(error)]);
  }
}

/** Try every engine, in the order in which `auto` prefers them; the last one that loads is current afterwards. */
export async function describeEngines(): Promise<readonly EngineReport[]> {
  const attempts: [EngineName, () => Promise<string>][] = [
    ['tensorflow', async () => (await (await tensorflow()).loadTensorflow()).description],
    ['native', async () => (await native()).describeNative()],
    ['javascript', async () => (await (await javascript()).startJavascript()).description],
  ];
  const reports: EngineReport[] = [];
  for (const [name, attempt] of attempts) reports.push(await tryEngine(name, attempt));
  return reports;
}

async function tryEngine(name: EngineName, attempt: () => Promise<string>): Promise<EngineReport> {
  try {
    return {name, loads: true, description: await attempt()};
  } catch (error) {
    const hint = error instanceof HypermorphError ? error.hint : undefined;
    return {
      name,
      loads: false,
      description: reasonOf(error).replace(`${name} engine: `, ''),
      ...(hint === undefined ? {} : {hint}),
    };
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Whether the system has an NVIDIA driver; without one there is no need to load anything. */
function hasCudaDriver(): boolean {
  return ['/proc/driver/nvidia/version', '/dev/nvidiactl', '/dev/dxg'].some((path) =>
    existsSync(path),
  );
}
