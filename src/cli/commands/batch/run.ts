import {basename, extname, join} from 'node:path';
import {processorCount} from '../../../engines/processors.js';
import {HypermorphError} from '../../../errors.js';
import {memoryLimit} from '../../../platform.js';
import {
  planBatch,
  registerBatch,
  type BatchPair,
  type BatchSummary,
  type PairResult,
} from '../../../workflows/batch-files.js';
import {
  bidsNames,
  bidsSidecar,
  describeDerivatives,
  findBidsImages,
  spaceOf,
} from '../../../workflows/bids.js';
import type {Report} from '../../../workflows/report.js';
import type {CommandContext} from '../../context.js';
import type {Logger} from '../../logger.js';
import {processMemory} from '../../memory.js';
import {writeTable} from '../../output.js';
import {createReporter} from '../../progress-events.js';
import {formatSeconds} from '../../progress.js';
import type {BatchOptions} from './options.js';
import {pairsOf} from './rows.js';
import {readPairRows} from './table.js';
import {WorkerPool} from './workers.js';

/** The command `batch`. */
export async function run(
  options: BatchOptions,
  context: CommandContext,
  [path]: readonly string[],
): Promise<void> {
  const {logger, onProgress, clear} = await createReporter(options, context);
  const {jobs, shard, dryRun = false} = options;
  const {signal, stdout} = context;
  const {pairs, folder} = await findPairs(path, withPageNames(options));
  const onPair = (result: PairResult, position: number, count: number) => {
    clear();
    tellPair(logger, result, `${position} of ${count}`);
    if (options.json === true) stdout.write(`${JSON.stringify(result)}\n`);
  };
  const callbacks = {onProgress, signal, memory: processMemory, onPair};
  if (dryRun) {
    return finish(await planBatch({pairs, folder, shard}, callbacks), options, context);
  }
  const pool = jobs > 1 ? new WorkerPool(signal) : null;
  const shared = pool === null ? pairs : pairs.map((pair) => shareOut(pair, jobs));
  const summary = await registerBatch(
    {pairs: shared, folder, shard},
    {...callbacks, jobs, register: pool?.register},
  ).finally(() => {
    pool?.close();
    clear();
  });
  finish(summary, options, context);
}

/** A folder for pages is short for a page in it for each pair. */
function withPageNames(options: BatchOptions): BatchOptions {
  const qc = options['qc'];
  if (typeof qc !== 'string' || /\{|\.(html|png)$/i.test(qc)) return options;
  return {...options, qc: join(qc, '{name}.html')};
}

interface FoundPairs {
  readonly pairs: readonly BatchPair[];
  readonly folder: string;
}

/** The pairs of a table, or of a BIDS dataset. */
async function findPairs(path: string | undefined, options: BatchOptions): Promise<FoundPairs> {
  if ((path === undefined) === (options.bids === undefined)) {
    throw new HypermorphError(
      'E_USAGE',
      `batch: there must be either a table or --bids, got ${path === undefined ? 'neither' : 'both'}.`,
    );
  }
  if (path === undefined) return findBidsPairs(options);
  const folder = options.folder ?? `${basename(path, extname(path))}_batch`;
  return {pairs: pairsOf(await readPairRows(path), options, path), folder};
}

/** Every image of a dataset with the template, their results under BIDS' names. */
async function findBidsPairs(options: BatchOptions): Promise<FoundPairs> {
  const {bids: root = '', fixed, suffix, dryRun = false} = options;
  if (fixed === undefined) {
    throw new HypermorphError('E_USAGE', 'batch: --bids needs --fixed, the template.');
  }
  if (options.moving !== undefined) {
    throw new HypermorphError(
      'E_USAGE',
      `batch: with --bids the images of the dataset are moving, got --moving ${options.moving}.`,
    );
  }
  const {space = spaceOf(fixed), folder = join(root, 'derivatives', 'hypermorph')} = options;
  const images = await findBidsImages(root, suffix);
  const named = images.map((image) => ({image, names: bidsNames(image, {folder, suffix, space})}));
  const rows = named.map(({image, names}) => {
    const cells = {name: image.entities, moving: image.path, moved: names.moved, warp: names.warp};
    return new Map(Object.entries(cells).filter(([name]) => options[name] === undefined));
  });
  const pairs = pairsOf(rows, options, root).map((pair, n) => {
    const {image, names} = named[n];
    const texts = (report: Report) => [{path: names.sidecar, content: bidsSidecar(image, report)}];
    return options['moved'] === undefined ? {...pair, texts} : pair;
  });
  if (!dryRun) await describeDerivatives(folder, root);
  return {pairs, folder};
}

/** Processes that work side by side share processors and memory. */
function shareOut(pair: BatchPair, jobs: number): BatchPair {
  const {settings} = pair;
  if (settings instanceof HypermorphError) return pair;
  const threads = Math.max(1, Math.floor(processorCount() / jobs));
  const maxMemory = memoryLimit() / jobs;
  const {threads: asked = threads, maxMemory: limit = maxMemory} = settings;
  return {...pair, settings: {...settings, threads: asked, maxMemory: limit}};
}

/** One line for a pair. */
function tellPair(logger: Logger, result: PairResult, place: string): void {
  const {name, status} = result;
  const begin = `${place}, ${name}:`;
  if (status === 'failed') {
    const {code, message, hint} = result.error;
    logger.error({pair: name, code, ...(hint === undefined ? {} : {hint})}, `${begin} ${message}`);
  } else if (status === 'planned') {
    logger.info({pair: name}, `${begin} would be registered.`);
  } else if (status === 'unchanged') {
    logger.info({pair: name}, `${begin} is done and unchanged.`);
  } else {
    const {quality, seconds} = result.report;
    logger.info({pair: name}, `${begin} quality ${quality.verdict}, ${formatSeconds(seconds)}.`);
  }
}

/** The figures of the whole, and an error where some pairs failed or were not reached. */
function finish(
  {pairs, done, unchanged, failed, waiting, qualities, summary, sheet}: BatchSummary,
  {json, dryRun = false}: BatchOptions,
  {stdout}: CommandContext,
): void {
  const planned = pairs - done - unchanged - failed.length - waiting;
  if (json !== true) {
    writeTable(stdout, [
      ['pairs', String(pairs)],
      dryRun ? ['would be registered', String(planned)] : ['registered', String(done)],
      ['done before', String(unchanged)],
      ['failed', failed.length === 0 ? '0' : `${failed.length}: ${failed.join(', ')}`],
      ...Object.entries(qualities).map(
        ([verdict, n]) => [`quality ${verdict}`, String(n)] as const,
      ),
      ...(dryRun ? [] : [['summary', summary] as const]),
      ...(sheet === null ? [] : [['contact sheet', sheet] as const]),
    ]);
  }
  if (waiting > 0) {
    throw new HypermorphError(
      'E_INTERRUPTED',
      `batch: interrupted after ${pairs - waiting} of ${pairs} pairs; nothing of the others is written.`,
      {hint: 'The same command goes on.'},
    );
  }
  if (failed.length === 0) return;
  throw new HypermorphError(
    'E_PAIRS',
    `batch: all pairs must succeed, got ${failed.length} of ${pairs} that failed: ${failed.join(', ')}.`,
    {hint: 'The others are done; the same command does what is left.'},
  );
}
