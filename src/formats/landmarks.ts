import {CsvError, parse} from 'csv-parse/sync';
import {HypermorphError} from '../errors.js';
import type {Triple} from '../geometry/triple.js';
import {readFileText} from './files.js';

/** Names of the columns that hold a point. */
type Columns = readonly [string, string, string];

/** Columns of a file of points. */
const POINT: Columns = ['x', 'y', 'z'];

/** Columns of a file of pairs of points. */
const PAIR: readonly [Columns, Columns] = [
  ['fixed_x', 'fixed_y', 'fixed_z'],
  ['moving_x', 'moving_y', 'moving_z'],
];

/**
 * Read points from a table (comma-separated, names in the first line) with the columns x, y and z; others are ignored.
 *
 * @throws {HypermorphError} E_IO if the file cannot be read, is no table, lacks a column, or holds something that is no number.
 */
export async function readPoints(path: string): Promise<Triple[]> {
  return pointsOf(await readTable(path), POINT, path);
}

/** Read pairs of points from a table with the columns fixed_x, fixed_y, fixed_z, moving_x, moving_y and moving_z. Errors as `readPoints`. */
export async function readPointPairs(
  path: string,
): Promise<{readonly fixed: Triple[]; readonly moving: Triple[]}> {
  const table = await readTable(path);
  return {fixed: pointsOf(table, PAIR[0], path), moving: pointsOf(table, PAIR[1], path)};
}

/** A table of points with all its columns, and the same table of the points that stand in their places. */
export interface PointTable {
  readonly points: readonly Triple[];
  /** The text of the table with other points in the columns x, y and z. */
  readonly withPoints: (points: readonly Triple[]) => string;
}

/** As `readPoints`, and what else is in the table. */
export async function readPointTable(path: string): Promise<PointTable> {
  const rows = await readTable(path);
  const names = Object.keys(rows[0]);
  const line = (cells: readonly string[]) => `${cells.map(cellOf).join(',')}\n`;
  return {
    points: pointsOf(rows, POINT, path),
    withPoints: (points) =>
      line(names) +
      rows
        .map((row, n) => {
          const [x, y, z] = points[n].map(String);
          const moved: TableRow = {...row, x, y, z};
          return line(names.map((name) => moved[name]));
        })
        .join(''),
  };
}

/** RFC 4180: in quotation marks where it holds what ends a cell. */
function cellOf(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

type TableRow = Readonly<Record<string, string>>;

async function readTable(path: string): Promise<readonly TableRow[]> {
  const text = await readFileText(path);
  const options = {
    columns: true as const,
    trim: true,
    skipEmptyLines: true,
    bom: true,
    comment: '#',
  };
  try {
    const rows = parse<TableRow>(text, options);
    if (rows.length > 0) return rows;
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw new HypermorphError(
      'E_IO',
      `${path}: must be a table of comma-separated values, got: ${error.message}.`,
      {cause: error},
    );
  }
  throw new HypermorphError(
    'E_IO',
    `${path}: must hold a line of column names and at least one point, got no point.`,
  );
}

function pointsOf(rows: readonly TableRow[], columns: Columns, path: string): Triple[] {
  const names = Object.keys(rows[0]);
  const missing = columns.filter((column) => !names.includes(column));
  if (missing.length > 0) {
    throw new HypermorphError(
      'E_IO',
      `${path}: must have the columns ${columns.join(', ')}, got ${names.join(', ')}.`,
    );
  }
  return rows.map((row, n) => {
    const [x, y, z] = columns.map((column) => (row[column] === '' ? NaN : Number(row[column])));
    if (Number.isFinite(x) && Number.isFinite(y) && Number.isFinite(z)) return [x, y, z];
    const text = columns.map((column) => row[column]).join(', ');
    throw new HypermorphError(
      'E_IO',
      `${path}: point ${n + 1} must be three numbers, got ${text}.`,
    );
  });
}
