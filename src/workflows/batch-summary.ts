import {join} from 'node:path';
import {writeFilesAtomically} from '../formats/files.js';
import {encodeTable, type TableRow} from '../formats/table.js';
import type {SheetPair} from '../pages/contact-sheet.js';
import {BatchRecords, type PairRecord} from './batch-records.js';
import {sheetOf, sheetPairOf} from './batch-sheet.js';

/** Where the tables of a batch are. */
export function summaryPaths(folder: string): Record<'table' | 'lines' | 'sheet', string> {
  const [table, lines, sheet] = ['summary.csv', 'pairs.jsonl', 'index.html'].map((name) =>
    join(folder, name),
  );
  return {table, lines, sheet};
}

/**
 * Write the summary of all pairs as a table, all that is known about them, a line for each, and where pairs have pages to look at a contact
 * sheet, from the records that are there.
 *
 * @param writer - Nobody else of this name writes at the same time.
 * @returns Where the contact sheet is; null where there is none.
 */
export async function writeSummary(
  folder: string,
  names: readonly string[],
  writer: string,
): Promise<string | null> {
  const paths = summaryPaths(folder);
  let made = await makeSummary(folder, names);
  for (;;) {
    const {table, lines, sheet} = made;
    await writeFilesAtomically(
      [
        {path: paths.table, content: table},
        {path: paths.lines, content: lines},
        ...(sheet === null ? [] : [{path: paths.sheet, content: sheet}]),
      ],
      {writer},
    );
    made = await makeSummary(folder, names);
    // Another shard that ended meanwhile may have written before us what we did not see.
    if (made.table === table && made.lines === lines && made.sheet === sheet) {
      return sheet === null ? null : paths.sheet;
    }
  }
}

async function makeSummary(folder: string, names: readonly string[]) {
  const records = new BatchRecords(folder);
  const rows: TableRow[] = [];
  const lines: string[] = [];
  const pairs: SheetPair[] = [];
  // Of each record only what is written of it is kept.
  for (const name of names) {
    const record = await records.read(name);
    rows.push(summaryRow(name, record));
    pairs.push(sheetPairOf(name, record, folder));
    if (record !== null) lines.push(`${JSON.stringify(record)}\n`);
  }
  const sheet = await sheetOf(folder, pairs);
  return {table: encodeTable(SUMMARY_COLUMNS, rows), lines: lines.join(''), sheet};
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
