/**
 * How good registrations are, beside those of other programs: the same pairs, the same judge, one run.
 *
 *   npm run bench:accuracy -- [--only ROW,...] [--pairs N] [--peers greedy,ants,demons|none] [--model none|NAME|FILE]
 *       [--ours "[NAME=]OPTIONS"]... [--command "NAME=COMMAND"]... [--threads N] [--json FILE [--again]] [--markdown FILE]
 *       [--keep FOLDER]
 *
 * Rows: brains-2mm, brains-1mm, hippocampus, lung, real-brains, affine. --ours adds a set of options of `register` (one without
 * any, unless told; `none` leaves ours out); --command any other program: {fixed}, {moving}, {warp} and {folder} stand for paths, and it must write a
 * displacement field on the fixed grid (LPS mm) to {warp}. The JSON file grows with every trial; what it already holds is not run
 * again unless --again is given. Docs: docs/accuracy.md.
 */
import {execFileSync} from 'node:child_process';
import {existsSync, mkdirSync, readFileSync, writeFileSync} from 'node:fs';
import {cpus} from 'node:os';
import {dirname, join} from 'node:path';
import {parseArgs} from 'node:util';
import {VERSION} from '../../../src/version.js';
import {findData, ROWS, type Row} from './cases.js';
import {contendersOf, PEERS, probeOf, type ContenderOptions} from './contenders.js';
import {ROOT} from './paths.js';
import {markdownOf, summarise} from './table.js';
import {runTrial, type Trial} from './trial.js';

const {values: options} = parseArgs({
  options: {
    only: {type: 'string'},
    pairs: {type: 'string'},
    peers: {type: 'string', default: PEERS.join(',')},
    model: {type: 'string'},
    ours: {type: 'string', multiple: true, default: ['']},
    command: {type: 'string', multiple: true, default: []},
    threads: {type: 'string', default: String(Math.min(cpus().length, 2))},
    json: {type: 'string'},
    markdown: {type: 'string'},
    keep: {type: 'string'},
    again: {type: 'boolean', default: false},
  },
});

const say = (text: string) => console.error(text);

/** A Python with the peers, else the one of the tests, which at least measures ours. */
function findInterpreter(): string {
  const found = [
    process.env.HYPERMORPH_PEERS_PYTHON,
    join(ROOT, '.cache', 'python-peers', 'bin', 'python'),
    join(ROOT, '.cache', 'python', 'bin', 'python'),
  ].find((path) => path !== undefined && existsSync(path));
  if (found !== undefined) return found;
  throw new Error('the benchmark needs Python: run node scripts/bench/provide-peers.js.');
}

function isThere(python: string, peer: string): boolean {
  try {
    execFileSync(python, ['-c', probeOf(peer)], {stdio: 'ignore'});
    return true;
  } catch {
    say(`${peer} is left out: not installed (node scripts/bench/provide-peers.js).`);
    return false;
  }
}

/** Run a script that makes files, once for the same words. @returns Their folder. */
function makeFiles(python: string, script: string, ...words: readonly string[]): string {
  const folder = join(ROOT, '.cache', 'accuracy', script.replace(/\.py$/, ''));
  mkdirSync(folder, {recursive: true});
  execFileSync(python, [join(import.meta.dirname, script), folder, ...words], {stdio: 'inherit'});
  return folder;
}

/** Every trial of the JSON file, and of this run. */
const known: Trial[] = readTrials();

function readTrials(): Trial[] {
  if (options.json === undefined || options.again || !existsSync(options.json)) return [];
  const {trials} = JSON.parse(readFileSync(options.json, 'utf8')) as {trials: Trial[]};
  return trials.filter(({failure}) => failure === null);
}

function remember(trial: Trial): void {
  known.push(trial);
  if (options.json === undefined) return;
  const machine = {processor: cpus()[0]?.model, cores: cpus().length};
  write(options.json, `${JSON.stringify({version: VERSION, machine, trials: known}, null, 1)}\n`);
}

function write(path: string, content: string): void {
  mkdirSync(dirname(path), {recursive: true});
  writeFileSync(path, content);
}

async function runRow(
  row: Row,
  contenderOptions: ContenderOptions,
  data: string,
): Promise<Trial[]> {
  const {python} = contenderOptions;
  const count = options.pairs === undefined ? row.pairs : Number(options.pairs);
  const cases = row
    .cases(data, (script, ...words) => makeFiles(python, script, ...words), count)
    .slice(0, count);
  const contenders = contendersOf(row, contenderOptions);
  for (const [n, pair] of cases.entries()) {
    for (const [m, contender] of contenders.entries()) {
      if (known.some((trial) => isOf(trial, row, pair.name, contender.name))) continue;
      const keep = options.keep;
      const parent = keep ?? join(ROOT, '.cache', 'accuracy', `run-${process.pid}`);
      const trial = await runTrial(row.name, pair, contender, {
        python,
        folder: join(parent, `${row.name}-${n}-${m}`),
        keeps: keep !== undefined,
      });
      remember(trial);
      say(describe(trial));
    }
  }
  return known.filter((trial) => trial.row === row.name);
}

function isOf(trial: Trial, row: Row, pair: string, contender: string): boolean {
  return trial.row === row.name && trial.pair === pair && trial.contender === contender;
}

function describe({
  row,
  pair,
  contender,
  dice,
  treMm,
  foldingFraction,
  cost,
  failure,
}: Trial): string {
  const figures = [
    dice === null ? '' : `Dice ${dice.toFixed(4)}`,
    treMm === null ? '' : `TRE ${treMm.toFixed(3)} mm`,
    foldingFraction === null ? '' : `folds ${(100 * foldingFraction).toFixed(4)} %`,
    cost === null ? '' : `${cost.processorSeconds.toFixed(1)} cpu s`,
    failure ?? '',
  ];
  return `${row}, ${pair}, ${contender}: ${figures.filter((text) => text !== '').join(', ')}`;
}

const data = findData();
const python = findInterpreter();
const wantedPeers = options.peers === 'none' ? [] : options.peers.split(',');
const contenderOptions: ContenderOptions = {
  python,
  peers: wantedPeers.filter((peer) => isThere(python, peer)),
  ours: options.ours.includes('none') ? [] : options.ours,
  commands: options.command,
  model: options.model,
  threads: Number(options.threads),
};
const names = options.only?.split(',') ?? ROWS.map(({name}) => name);
const unknown = names.filter((name) => !ROWS.some((row) => row.name === name));
if (unknown.length > 0) {
  throw new Error(
    `--only must name rows (${ROWS.map(({name}) => name).join(', ')}), got ${unknown.join(', ')}.`,
  );
}
const tables: string[] = [];
for (const row of ROWS.filter(({name}) => names.includes(name))) {
  const summaries = summarise(await runRow(row, contenderOptions, data));
  tables.push(markdownOf(row.title, summaries));
  console.log(tables.at(-1));
}
if (options.markdown !== undefined) write(options.markdown, tables.join('\n'));
