import {Command, CommanderError, type Option} from 'commander';
import {HypermorphError} from '../../../errors.js';
import type {BatchPair} from '../../../workflows/batch-files.js';
import {stemOf} from '../../../workflows/output-paths.js';
import {addRegistrationOptions, type RegisterOptions} from '../register/options.js';
import {settingsOf} from '../register/settings.js';
import {isRepeatable, listColumns, type Column} from './columns.js';
import {columnName, textOf, type Cell, type PairRow} from './table.js';

/** What the options of the command say for rows that say nothing: texts, lists of them, or true. */
export type Defaults = Readonly<Record<string, unknown>> & {
  readonly fixed?: string;
  readonly moving?: string;
};

/** Columns that are no options of `register`. */
const OWN_COLUMNS = ['name', 'fixed', 'moving'];
/** {word} in a text of the command. */
const BLANK = /\{([^{}]+)\}/g;

/**
 * The pairs of a table, each with the settings that its row and the options of the command say. What is wrong in one row is the
 * matter of that pair.
 *
 * @throws {HypermorphError} E_USAGE if a column is unknown, there is none for an image, or a text names a column that is not there.
 */
export function pairsOf(
  rows: readonly PairRow[],
  defaults: Defaults,
  where: string,
): readonly BatchPair[] {
  const columns = listColumns();
  const names = [...new Set(rows.flatMap((row) => [...row.keys()]))];
  requireColumns(names, {columns, defaults, where});
  return rows.map((row, n) => pairOf(row, n + 1, {columns, defaults}));
}

function requireColumns(
  names: readonly string[],
  {columns, defaults, where}: {columns: readonly Column[]; defaults: Defaults; where: string},
): void {
  const blanks = blanksOf(columns, defaults);
  const known = [...OWN_COLUMNS, ...columns.map(({name}) => name)];
  const unknown = names.find((name) => !known.includes(name) && !blanks.includes(name));
  if (unknown !== undefined) {
    throw new HypermorphError(
      'E_USAGE',
      `${where}: a column must be an option of register, or be filled in by an option of batch, got "${unknown}".`,
      {hint: `Columns are ${known.join(', ')}.`},
    );
  }
  for (const name of ['fixed', 'moving']) {
    if (names.includes(name) || defaults[name] !== undefined) continue;
    throw new HypermorphError('E_USAGE', `${where}: must have a column ${name}, got none.`);
  }
  const lost = blanks.find((name) => !OWN_COLUMNS.includes(name) && !names.includes(name));
  if (lost === undefined) return;
  throw new HypermorphError(
    'E_USAGE',
    `batch: {${lost}} in an option must be name, fixed, moving or a column of the table, got no such column.`,
  );
}

/** What is filled in where. */
function blanksOf(columns: readonly Column[], defaults: Defaults): string[] {
  return columns
    .flatMap(({option}) => defaults[option.attributeName()])
    .filter((text) => typeof text === 'string')
    .flatMap((text) => [...text.matchAll(BLANK)].map(([, name]) => columnName(name)));
}

function pairOf(
  row: PairRow,
  number: number,
  {columns, defaults}: {columns: readonly Column[]; defaults: Defaults},
): BatchPair {
  const cell = (name: string) => textOf(row.get(name) ?? '');
  const fixed = cell('fixed') || (defaults.fixed ?? '');
  const moving = cell('moving') || (defaults.moving ?? '');
  const isWhole = fixed !== '' && moving !== '';
  const usual = isWhole ? usualName(fixed, moving) : `row-${number}`;
  const name = cell('name') || usual;
  try {
    if (!isWhole) {
      throw new HypermorphError('E_USAGE', `row ${number}: must name a fixed and a moving image.`);
    }
    const words = {name, fixed: stemOf(fixed), moving: stemOf(moving)};
    const fill = (text: string) =>
      text.replace(BLANK, (_, blank: string) => {
        const word = blank in words ? words[blank as keyof typeof words] : cell(columnName(blank));
        if (word !== '') return word;
        throw new HypermorphError(
          'E_USAGE',
          `row ${number}: must say ${blank}, because an option has {${blank}}, got nothing.`,
        );
      });
    const argv = columns.flatMap(({name: column, option}) => {
      return wordsOf(option, row.get(column) ?? fillIn(defaults, option, fill));
    });
    return {name, settings: {...settingsOf([fixed, moving], parse(argv)), hashes: true}};
  } catch (error) {
    if (error instanceof HypermorphError) return {name, settings: error};
    throw error;
  }
}

/** What a pair is called that has no name: as its files, but for what no name of a pair may hold, such as spaces. */
function usualName(fixed: string, moving: string): string {
  return `${stemOf(moving)}_to_${stemOf(fixed)}`.replace(/[^\p{L}\p{N}._+=@-]/gu, '_');
}

/** What the command says for an option, with what the row fills in. */
function fillIn(defaults: Defaults, option: Option, fill: (text: string) => string): Cell {
  const given = defaults[option.attributeName()];
  if (given === true) return 'yes';
  if (Array.isArray(given)) return given.map((text: string) => fill(text));
  return typeof given === 'string' ? fill(given) : '';
}

/** A cell as words of a command line. */
function wordsOf(option: Option, cell: Cell): string[] {
  if (cell === '') return [];
  const long = option.long!;
  if (option.isBoolean()) {
    const text = textOf(cell).toLowerCase();
    if (/^(true|yes|1)$/.test(text)) return [long];
    if (/^(false|no|0)$/.test(text)) return [];
    throw new HypermorphError('E_USAGE', `${long} must be yes or no, got "${text}".`);
  }
  if (!isRepeatable(option)) return [`${long}=${textOf(cell)}`];
  const texts = typeof cell === 'string' ? cell.split(';') : cell;
  return texts.map((text) => `${long}=${text.trim()}`);
}

function parse(argv: readonly string[]): RegisterOptions {
  const silent = {writeErr: () => undefined, writeOut: () => undefined};
  const parser = addRegistrationOptions(new Command()).exitOverride().configureOutput(silent);
  try {
    return parser.parse(argv, {from: 'user'}).opts();
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    const message = error.message.replace(/^error: /, '');
    throw new HypermorphError('E_USAGE', `${message}${message.endsWith('.') ? '' : '.'}`);
  }
}
