import type {OnProgress} from '../progress.js';

/** The warnings of a piece of work: each is said once, when it is known, and kept for the report. */
export class WarningLog {
  readonly texts: string[] = [];
  readonly #onProgress: OnProgress | undefined;

  constructor(onProgress?: OnProgress) {
    this.#onProgress = onProgress;
  }

  add(texts: readonly string[]): void {
    for (const text of texts) {
      if (this.texts.includes(text)) continue;
      this.texts.push(text);
      this.#onProgress?.({kind: 'warning', text});
    }
  }
}
