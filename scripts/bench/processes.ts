import {spawn, type ChildProcessWithoutNullStreams} from 'node:child_process';
import {readFileSync} from 'node:fs';
import {createInterface} from 'node:readline';
import type {Answer, Request, Run} from './protocol.js';

/** How often the memory of a running command is looked at; the system's own record only grows, so little is missed. */
const WATCH_MS = 10;

/** The most memory a process ever held, MiB; null where the system does not tell. */
function peakMemory(pid: number): number | null {
  try {
    const found = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    return found ? Number(found[1]) / 1024 : null;
  } catch {
    return null;
  }
}

/** A process that does work on request. */
export class Worker {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #answers: AsyncIterator<string>;
  readonly #exit: Promise<void>;
  #complaints = '';

  constructor(command: readonly string[], environment: Readonly<Record<string, string>>) {
    this.#child = spawn(command[0], command.slice(1), {env: {...process.env, ...environment}});
    this.#child.stderr.on('data', (text: Buffer) => {
      this.#complaints = (this.#complaints + text.toString()).slice(-2000);
    });
    this.#child.stdin.on('error', () => undefined); // A worker that died says so by its missing answer.
    this.#exit = new Promise((resolve) =>
      this.#child.once('close', () => {
        resolve();
      }),
    );
    this.#answers = createInterface({input: this.#child.stdout})[Symbol.asyncIterator]();
  }

  /** @throws if the process ends instead of answering. */
  async ask<T extends Answer>(request: Request): Promise<T> {
    this.#child.stdin.write(`${JSON.stringify(request)}\n`);
    for (;;) {
      const line = await this.#answers.next();
      if (line.done === true) throw new Error(`a worker ended: ${this.#complaints.trim()}`);
      if (line.value.startsWith('{')) return JSON.parse(line.value) as T;
    }
  }

  /** The most memory it ever held, MiB. */
  peakMemory(): number | null {
    return this.#child.pid === undefined ? null : peakMemory(this.#child.pid);
  }

  async end(): Promise<void> {
    this.#child.stdin.end();
    await this.#exit;
  }
}

export interface CommandRun extends Run {
  readonly peakMib: number | null;
}

/** Ticks of the system's clock of processor time, per second. */
const TICKS = 100;

/** Time that all threads of a process have spent on processors, ms. */
function processorTime(pid: number): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
    return ((Number(fields[11]) + Number(fields[12])) / TICKS) * 1000;
  } catch {
    return 0;
  }
}

/** Run a command from start to end. @throws if it fails. */
export async function timeCommand(
  command: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<CommandRun> {
  const start = performance.now();
  const child = spawn(command[0], command.slice(1), {
    env: {...process.env, ...environment},
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let complaints = '';
  child.stderr.on('data', (text: Buffer) => (complaints += text.toString()));
  let peakMib: number | null = null;
  let processorMs = 0;
  const watch = setInterval(() => {
    if (child.pid === undefined) return;
    peakMib = peakMemory(child.pid) ?? peakMib;
    processorMs = Math.max(processorMs, processorTime(child.pid));
  }, WATCH_MS);
  const code = await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', resolve);
  });
  const ms = performance.now() - start;
  clearInterval(watch);
  if (code !== 0) throw new Error(`${command.join(' ')} failed: ${complaints.slice(-2000)}`);
  return {ms, processorMs, peakMib};
}
