import {availableParallelism} from 'node:os';
import {basename, extname} from 'node:path';
import {HypermorphError} from '../../../errors.js';
import {
  planBatch,
  registerBatch,
  type BatchPair,
  type BatchSummary,
  type PairResult,
} from '../../../workflows/batch-files.js';
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
  const pairs = pairsOf(await readPairRows(path), options, path);
  const folder = options.folder ?? `${basename(path, extname(path))}_batch`;
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
  const shared = pool === null ? pairs : pairs.map((pair) => withThreads(pair, jobs));
  const summary = await registerBatch(
    {pairs: shared, folder, shard},
    {...callbacks, jobs, register: pool?.register},
  ).finally(() => {
    pool?.close();
    clear();
  });
  finish(summary, options, context);
}

/** Processes that work side by side share the processors. */
function withThreads({name, settings}: BatchPair, jobs: number): BatchPair {
  if (settings instanceof HypermorphError) return {name, settings};
  const share = Math.max(1, Math.floor(availableParallelism() / jobs));
  return {name, settings: {...settings, threads: settings.threads ?? share}};
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
  {pairs, done, unchanged, failed, waiting, qualities, summary}: BatchSummary,
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
