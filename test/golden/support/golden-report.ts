import assert from 'node:assert/strict';
import {
  describeGoldenSets,
  goldenCases,
  goldenOutput,
  isAvailable,
  type GoldenCase,
  type GoldenGroup,
  type GoldenTensor,
} from './golden.js';

/** What became of one case on one engine. */
interface CaseResult {
  status: 'pass' | 'FAIL' | 'skipped';
  /** Largest error / atol of all outputs, and the output that has it. 1 is the limit. */
  ratio: number;
  output: string;
  compared: number;
  note: string;
}

/** How far `actual` is from `expected`. A value that is not a number is infinitely far. */
export function largestError(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
): {error: number; index: number} {
  let error = 0;
  let index = 0;
  for (let i = 0; i < expected.length; i++) {
    const difference = Math.abs(actual[i] - expected[i]);
    if (difference > error || Number.isNaN(difference)) {
      error = Number.isNaN(difference) ? Infinity : difference;
      index = i;
    }
  }
  return {error, index};
}

/**
 * Collects, for every golden case and engine, the largest error relative to its tolerance, and prints the table.
 *
 * Use one per test file: `report.check(...)` for each output, `report.skip(...)` where a case cannot run,
 * and `after(() => console.log(report.table()))`.
 */
export class GoldenReport {
  readonly #groups: readonly GoldenGroup[];
  readonly #results = new Map<string, Map<string, CaseResult>>();
  readonly #engines: string[] = [];

  constructor(groups: readonly GoldenGroup[]) {
    this.#groups = groups;
  }

  #result(engine: string, name: string): CaseResult {
    if (!this.#engines.includes(engine)) this.#engines.push(engine);
    const byEngine = this.#results.get(name) ?? new Map<string, CaseResult>();
    this.#results.set(name, byEngine);
    const result = byEngine.get(engine) ?? {
      status: 'pass' as const,
      ratio: 0,
      output: '',
      compared: 0,
      note: '',
    };
    byEngine.set(engine, result);
    return result;
  }

  /** Compare one output with the original's, note the result, and fail the test if it is beyond the tolerance. */
  check(engine: string, golden: GoldenCase, output: string, actual: GoldenTensor): void {
    const expected = goldenOutput(golden, output);
    const result = this.#result(engine, golden.name);
    result.compared++;
    const isSameShape =
      actual.shape.length === expected.shape.length &&
      actual.shape.every((length, axis) => length === expected.shape[axis]);
    const {error, index} = isSameShape
      ? largestError(actual.data, expected.data)
      : {error: Infinity, index: 0};
    // A tolerance of 0 is met by equality only.
    const ratio = error === 0 ? 0 : error / expected.atol;
    if (ratio >= result.ratio) {
      result.ratio = ratio;
      result.output = expected.source === 'exact' ? `${output} (exact)` : output;
    }
    if (ratio <= 1) return;
    result.status = 'FAIL';
    const where = `${golden.name}: ${output} on ${engine}`;
    assert.deepEqual([...actual.shape], [...expected.shape], `${where}: shape`);
    assert.fail(
      `${where}: got ${actual.data[index]} instead of ${expected.data[index]} at element ${index} of ` +
        `[${expected.shape.join(', ')}]: off by ${error}, allowed ${expected.atol}`,
    );
  }

  /** Note a case that passes without arrays (a refusal that is ours too, a statistic, a listing). */
  pass(engine: string, golden: GoldenCase, note: string): void {
    this.#result(engine, golden.name).note = note;
  }

  /** Note a failure that was found outside `check`. */
  fail(engine: string, golden: GoldenCase, note: string): void {
    Object.assign(this.#result(engine, golden.name), {status: 'FAIL', note});
  }

  /** Note a case that does not run on an engine, with the reason. */
  skip(engine: string, golden: GoldenCase, reason: string): void {
    Object.assign(this.#result(engine, golden.name), {status: 'skipped', note: reason});
  }

  /** Cases of the groups that neither ran nor were skipped with a reason on an engine, although their files are present. */
  missing(engine: string): readonly string[] {
    return this.#cases()
      .filter((golden) => isAvailable(golden) && !this.#results.get(golden.name)?.has(engine))
      .map(({name}) => name);
  }

  #cases(): readonly GoldenCase[] {
    return this.#groups.flatMap((group) => goldenCases(group));
  }

  /** Every case of the groups with its largest error / tolerance and status on each engine. */
  table(): string {
    const rows = this.#cases().map((golden) => [
      golden.group,
      golden.name,
      ...this.#engines.map((engine) => this.#cell(golden, engine)),
    ]);
    const head = ['group', 'case', ...this.#engines.map((engine) => `${engine} (error / atol)`)];
    const widths = head.map((title, column) =>
      Math.max(title.length, ...rows.map((row) => row[column].length)),
    );
    const lines = [head, widths.map((width) => '-'.repeat(width)), ...rows].map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column]))
        .join('  ')
        .trimEnd(),
    );
    return [describeGoldenSets(), ...lines].join('\n');
  }

  #cell(golden: GoldenCase, engine: string): string {
    const result = this.#results.get(golden.name)?.get(engine);
    if (!result) return isAvailable(golden) ? 'did not run' : 'not in the sets that are present';
    if (result.compared === 0) return `${result.status}: ${result.note}`;
    const ratio = result.ratio.toPrecision(2);
    const note = result.note === '' ? '' : `; ${result.note}`;
    return `${result.status} ${ratio} ${result.output} of ${result.compared}${note}`;
  }
}
