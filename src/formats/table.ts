import {CsvError, parse} from 'csv-parse/sync';
import {HypermorphError} from '../errors.js';
import {readFileText} from './files.js';

/** The cells of a row under the names of their columns. */
export type TableRow = Readonly<Record<string, string>>;

/** How the cells of a table are divided, and what it holds, for messages. */
export interface TableForm {
  readonly delimiter?: ',' | '\t';
  /** What begins a line that does not count. */
  readonly comment?: '#';
  /** One row. */
  readonly row: string;
}

/** As `decodeTable`, of a file; E_IO also if it cannot be read. */
export async function readTable(path: string, form: TableForm): Promise<readonly TableRow[]> {
  return decodeTable(await readFileText(path), path, form);
}

/**
 * The rows of a table with the names of its columns in the first line; empty lines do not count.
 *
 * @param where - Begins the messages.
 * @returns At least one row; each has all columns.
 * @throws {HypermorphError} E_IO if the text is no such table.
 */
export function decodeTable(
  text: string,
  where: string,
  {delimiter = ',', comment, row}: TableForm,
): readonly TableRow[] {
  const fail = (what: string, got: string, cause?: unknown): never => {
    throw new HypermorphError('E_IO', `${where}: must ${what}, got ${got}.`, {cause});
  };
  const separated = delimiter === ',' ? 'comma' : 'tab';
  const requireNames = (names: string[]): string[] => {
    // Programs save tables with what their language divides by.
    if (names.length === 1 && /[,;\t]/.test(names[0])) {
      return fail(`be a table of ${separated}-separated values`, `the line "${names[0]}"`);
    }
    const twice = names.find((name, n) => names.indexOf(name) < n);
    return twice === undefined
      ? names
      : fail('have a name of its own for every column', `"${twice}" twice`);
  };
  const options = {
    ...{delimiter, columns: requireNames, trim: true, skipEmptyLines: true, bom: true},
    ...(comment === undefined ? {} : {comment}),
  };
  let rows: readonly TableRow[];
  try {
    rows = parse<TableRow>(text, options);
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    return fail(`be a table of ${separated}-separated values`, error.message, error);
  }
  if (rows.length > 0) return rows;
  return fail(`hold a line of column names and at least one ${row}`, `no ${row}`);
}

/** The text of a table of comma-separated values. */
export function encodeTable(names: readonly string[], rows: readonly TableRow[]): string {
  const line = (cells: readonly string[]) => `${cells.map(encodeCell).join(',')}\n`;
  return line(names) + rows.map((row) => line(names.map((name) => row[name]))).join('');
}

/** RFC 4180: in quotation marks where it holds what ends a cell. */
function encodeCell(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
