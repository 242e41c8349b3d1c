import type {CaseResult, Measurement} from './measure.js';
import type {MachineLimits} from './protocol.js';

/** Lines of equal columns, the first to the left, all others to the right. */
export function formatTable(rows: readonly (readonly string[])[]): string {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows
    .map((row) =>
      row
        .map((cell, column) =>
          column === 0 ? cell.padEnd(widths[column]) : cell.padStart(widths[column]),
        )
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function formatMs(ms: number): string {
  return ms >= 100 ? `${Math.round(ms)} ms` : `${ms.toPrecision(3)} ms`;
}

function formatMemory(mib: number | null): string {
  return mib === null ? '-' : `${Math.round(mib)} MiB`;
}

/** Work per second, and the share of what the machine can do. */
function rateCells({benchCase}: CaseResult, ms: number, limits: MachineLimits): readonly string[] {
  const {gflop, gigabytes} = benchCase;
  if (gflop !== undefined) {
    const rate = gflop / (ms / 1000);
    return [`${rate.toFixed(1)} GFLOP/s`, `${((100 * rate) / limits.gflops).toFixed(0)} %`];
  }
  if (gigabytes !== undefined) {
    const rate = gigabytes / (ms / 1000);
    const share = (100 * rate) / limits.gigabytesPerSecond;
    return [`${rate.toFixed(2)} GB/s`, `${share.toFixed(0)} %`];
  }
  return ['', ''];
}

export const OWN_HEADER = [
  'work',
  'median',
  'fastest',
  'processor',
  'rate',
  'of the limit',
  'peak memory',
];

/** One row of our own table. */
export function ownRow(result: CaseResult, limits: MachineLimits): readonly string[] {
  const {name} = result.benchCase;
  if (result.measurements.length === 0) return [name, 'failed', '', '', '', '', ''];
  const [{medianMs, fastestMs, processorMs, peakMib}] = result.measurements;
  return [
    name,
    formatMs(medianMs),
    formatMs(fastestMs),
    formatMs(processorMs),
    ...rateCells(result, fastestMs, limits),
    formatMemory(peakMib),
  ];
}

/** Columns of the comparison: ours, then for each peer time, ratio and memory. */
export function peersHeader(names: readonly string[]): readonly string[] {
  return [
    'work',
    ...names.flatMap((name, n) =>
      n === 0 ? [name, 'memory'] : [name, 'ratio', 'processor', 'memory'],
    ),
  ];
}

export function peersRow(result: CaseResult, names: readonly string[]): readonly string[] {
  const find = (name: string): Measurement | undefined =>
    result.measurements.find(({contender}) => contender === name);
  const own = find(names[0]);
  const cells = names.flatMap((name, n) => {
    const found = find(name);
    if (found === undefined) return n === 0 ? ['failed', ''] : ['-', '', '', ''];
    const ratioOf = (what: 'medianMs' | 'processorMs'): string =>
      own === undefined ? '' : `${(found[what] / own[what]).toFixed(2)}x`;
    const time = formatMs(found.medianMs);
    const memory = formatMemory(found.peakMib);
    return n === 0 ? [time, memory] : [time, ratioOf('medianMs'), ratioOf('processorMs'), memory];
  });
  return [result.benchCase.name, ...cells];
}
