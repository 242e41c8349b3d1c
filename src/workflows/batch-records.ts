import {join} from 'node:path';
import {HypermorphError, recogniseMemoryError, type ErrorCode} from '../errors.js';
import {fileExists, readFileText, writeFilesAtomically} from '../formats/files.js';
import {filesOfImage} from '../formats/images/nifti/nifti.js';
import {encodeTable, type TableRow} from '../formats/table.js';
import {sha256} from '../platform.js';
import {VERSION} from '../version.js';
import type {KeptFiles} from './kept-files.js';
import type {RegisterFilesSettings} from './register-files.js';
import {DEFAULT_MODEL} from './registration-inputs.js';
import type {HashedFile, Report} from './report.js';

/** Why a pair failed; what is no error of ours has no code. */
export interface PairError {
  readonly code: ErrorCode | null;
  readonly message: string;
  readonly hint?: string | undefined;
}

/** What is written down about a pair. */
export type PairRecord = {readonly name: string} & (
  | {
      readonly status: 'done';
      /** Of inputs and settings, see `keyOf`. */
      readonly key: string;
      readonly files: readonly HashedFile[];
      readonly report: Report;
    }
  | {readonly status: 'failed'; readonly error: PairError}
);

/** An error as it is written down. */
export function describeError(cause: unknown): PairError {
  const error = recogniseMemoryError(cause);
  if (error instanceof HypermorphError) {
    const {code, message, hint} = error;
    return {code, message, hint};
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return {code: null, message: `This is a fault of hypermorph ${VERSION}: ${text}`};
}

/** Settings that change no number of a result. */
const WITHOUT_EFFECT: readonly string[] = ['threads', 'maxMemory', 'hashes'];

/**
 * Identify what a registration makes: SHA-256 of the contents of its inputs and of every setting that decides about the result,
 * and of the names of its outputs.
 *
 * @throws {HypermorphError} E_IO if an input cannot be read.
 */
export async function keyOf(settings: RegisterFilesSettings, kept: KeptFiles): Promise<string> {
  const {affine, labels = [], model = DEFAULT_MODEL, fixedMask, movingMask} = settings;
  const image = async (path: string) => kept.hash(await filesOfImage(path));
  const optional = (path: string | undefined) => (path === undefined ? null : image(path));
  // An affine may be a kind, and a model none.
  const fileOrWord = async (word: string | undefined) =>
    word !== undefined && (await fileExists(word)) ? kept.hash([word]) : (word ?? null);
  const contents = {
    fixed: await image(settings.fixed),
    moving: await image(settings.moving),
    fixedMask: await optional(fixedMask),
    movingMask: await optional(movingMask),
    model: await fileOrWord(model),
    affine: await fileOrWord(affine),
    labels: await Promise.all(
      labels.map(async ({source, target}) => ({source: await image(source), target})),
    ),
  };
  const entries = Object.entries({...settings, ...contents, version: VERSION});
  const ordered = entries
    .filter(([setting]) => !WITHOUT_EFFECT.includes(setting))
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return sha256([JSON.stringify(Object.fromEntries(ordered))]);
}

/** The records of a batch, a file for each pair: the SHA-256 of what is known about it, and that as JSON, in a line each. */
export class BatchRecords {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Null where there is none, or none that can be read: then the pair is done again. */
  async read(name: string): Promise<PairRecord | null> {
    const path = this.#pathOf(name);
    if (!(await fileExists(path))) return null;
    const [sum, text = ''] = (await readFileText(path)).trimEnd().split('\n');
    return sum === sha256([text]) ? (JSON.parse(text) as PairRecord) : null;
  }

  async write(record: PairRecord): Promise<void> {
    const text = JSON.stringify(record);
    const content = `${sha256([text])}\n${text}\n`;
    const writer = `record ${record.name}`;
    await writeFilesAtomically([{path: this.#pathOf(record.name), content}], {writer});
  }

  #pathOf(name: string): string {
    return join(this.#folder, 'records', name);
  }
}

/** Where the tables of a batch are. */
export function summaryPaths(folder: string): {readonly table: string; readonly lines: string} {
  return {table: join(folder, 'summary.csv'), lines: join(folder, 'pairs.jsonl')};
}

/**
 * Write the summary of all pairs as a table, and all that is known about them, a line for each, from the records that are there.
 *
 * @param writer - Nobody else of this name writes at the same time.
 */
export async function writeSummary(
  folder: string,
  names: readonly string[],
  writer: string,
): Promise<void> {
  const records = new BatchRecords(folder);
  const paths = summaryPaths(folder);
  const make = async () => {
    const found: (PairRecord | null)[] = [];
    for (const name of names) found.push(await records.read(name));
    const rows = found.map((record, n) => summaryRow(names[n], record));
    const lines = found.filter((record) => record !== null).map((one) => JSON.stringify(one));
    return {
      table: encodeTable(SUMMARY_COLUMNS, rows),
      lines: lines.map((line) => `${line}\n`).join(''),
    };
  };
  let made = await make();
  for (;;) {
    await writeFilesAtomically(
      [
        {path: paths.table, content: made.table},
        {path: paths.lines, content: made.lines},
      ],
      {writer},
    );
    const again = await make();
    // Another shard that ended meanwhile may have written before us what we did not see.
    if (again.table === made.table && again.lines === made.lines) return;
    made = again;
  }
}

/** No column tells a time: a batch that was interrupted ends with the same table. */
const SUMMARY_COLUMNS = [
  ...['name', 'status', 'quality', 'reasons', 'ncc_before', 'ncc_after', 'overlap'],
  ...['displacement_mean_mm', 'displacement_max_mm', 'folds', 'folding_fraction'],
  ...['sd_log_jacobian', 'warnings', 'error', 'message'],
] as const;

function summaryRow(name: string, record: PairRecord | null): TableRow {
  const empty: TableRow = Object.fromEntries(SUMMARY_COLUMNS.map((column) => [column, '']));
  const row = {...empty, name, status: record?.status ?? 'waiting'};
  if (record === null) return row;
  if (record.status === 'failed') {
    return {...row, error: record.error.code ?? '', message: record.error.message};
  }
  const {quality, similarity, overlap, displacement, jacobian, warnings} = record.report;
  const numbers = {
    ncc_before: similarity.before.ncc,
    ncc_after: similarity.after.ncc,
    overlap,
    displacement_mean_mm: displacement.meanMm,
    displacement_max_mm: displacement.maximumMm,
    folds: jacobian.folds,
    folding_fraction: jacobian.foldingFraction,
    sd_log_jacobian: jacobian.sdLogJacobian,
    warnings: warnings.length,
  };
  const texts: TableRow = Object.fromEntries(
    Object.entries(numbers).map(([column, value]) => [column, String(value ?? '')]),
  );
  return {
    ...row,
    quality: quality.verdict,
    reasons: quality.reasons.join('. '),
    ...texts,
  };
}
