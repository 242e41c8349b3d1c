import {printable} from './printable.js';
import type {TextSink} from './context.js';

/** A name and a value. */
export type Row = readonly [name: string, value: string];

/** Rows of a name and a value, the values under each other. */
export function writeTable(stdout: TextSink, rows: readonly Row[]): void {
  const width = Math.max(...rows.map(([name]) => name.length));
  for (const [name, value] of rows) {
    stdout.write(`${printable(name).padEnd(width)}  ${printable(value)}\n`);
  }
}

export function writeJson(stdout: TextSink, value: unknown): void {
  stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}
