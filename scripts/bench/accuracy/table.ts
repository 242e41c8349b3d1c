import type {Trial} from './trial.js';

/** Means over the pairs of a row that a contender finished. */
export interface Summary {
  readonly contender: string;
  readonly pairs: number;
  readonly failed: number;
  readonly dice: number | null;
  readonly hd95Mm: number | null;
  readonly treMm: number | null;
  readonly successes: number | null;
  /** Of all voxels, percent. */
  readonly foldsPercent: number | null;
  readonly sdLogJacobian: number | null;
  readonly processorSeconds: number | null;
  readonly wallSeconds: number | null;
  /** The most of any pair. */
  readonly peakMib: number | null;
}

/** One summary per contender, in the order in which they first appear. */
export function summarise(trials: readonly Trial[]): readonly Summary[] {
  const names = [...new Set(trials.map(({contender}) => contender))];
  return names.map((contender) => {
    const own = trials.filter((trial) => trial.contender === contender);
    const mean = (value: (trial: Trial) => number | null | undefined) => {
      const known = own.map(value).filter((number) => typeof number === 'number');
      return known.length === 0 ? null : known.reduce((sum, one) => sum + one, 0) / known.length;
    };
    const folding = mean((trial) => trial.foldingFraction);
    const peaks = own.flatMap(({cost}) => (cost === null ? [] : [cost.peakMib]));
    return {
      contender,
      pairs: own.length,
      failed: own.filter(({failure}) => failure !== null).length,
      dice: mean((trial) => trial.dice),
      hd95Mm: mean((trial) => trial.hd95Mm),
      treMm: mean((trial) => trial.treMm),
      successes: own.some(({success}) => success !== null)
        ? own.filter(({success}) => success === true).length
        : null,
      foldsPercent: folding === null ? null : 100 * folding,
      sdLogJacobian: mean((trial) => trial.sdLogJacobian),
      processorSeconds: mean((trial) => trial.cost?.processorSeconds),
      wallSeconds: mean((trial) => trial.cost?.wallSeconds),
      peakMib: peaks.length === 0 ? null : Math.max(...peaks),
    };
  });
}

const COLUMNS: readonly (readonly [title: string, cell: (row: Summary) => string])[] = [
  ['', ({contender}) => contender],
  ['pairs', ({pairs, failed}) => (failed === 0 ? String(pairs) : `${pairs}, ${failed} failed`)],
  ['Dice', ({dice}) => digits(dice, 3)],
  ['HD95 mm', ({hd95Mm}) => digits(hd95Mm, 2)],
  ['TRE mm', ({treMm}) => digits(treMm, 2)],
  [
    'within a voxel',
    ({successes, pairs}) => (successes === null ? '' : `${successes} of ${pairs}`),
  ],
  ['folds %', ({foldsPercent}) => digits(foldsPercent, 4)],
  ['SDlogJ', ({sdLogJacobian}) => digits(sdLogJacobian, 3)],
  ['processor s', ({processorSeconds}) => digits(processorSeconds, 1)],
  ['wall s', ({wallSeconds}) => digits(wallSeconds, 1)],
  ['peak MiB', ({peakMib}) => digits(peakMib, 0)],
];

/** A table in Markdown; columns in which no contender has anything are left out. */
export function markdownOf(title: string, summaries: readonly Summary[]): string {
  const columns = COLUMNS.filter(([, cell]) => summaries.some((row) => cell(row) !== ''));
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [
    `### ${title}`,
    '',
    line(columns.map(([name]) => name)),
    line(columns.map((_, n) => (n === 0 ? '---' : '---:'))),
    ...summaries.map((row) => line(columns.map(([, cell]) => cell(row)))),
    '',
  ].join('\n');
}

function digits(value: number | null, count: number): string {
  return value === null ? '' : value.toFixed(count);
}
