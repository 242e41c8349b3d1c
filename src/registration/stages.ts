import {HypermorphError} from '../errors.js';
import {pause} from '../platform.js';

/** What a long computation says while it runs. */
export interface ProgressEvent {
  /** The stage that begins now; null when all are done. */
  readonly stage: string | null;
  /** Stages finished so far, and how many there are. */
  readonly finished: number;
  readonly total: number;
}

export interface StageRecord {
  readonly name: string;
  readonly seconds: number;
  /** Memory of the process at the end of the stage, MiB; null where the caller cannot tell. */
  readonly memoryMib: number | null;
}

export interface StageOptions {
  readonly onProgress?: ((event: ProgressEvent) => void) | undefined;
  /** Memory of the process now, bytes. */
  readonly memory?: (() => number) | undefined;
  /** Aborted: the next stage does not start. */
  readonly signal?: AbortSignal | undefined;
}

/** Runs the stages of a computation one after the other, and writes down what each took. */
export class Stages {
  readonly records: StageRecord[] = [];
  readonly #options: StageOptions;
  readonly #total: number;

  constructor(total: number, options: StageOptions) {
    this.#total = total;
    this.#options = options;
  }

  /** @throws {HypermorphError} E_INTERRUPTED if the caller's signal was aborted. */
  async run<T>(name: string, work: () => T | Promise<T>): Promise<T> {
    this.#say(name);
    await pause(); // lets a progress bar draw itself and an interruption arrive
    if (this.#options.signal?.aborted === true) {
      throw new HypermorphError('E_INTERRUPTED', `${name}: interrupted.`);
    }
    const start = performance.now();
    const result = await work();
    const seconds = (performance.now() - start) / 1000;
    const bytes = this.#options.memory?.();
    const memoryMib = bytes === undefined ? null : Math.round(bytes / 2 ** 20);
    this.records.push({name, seconds, memoryMib});
    if (this.records.length === this.#total) this.#say(null);
    return result;
  }

  #say(stage: string | null): void {
    this.#options.onProgress?.({stage, finished: this.records.length, total: this.#total});
  }
}
