import {HypermorphError} from '../../../errors.js';
import {readFileText} from '../../../formats/files.js';
import {requireShallow} from '../../../formats/shallow.js';
import {decodeTable} from '../../../formats/table.js';

/** What a table says in one place: a text, or several. */
export type Cell = string | readonly string[];

/** The cells of a pair that say something, by the names of their columns as options are written. */
export type PairRow = ReadonlyMap<string, Cell>;

/** What tables write where there is nothing to say (BIDS writes n/a). */
const NOTHING = ['', 'n/a'];

/**
 * Read a table of pairs: values separated by commas (.csv) or tabs (.tsv), or a JSON list of objects (.json).
 *
 * @throws {HypermorphError} E_IO if it cannot be read, or is none; E_USAGE for another ending.
 */
export async function readPairRows(path: string): Promise<readonly PairRow[]> {
  const ending = /\.(csv|tsv|json)$/i.exec(path)?.[1].toLowerCase();
  if (ending === undefined) {
    throw new HypermorphError(
      'E_USAGE',
      `${path}: a table of pairs must end in .csv, .tsv or .json.`,
    );
  }
  return decodePairRows(await readFileText(path), ending as 'csv' | 'tsv' | 'json', path);
}

/** The same of a text. */
export function decodePairRows(
  text: string,
  form: 'csv' | 'tsv' | 'json',
  where: string,
): readonly PairRow[] {
  if (form === 'json') return decodeList(text, where);
  const rows = decodeTable(text, where, {delimiter: form === 'csv' ? ',' : '\t', row: 'pair'});
  return rows.map((row) => rowOf(Object.entries(row)));
}

function rowOf(entries: readonly (readonly [name: string, cell: Cell])[]): PairRow {
  const names = entries.map(([name]) => columnName(name));
  const twice = names.find((name, n) => names.indexOf(name) < n);
  if (twice !== undefined) {
    throw new HypermorphError(
      'E_USAGE',
      `batch: a column must have a name of its own, got "${twice}" twice (underscores count as dashes).`,
    );
  }
  return new Map(
    entries
      .filter(([, cell]) => typeof cell !== 'string' || !NOTHING.includes(cell))
      .map(([name, cell]) => [columnName(name), cell]),
  );
}

/** Columns may be called with the underscores that table programs prefer. */
export function columnName(name: string): string {
  return name.replaceAll('_', '-');
}

function decodeList(text: string, where: string): readonly PairRow[] {
  const fail = (got: string, cause?: unknown): never => {
    throw new HypermorphError(
      'E_IO',
      `${where}: must be a JSON list of at least one object, whose values are texts, numbers, true, false or lists of them, got ${got}.`,
      {cause},
    );
  };
  requireShallow(text, (fault) => fail(fault));
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return fail(error.message, error);
  }
  if (!Array.isArray(list) || list.length === 0) return fail('another value');
  const cellOf = (name: string, value: unknown): Cell => {
    if (Array.isArray(value)) return value.map((one) => textOf(cellOf(name, one)));
    if (value === null) return '';
    if (typeof value === 'string') return value;
    if (typeof value === 'number' || typeof value === 'boolean') return String(value);
    return fail(`an object as ${name}`);
  };
  return list.map((entry: unknown, n) => {
    if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) {
      return fail(`no object as entry ${n + 1}`);
    }
    const cells = Object.entries(entry);
    return rowOf(cells.map(([name, value]) => [name, cellOf(name, value)]));
  });
}

/** A cell as one text. */
export function textOf(cell: Cell): string {
  return typeof cell === 'string' ? cell : cell.join(';');
}
