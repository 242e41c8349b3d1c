import {HypermorphError} from '../errors.js';
import {pause} from '../platform.js';
import {STAGES, type OnProgress, type Stage} from '../progress.js';

export interface StageRecord {
  readonly name: Stage;
  readonly seconds: number;
  /** Memory of the process at the end of the stage, MiB; null where the caller cannot tell. */
  readonly memoryMib: number | null;
}

export interface StageOptions {
  readonly onProgress?: OnProgress | undefined;
  /** Memory of the process now, MiB. */
  readonly memoryMib?: (() => number) | undefined;
  /** Aborted: the next stage does not start. */
  readonly signal?: AbortSignal | undefined;
}

/** Runs the stages of a computation one after the other, and writes down what each took. */
export class StageLog {
  readonly records: StageRecord[] = [];
  readonly #options: StageOptions;

  constructor(options: StageOptions = {}) {
    this.#options = options;
  }

  /**
   * @param work - May tell which share of the stage lies behind, 0 to 1.
   * @throws {HypermorphError} E_INTERRUPTED if the caller's signal was aborted.
   */
  async run<T>(stage: Stage, work: (tell: (share: number) => void) => T | Promise<T>): Promise<T> {
    const {onProgress, memoryMib, signal} = this.#options;
    const tell = (share: number) =>
      onProgress?.({kind: 'stage', stage, done: (STAGES.indexOf(stage) + share) / STAGES.length});
    tell(0);
    await pause(); // lets a progress bar draw itself and an interruption arrive
    if (signal?.aborted === true) {
      throw new HypermorphError('E_INTERRUPTED', `${stage}: interrupted.`);
    }
    const start = performance.now();
    const result = await work(tell);
    const seconds = (performance.now() - start) / 1000;
    this.records.push({name: stage, seconds, memoryMib: memoryMib?.() ?? null});
    return result;
  }
}
