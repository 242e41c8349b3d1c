import type {StepLosses} from '../progress.js';

/** Means of the losses since the last line of the log. */
export class LossWindow {
  #losses: StepLosses[] = [];

  add(losses: StepLosses): void {
    this.#losses.push(losses);
  }

  take(): StepLosses {
    const losses = this.#losses;
    this.#losses = [];
    const mean = (key: keyof StepLosses) =>
      losses.reduce((sum, entry) => sum + entry[key], 0) / losses.length;
    return {total: mean('total'), similarity: mean('similarity'), smoothness: mean('smoothness')};
  }
}
