import {fork, type ChildProcess} from 'node:child_process';
import {fileURLToPath} from 'node:url';
import {HypermorphError} from '../../../errors.js';
import type {OnProgress, ProgressEvent} from '../../../progress.js';
import type {RegisterOne} from '../../../workflows/batch-files.js';
import type {PairError} from '../../../workflows/batch-records.js';
import type {RegisterFilesSettings} from '../../../workflows/register-files.js';
import type {Report} from '../../../workflows/report.js';
import {EXIT} from '../../exit-codes.js';

/** What a worker is asked. */
export type WorkerTask =
  | {
      readonly kind: 'register';
      readonly settings: RegisterFilesSettings;
      readonly writer: string;
    }
  | {readonly kind: 'stop'};

/** What a worker says. */
export type WorkerAnswer =
  | {readonly kind: 'progress'; readonly event: ProgressEvent}
  | {readonly kind: 'done'; readonly report: Report}
  | {readonly kind: 'failed'; readonly error: PairError};

// Node.js runs no TypeScript: run from its source, the program takes the worker that was built.
const FOLDER = import.meta.url.endsWith('.ts') ? '../../../../dist/cli/commands/batch/' : './';
const PROGRAM = fileURLToPath(new URL(`${FOLDER}worker.js`, import.meta.url));

/** Processes that register pairs side by side: an engine computes one thing at a time. */
export class WorkerPool {
  readonly #all = new Set<ChildProcess>();
  readonly #idle: ChildProcess[] = [];

  /** @param signal - Once aborted, the workers give up their pairs. */
  constructor(signal?: AbortSignal) {
    signal?.addEventListener('abort', () => {
      for (const worker of this.#all) if (worker.connected) send(worker, {kind: 'stop'});
    });
  }

  /** Register a pair in a process that is idle, or a new one. */
  readonly register: RegisterOne = async (settings, {onProgress, writer}) => {
    const worker = this.#idle.pop() ?? this.#start();
    const report = await ask(worker, {kind: 'register', settings, writer}, onProgress).finally(
      () => {
        if (worker.connected) this.#idle.push(worker);
      },
    );
    return report;
  };

  /** End all processes. */
  close(): void {
    for (const worker of this.#all) if (worker.connected) worker.disconnect();
  }

  #start(): ChildProcess {
    const worker = fork(PROGRAM, {
      execArgv: [],
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    this.#all.add(worker);
    worker.on('exit', () => this.#all.delete(worker));
    worker.on('error', () => undefined); // its exit is what counts
    return worker;
  }
}

function send(worker: ChildProcess, task: WorkerTask): void {
  worker.send(task, () => undefined); // a worker that has ended says so by its exit
}

function ask(
  worker: ChildProcess,
  task: WorkerTask,
  onProgress: OnProgress | undefined,
): Promise<Report> {
  return new Promise((resolve, reject) => {
    const end = (finish: () => void) => {
      worker.off('message', onMessage);
      worker.off('exit', onExit);
      finish();
    };
    const onMessage = (answer: WorkerAnswer) => {
      if (answer.kind === 'progress') onProgress?.(answer.event);
      else if (answer.kind === 'done') end(() => resolve(answer.report));
      else end(() => reject(errorOf(answer.error)));
    };
    const onExit = (code: number | null, signal: NodeJS.Signals | null) =>
      end(() => reject(errorOfExit(code, signal)));
    worker.on('message', onMessage);
    worker.on('exit', onExit);
    send(worker, task);
  });
}

/** A worker that ended while it had a pair in hand. */
function errorOfExit(code: number | null, signal: NodeJS.Signals | null): Error {
  if (code === EXIT.interrupted) return new HypermorphError('E_INTERRUPTED', 'batch: interrupted.');
  if (signal !== 'SIGKILL')
    return new Error(`the process of the pair ended with ${signal ?? code}`);
  return new HypermorphError(
    'E_MEMORY',
    'batch: the process of the pair must end by itself, got SIGKILL; the system may have run out of memory.',
    {hint: 'Take fewer jobs, or look at the size of the images.'},
  );
}

function errorOf({code, message, hint}: PairError): Error {
  if (code === null) return new Error(message);
  return new HypermorphError(code, message, hint === undefined ? {} : {hint});
}
