import type {ValidationRow} from '../../../src/progress.js';
import type {LogEntry} from '../../../src/training/run-folder.js';

/** One network for every lambda, trained as long as one of the others or as long as all of them together; or a network of one lambda. */
export type Kind = 'every' | 'everyLonger' | 'fixed';

/** A training. */
export interface Run {
  readonly kind: Kind;
  /** Of a network of one lambda. */
  readonly lambda: number | null;
  readonly seed: number;
  readonly steps: number;
  readonly measuredAt: readonly number[];
}

/** What came of it. */
export interface Outcome extends Run {
  readonly rows: readonly ValidationRow[];
  readonly seconds: number;
}

const MEASURES = ['dice', 'sdLogJacobian', 'foldingFraction'] as const;
type Measure = (typeof MEASURES)[number];

/** A number over the seeds, in their order. */
export interface Spread {
  readonly values: readonly number[];
  readonly mean: number;
  /** Standard deviation, of n - 1; 0 where there is one seed. */
  readonly deviation: number;
}

type Measures = Readonly<Record<Measure, Spread>>;

/** All kinds of networks at a lambda. */
export interface Point {
  readonly lambda: number;
  readonly every: Measures;
  readonly everyLonger: Measures;
  /** Null where none was trained for it; so are the differences. */
  readonly fixed: Measures | null;
  /** Dice of the one network minus that of the one of this lambda, seed by seed. */
  readonly gain: Spread | null;
  readonly gainLonger: Spread | null;
}

/** Every run, by seeds: an experiment that was stopped has whole ones. */
export function runsOf(options: {
  readonly lambdas: readonly number[];
  readonly between: readonly number[];
  readonly seeds: readonly number[];
  readonly steps: number;
}): readonly Run[] {
  const {lambdas, between, seeds, steps} = options;
  const measuredAt = [...new Set([...lambdas, ...between])].sort((a, b) => a - b);
  return seeds.flatMap((seed): Run[] => [
    {kind: 'every', lambda: null, seed, steps, measuredAt},
    {kind: 'everyLonger', lambda: null, seed, steps: lambdas.length * steps, measuredAt},
    ...lambdas.map((lambda) => ({
      ...{kind: 'fixed' as const, lambda, seed, steps, measuredAt: [lambda]},
    })),
  ]);
}

/** The lines of a log; one that was cut off by a crash has no end. */
export function parseLog(text: string): readonly LogEntry[] {
  const lines = text.split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line) as LogEntry);
}

/** The last validation, and the time of all steps together. */
export function outcomeOf(run: Run, log: readonly LogEntry[]): Outcome {
  const rows = log.flatMap((entry) => (entry.kind === 'validation' ? [entry.rows] : [])).at(-1)!;
  let [seconds, before] = [0, 0];
  for (const entry of log) {
    if (entry.kind !== 'step') continue;
    seconds += (entry.millisecondsPerStep * (entry.step - before)) / 1000;
    before = entry.step;
  }
  return {...run, rows, seconds};
}

/** What was measured, lambdas ascending. */
export function pointsOf(outcomes: readonly Outcome[]): readonly Point[] {
  const {measuredAt} = outcomes.find(({kind}) => kind === 'every')!;
  return measuredAt.map((lambda) => {
    const measure = (kind: Kind): Measures | null => {
      const rows = outcomes.flatMap((outcome) =>
        outcome.kind === kind ? outcome.rows.filter((row) => row.lambda === lambda) : [],
      );
      return rows.length === 0 ? null : measuresOf(rows);
    };
    const [every, everyLonger] = [measure('every')!, measure('everyLonger')!];
    const fixed = measure('fixed');
    const gainOf = ({dice}: Measures) =>
      fixed && spreadOf(dice.values.map((value, n) => value - fixed.dice.values[n]));
    return {
      ...{lambda, every, everyLonger, fixed},
      ...{gain: gainOf(every), gainLonger: gainOf(everyLonger)},
    };
  });
}

function measuresOf(rows: readonly ValidationRow[]): Measures {
  return Object.fromEntries(
    MEASURES.map((key) => [key, spreadOf(rows.map((row) => row[key] ?? NaN))]),
  ) as Record<Measure, Spread>;
}

function spreadOf(values: readonly number[]): Spread {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return {values, mean, deviation: Math.sqrt(squares / Math.max(values.length - 1, 1))};
}
