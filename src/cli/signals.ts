import {loadAddon} from '../engines/native/open-addon.js';
import {removeUnfinished} from '../formats/files.js';
import {EXIT} from './exit-codes.js';

/** What a program does about Ctrl-C, a request to end, and a closed terminal. */
export interface SignalWatch {
  /** Aborted by the first signal: the work stops where nothing is half written. */
  readonly signal: AbortSignal;
  /** Let the second signal end the program also while JavaScript waits for a kernel, where there is an addon that can. */
  readonly onComputing: () => void;
}

/** Listen for signals of this process: the first lets the work stop, the second does not wait. */
export function watchSignals(): SignalWatch {
  const interruption = new AbortController();
  const {signal} = interruption;
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(name, () => {
      if (signal.aborted) {
        removeUnfinished();
        process.exit(EXIT.interrupted);
      }
      interruption.abort();
    });
  }
  const onComputing = () => {
    try {
      loadAddon().exitOnSecondSignal(EXIT.interrupted, signal.aborted ? 1 : 0);
    } catch {
      // Without an addon kernels are JavaScript, and the second signal waits for the one that runs.
    }
  };
  return {signal, onComputing};
}
