import {join} from 'node:path';
import {HypermorphError} from '../errors.js';
import {fileExists, sha256OfFile, writeFilesAtomically} from '../formats/files.js';
import {acquireLock} from '../formats/locks.js';
import {
  BatchRecords,
  describeError,
  keyOf,
  type PairError,
  type PairRecord,
} from './batch-records.js';
import {summaryPaths, writeSummary} from './batch-summary.js';
import {KeptFiles} from './kept-files.js';
import {outputFiles, requireSeparateFiles} from './output-paths.js';
import {
  inputFiles,
  planWith,
  registerWith,
  type RegisterFilesSettings,
  type RegistrationPlan,
  type WorkflowCallbacks,
} from './register-files.js';
import type {HashedFile, Report} from './report.js';

/** A pair of a batch. */
export interface BatchPair {
  /** Unlike those of all others, and such that a file can be called so. */
  readonly name: string;
  /** How it is registered, or why it cannot be. */
  readonly settings: RegisterFilesSettings | HypermorphError;
  /** Further files that follow from the report. */
  readonly texts?: ((report: Report) => readonly TextFile[]) | undefined;
}

interface TextFile {
  readonly path: string;
  readonly content: string;
}

/** Every `count`-th pair, beginning with pair `index`, counted from 1. */
export interface Shard {
  readonly index: number;
  readonly count: number;
}

export interface BatchSettings {
  readonly pairs: readonly BatchPair[];
  /** Takes records and summary, and the moved images of pairs that name no output. */
  readonly folder: string;
  /** A part of the pairs; all unless told. */
  readonly shard?: Shard | undefined;
}

/** What became of a pair. */
export type PairResult = {readonly name: string} & (
  | {readonly status: 'done'; readonly report: Report}
  /** An earlier call made the same of the same inputs, and its files are there. */
  | {readonly status: 'unchanged'; readonly report: Report}
  | {readonly status: 'failed'; readonly error: PairError}
  /** Where nothing is done: what would be. */
  | {readonly status: 'planned'; readonly plan: RegistrationPlan}
);

/** Registers one pair of several; `writer` as in `writeFilesAtomically`. */
export type RegisterOne = (
  settings: RegisterFilesSettings,
  callbacks: Pick<WorkflowCallbacks, 'onProgress'> & {readonly writer: string},
) => Promise<Report>;

export interface BatchCallbacks extends WorkflowCallbacks {
  /** Called when a pair is dealt with; `position` of `pairs`, counted from 1. */
  readonly onPair?: (result: PairResult, position: number, pairs: number) => void;
  /** Pairs that are registered at the same time, by `register`: 1 unless told. */
  readonly jobs?: number | undefined;
  /** Takes the place of our own process. */
  readonly register?: RegisterOne | undefined;
}

/** What became of a batch. */
export interface BatchSummary {
  /** Of this shard. */
  readonly pairs: number;
  readonly done: number;
  readonly unchanged: number;
  /** Names. */
  readonly failed: readonly string[];
  /** Pairs that were not begun, or given up, because of an interruption. */
  readonly waiting: number;
  /** Pairs by the verdict on their quality. */
  readonly qualities: Readonly<Record<string, number>>;
  /** The summary of all pairs, CSV. */
  readonly summary: string;
  /** All that is known about each, a JSON object a line. */
  readonly lines: string;
  /** The contact sheet, HTML; null where no pair has a page to look at. */
  readonly sheet: string | null;
}

/**
 * Register many pairs, each as `registerFiles` would, and write down what became of them. A pair whose inputs and settings are
 * those of an earlier call, whose files are as that call left them, is not registered again; one that fails stops no other. The
 * model, and a fixed image that is the same for several pairs, are read once.
 *
 * Once the signal is aborted the pairs in hand are given up, with nothing of them written.
 *
 * @throws {HypermorphError} E_USAGE if two pairs have one name or one output, an output is an input, or another program works
 *   on the shard; E_IO if the folder cannot be written.
 *
 * @example
 * import {registerBatch} from 'hypermorph';
 * const files = {fixed: 'fixed.nii.gz', moving: 'moving.nii.gz', model: 'model.safetensors'};
 * const settings = {...files, engine: 'javascript' as const};
 * const {done} = await registerBatch({pairs: [{name: 'first', settings}], folder: 'batch'});
 * done; // 1
 */
export async function registerBatch(
  settings: BatchSettings,
  callbacks: BatchCallbacks = {},
): Promise<BatchSummary> {
  const batch = await openBatch(settings, callbacks);
  const {folder} = settings;
  const writer = `shard-${batch.shard.index}-of-${batch.shard.count}`;
  const lock = await acquireLock(join(folder, `${writer}.lock`));
  if (lock === null) {
    throw new HypermorphError(
      'E_USAGE',
      `batch: the folder must not be that of a batch that goes on, got ${folder}.`,
      {
        hint: `Wait for it, name another folder, or give each its own shard; where its machine was switched off, remove ${writer}.lock in it.`,
      },
    );
  }
  const names = settings.pairs.map(({name}) => name);
  try {
    await eachPair(batch, (pair) => registerPairOf(batch, pair));
    return summarise(batch, await writeSummary(folder, names, writer));
  } finally {
    batch.kept.dispose();
    await lock.release();
  }
}

/**
 * What `registerBatch` would do: every pair is checked as `planRegistration` does, and nothing is written.
 *
 * @example
 * import {planBatch} from 'hypermorph';
 * const settings = {fixed: 'fixed.nii.gz', moving: 'nowhere.nii.gz', model: 'model.safetensors'};
 * const {failed} = await planBatch({pairs: [{name: 'first', settings}], folder: 'batch'});
 * failed; // ['first']
 */
export async function planBatch(
  settings: BatchSettings,
  callbacks: BatchCallbacks = {},
): Promise<BatchSummary> {
  const batch = await openBatch(settings, callbacks);
  await eachPair(batch, (pair) =>
    dealWith(batch, pair, async (one) => {
      const plan = await planWith(batch.kept, one, progressOf(pair, callbacks));
      return {name: pair.name, status: 'planned', plan};
    }),
  );
  return summarise(batch, null);
}

/** A batch while it goes on. */
interface Batch {
  readonly pairs: readonly BatchPair[];
  readonly folder: string;
  readonly shard: Shard;
  readonly records: BatchRecords;
  readonly kept: KeptFiles;
  readonly callbacks: BatchCallbacks;
  /** How many of each status, failed ones by name, and verdicts. */
  readonly counts: Record<PairResult['status'], number>;
  readonly failed: string[];
  readonly qualities: Record<string, number>;
}

async function openBatch(settings: BatchSettings, callbacks: BatchCallbacks): Promise<Batch> {
  const {folder, shard = {index: 1, count: 1}} = settings;
  requireNames(settings.pairs.map(({name}) => name));
  const pairs = settings.pairs.map((pair) => withThumbnail(withOutput(pair, folder), folder));
  const sound = pairs.flatMap(({settings: one}) => (one instanceof HypermorphError ? [] : [one]));
  const summary = Object.values(summaryPaths(folder));
  await requireSeparateFiles(
    sound.flatMap(inputFiles),
    [...sound.flatMap(outputFiles), ...summary],
    'batch',
  );
  return {
    pairs: pairs.filter((_, n) => n % shard.count === shard.index - 1),
    ...{folder, shard, callbacks, records: new BatchRecords(folder), kept: new KeptFiles()},
    ...{counts: {done: 0, unchanged: 0, failed: 0, planned: 0}, failed: [], qualities: {}},
  };
}

/** A name is also that of a file, on every system. */
const NAME = /^[\p{L}\p{N}_][\p{L}\p{N}._+=@-]{0,150}$/u;

const NAME_HINT = 'Give the pairs names in a column `name`.';

function requireNames(names: readonly string[]): void {
  const seen = new Set<string>();
  for (const name of names) {
    if (!NAME.test(name)) {
      throw new HypermorphError(
        'E_USAGE',
        `batch: the name of a pair must be letters, digits and . _ + = @ -, got "${name}".`,
        {hint: NAME_HINT},
      );
    }
    // Some file systems take large and small letters for the same.
    const same = name.toLowerCase();
    if (seen.has(same)) {
      throw new HypermorphError(
        'E_USAGE',
        `batch: every pair must have a name of its own, got "${name}" twice.`,
        {hint: NAME_HINT},
      );
    }
    seen.add(same);
  }
}

/** Where a pair names no output its moved image goes into the folder of the batch. */
function withOutput(pair: BatchPair, folder: string): BatchPair {
  const {name, settings} = pair;
  if (settings instanceof HypermorphError) return pair;
  const isNamed = Object.values(settings.outputs ?? {}).some((path) => path !== undefined);
  if (isNamed || (settings.labels ?? []).length > 0) return pair;
  const outputs = {moved: join(folder, `${name}_moved.nii.gz`)};
  return {...pair, settings: {...settings, outputs}};
}

/** A pair with a page to look at is seen on the contact sheet, too. */
function withThumbnail(pair: BatchPair, folder: string): BatchPair {
  const {name, settings} = pair;
  if (settings instanceof HypermorphError || settings.qc === undefined) return pair;
  const thumbnail = join(folder, 'thumbnails', `${name}.png`);
  return {...pair, settings: {...settings, thumbnail}};
}

/** Deal with all pairs, several at a time, until an interruption. */
async function eachPair(
  {pairs, callbacks, counts, failed, qualities}: Batch,
  deal: (pair: BatchPair) => Promise<PairResult | null>,
): Promise<void> {
  const {jobs = 1, register, signal, onPair} = callbacks;
  const count = register === undefined ? 1 : Math.min(jobs, pairs.length);
  let [next, position] = [0, 0];
  const work = async () => {
    while (next < pairs.length && signal?.aborted !== true) {
      const result = await deal(pairs[next++]);
      if (result === null) return; // interrupted
      counts[result.status]++;
      if (result.status === 'failed') failed.push(result.name);
      if ('report' in result) {
        const {verdict} = result.report.quality;
        qualities[verdict] = (qualities[verdict] ?? 0) + 1;
      }
      onPair?.(result, ++position, pairs.length);
    }
  };
  const lanes = Array.from({length: count}, () =>
    work().catch((error: unknown) => {
      next = pairs.length; // a folder that cannot be written: no more pairs
      throw error;
    }),
  );
  const ends = await Promise.allSettled(lanes);
  const fault = ends.find((end) => end.status === 'rejected');
  if (fault !== undefined) throw fault.reason;
}

/** Leave a pair as it is, or do something with it; null where that was interrupted. */
async function dealWith(
  batch: Batch,
  {name, settings}: BatchPair,
  action: (settings: RegisterFilesSettings, key: string) => Promise<PairResult>,
): Promise<PairResult | null> {
  try {
    if (settings instanceof HypermorphError) throw settings;
    const key = await keyOf(settings, batch.kept);
    const record = await batch.records.read(name);
    if (record?.status === 'done' && record.key === key && (await isIntact(record.files))) {
      return {name, status: 'unchanged', report: record.report};
    }
    return await action(settings, key);
  } catch (error) {
    if (error instanceof HypermorphError && error.code === 'E_INTERRUPTED') return null;
    return {name, status: 'failed', error: describeError(error)};
  }
}

async function registerPairOf(batch: Batch, pair: BatchPair): Promise<PairResult | null> {
  const {callbacks, kept} = batch;
  const {name} = pair;
  const writer = `pair ${name}`;
  const {signal, memory} = callbacks;
  const register: RegisterOne =
    callbacks.register ??
    ((settings, one) => registerWith(kept, settings, {...one, signal, memory}));
  let record: PairRecord | null = null;
  const result = await dealWith(batch, pair, async (settings, key) => {
    const report = await register(settings, {...progressOf(pair, callbacks), writer});
    const texts = pair.texts?.(report) ?? [];
    await writeFilesAtomically(texts, {writer});
    const files = await hashFiles([
      ...Object.values(report.outputs).flat(),
      ...texts.map(({path}) => path),
    ]);
    record = {name, status: 'done', key, files, report};
    return {name, status: 'done', report};
  });
  if (result?.status === 'failed') record = result;
  if (record !== null) await batch.records.write(record);
  return result;
}

/** Warnings of several pairs are told apart by their names. */
function progressOf(
  {name}: BatchPair,
  {onProgress}: BatchCallbacks,
): Pick<WorkflowCallbacks, 'onProgress'> {
  if (onProgress === undefined) return {};
  return {
    onProgress: (event) =>
      onProgress(event.kind === 'warning' ? {...event, text: `${name}: ${event.text}`} : event),
  };
}

/** Outputs are hashed anew each time: what an earlier pair, or somebody else, made of them must be seen. */
async function hashFiles(paths: readonly string[]): Promise<readonly HashedFile[]> {
  const files: HashedFile[] = [];
  for (const path of paths) files.push({path, sha256: await sha256OfFile(path)});
  return files;
}

async function isIntact(files: readonly HashedFile[]): Promise<boolean> {
  for (const {path, sha256} of files) {
    if (!(await fileExists(path)) || (await sha256OfFile(path)) !== sha256) return false;
  }
  return true;
}

function summarise(
  {pairs, counts, failed, qualities, folder}: Batch,
  sheet: string | null,
): BatchSummary {
  const {done, unchanged, planned} = counts;
  const {table, lines} = summaryPaths(folder);
  return {
    ...{pairs: pairs.length, done, unchanged, failed, qualities, summary: table, lines, sheet},
    waiting: pairs.length - done - unchanged - planned - failed.length,
  };
}
