import {printable} from './printable.js';
import type {TextSink} from './context.js';

/** A bar on a terminal that is redrawn in place; elsewhere nothing. */
export interface ProgressBar {
  /** @param done - Between 0 and 1. */
  update(done: number, text: string): void;
  /** Wipe the bar, so that other lines can be written. */
  clear(): void;
}

const WIDTH = 24;
const WIPE = '\r\u001b[K';

export function createProgressBar(stderr: TextSink, isWanted: boolean): ProgressBar {
  if (!isWanted || stderr.isTTY !== true) return {update: () => undefined, clear: () => undefined};
  const start = performance.now();
  return {
    update(done, text) {
      const filled = Math.round(WIDTH * Math.min(Math.max(done, 0), 1));
      const bar = '█'.repeat(filled) + '░'.repeat(WIDTH - filled);
      const elapsed = (performance.now() - start) / 1000;
      const left =
        done > 0.05 && done < 1 ? `, ${formatSeconds((elapsed / done) * (1 - done))} left` : '';
      const line = `${bar} ${text} (${formatSeconds(elapsed)}${left})`;
      stderr.write(WIPE + printable(line).slice(0, (stderr.columns ?? 80) - 1));
    },
    clear: () => void stderr.write(WIPE),
  };
}

/** `4.2 s`, `1 min 05 s`, `2 h 10 min`. */
export function formatSeconds(seconds: number): string {
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes} min ${String(whole % 60).padStart(2, '0')} s`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`;
}
