import {join} from 'node:path';
import {HypermorphError, recogniseMemoryError, type ErrorCode} from '../errors.js';
import {fileExists, readFileText, writeFilesAtomically} from '../formats/files.js';
import {filesOfImage} from '../formats/images/open-image.js';
import {sha256} from '../platform.js';
import {VERSION} from '../version.js';
import type {KeptFiles} from './kept-files.js';
import type {RegisterFilesSettings} from './register-files.js';
import {modelFiles} from './shipped-models.js';
import type {HashedFile, Report} from './report.js';

/** Why a pair failed; what is no error of ours has no code. */
export interface PairError {
  readonly code: ErrorCode | null;
  readonly message: string;
  readonly hint?: string | undefined;
}

/** What is written down about a pair. */
export type PairRecord = {readonly name: string} & (
  | {
      readonly status: 'done';
      /** Of inputs and settings, see `keyOf`. */
      readonly key: string;
      readonly files: readonly HashedFile[];
      readonly report: Report;
    }
  | {readonly status: 'failed'; readonly error: PairError}
);

/** An error as it is written down. */
export function describeError(cause: unknown): PairError {
  const error = recogniseMemoryError(cause);
  if (error instanceof HypermorphError) {
    const {code, message, hint} = error;
    return {code, message, hint};
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return {code: null, message: `This is a fault of hypermorph ${VERSION}: ${text}`};
}

/** Settings that change no number of a result. */
const WITHOUT_EFFECT: readonly string[] = ['threads', 'maxMemory', 'hashes'];

/**
 * Identify what a registration makes: SHA-256 of the contents of its inputs and of every setting that decides about the result,
 * and of the names of its outputs.
 *
 * @throws {HypermorphError} E_IO if an input cannot be read.
 */
export async function keyOf(settings: RegisterFilesSettings, kept: KeptFiles): Promise<string> {
  const {affine, labels = [], fixedLabels, model, fixedMask, movingMask} = settings;
  const image = async (path: string) => kept.hash(await filesOfImage(path));
  const optional = (path: string | undefined) => (path === undefined ? null : image(path));
  // An affine may be a kind, and a model none.
  const fileOrWord = async (word: string | undefined) =>
    word !== undefined && (await fileExists(word)) ? kept.hash([word]) : (word ?? null);
  const contents = {
    fixed: await image(settings.fixed),
    moving: await image(settings.moving),
    fixedMask: await optional(fixedMask),
    movingMask: await optional(movingMask),
    fixedLabels: await optional(fixedLabels),
    model: await Promise.all(modelFiles(model).map(fileOrWord)),
    affine: await fileOrWord(affine),
    labels: await Promise.all(
      labels.map(async ({source, target}) => ({source: await image(source), target})),
    ),
  };
  const entries = Object.entries({...settings, ...contents, version: VERSION});
  const ordered = entries
    .filter(([setting]) => !WITHOUT_EFFECT.includes(setting))
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return sha256([JSON.stringify(Object.fromEntries(ordered))]);
}

/** The records of a batch, a file for each pair: the SHA-256 of what is known about it, and that as JSON, in a line each. */
export class BatchRecords {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Null where there is none, or none that can be read: then the pair is done again. */
  async read(name: string): Promise<PairRecord | null> {
    const path = this.#pathOf(name);
    if (!(await fileExists(path))) return null;
    const [sum, text = ''] = (await readFileText(path)).trimEnd().split('\n');
    return sum === sha256([text]) ? (JSON.parse(text) as PairRecord) : null;
  }

  async write(record: PairRecord): Promise<void> {
    const text = JSON.stringify(record);
    const content = `${sha256([text])}\n${text}\n`;
    const writer = `record ${record.name}`;
    await writeFilesAtomically([{path: this.#pathOf(record.name), content}], {writer});
  }

  #pathOf(name: string): string {
    return join(this.#folder, 'records', name);
  }
}
