import {HypermorphError} from '../errors.js';
import type {Triple} from '../geometry/triple.js';
import {encodeTable, readTable, type TableRow} from './table.js';

/** Names of the columns that hold a point. */
type Columns = readonly [string, string, string];

/** Tables of points may have lines of comments. */
const POINTS = {comment: '#', row: 'point'} as const;

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
  return pointsOf(await readTable(path, POINTS), POINT, path);
}

/** Read pairs of points from a table with the columns fixed_x, fixed_y, fixed_z, moving_x, moving_y and moving_z. Errors as `readPoints`. */
export async function readPointPairs(
  path: string,
): Promise<{readonly fixed: Triple[]; readonly moving: Triple[]}> {
  const table = await readTable(path, POINTS);
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
  const rows = await readTable(path, POINTS);
  const names = Object.keys(rows[0]);
  return {
    points: pointsOf(rows, POINT, path),
    withPoints: (points) => {
      const moved = rows.map((row, n): TableRow => {
        const [x, y, z] = points[n].map(String);
        return {...row, x, y, z};
      });
      return encodeTable(names, moved);
    },
  };
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
