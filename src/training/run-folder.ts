import {join} from 'node:path';
import {stringify} from 'yaml';
import type {TrainingConfig} from '../config/training-config.js';
import {HypermorphError} from '../errors.js';
import {
  appendToFile,
  fileExists,
  readFileBytes,
  readFileText,
  removeLeftovers,
  writeFileAtomically,
} from '../formats/files.js';
import {encodeEventStart, encodeScalars, eventsUntil} from '../formats/event-file.js';
import {acquireLock} from '../formats/locks.js';
import {nameRow, type StepLosses, type ValidationRow} from '../progress.js';

/** A line of the log. */
export type LogEntry =
  | ({
      readonly kind: 'step';
      readonly step: number;
      readonly learningRate: number;
      readonly millisecondsPerStep: number;
    } & StepLosses)
  | {readonly kind: 'validation'; readonly step: number; readonly rows: readonly ValidationRow[]};

/** The files of one training. */
export class RunFolder {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** The merged configuration. */
  get config(): string {
    return join(this.path, 'config.yaml');
  }

  /** One JSON object a line. */
  get log(): string {
    return join(this.path, 'log.jsonl');
  }

  /** The same for TensorBoard, which finds such files by a part of their names. */
  get events(): string {
    return join(this.path, 'events.out.tfevents.hypermorph');
  }

  /** Everything to go on from. */
  get checkpoint(): string {
    return join(this.path, 'checkpoint.safetensors');
  }

  /** The model of the last checkpoint. */
  get model(): string {
    return join(this.path, 'model.safetensors');
  }

  /** The model with the lowest validation loss. */
  get best(): string {
    return join(this.path, 'best.safetensors');
  }

  /** A validation pair as the network moved it last. */
  get picture(): string {
    return join(this.path, 'validation.png');
  }

  /**
   * Own the folder until the run ends: two runs in one would write over each other.
   *
   * @returns Gives it back.
   * @throws {HypermorphError} E_USAGE if another run that has not ended owns it.
   */
  async own(): Promise<() => Promise<void>> {
    const path = join(this.path, 'run.lock');
    const lock = await acquireLock(path);
    if (lock !== null) return lock.release;
    throw new HypermorphError(
      'E_USAGE',
      `train: the output folder must not be that of a run that goes on, got ${this.path}.`,
      {
        hint: `Name another folder, or wait; remove ${path} if that run has ended on another machine.`,
      },
    );
  }

  /**
   * Check that a run can begin here, or go on.
   *
   * @throws {HypermorphError} E_USAGE if a new run would overwrite one, or there is none to resume.
   */
  async requireUsable(options: {readonly resume: boolean}): Promise<void> {
    const exists = await this.hasCheckpoint();
    if (exists && !options.resume) {
      throw new HypermorphError(
        'E_USAGE',
        `train: the output folder must not hold another run, got ${this.path}.`,
        {hint: 'Resume it, or name another folder.'},
      );
    }
    if (!exists && options.resume) {
      throw new HypermorphError(
        'E_USAGE',
        `train: the folder to resume must hold a checkpoint, got ${this.path} without ${this.checkpoint}.`,
        {hint: 'Start a new run there.'},
      );
    }
  }

  async hasCheckpoint(): Promise<boolean> {
    return fileExists(this.checkpoint);
  }

  /** Write the settings; the log begins with the run, or goes on after a step. */
  async begin(config: TrainingConfig, step: number): Promise<void> {
    await removeLeftovers(this.path);
    await writeFileAtomically(this.config, stringify(config));
    const start = encodeEventStart(now());
    if (step === 0) {
      await writeFileAtomically(this.log, '');
      await writeFileAtomically(this.events, start);
    } else {
      await this.#forgetAfter(step);
      // A run of an earlier version has none.
      const events = (await fileExists(this.events)) ? await readFileBytes(this.events) : start;
      await writeFileAtomically(this.events, eventsUntil(events, step));
    }
  }

  /** Add a line to the log, and its figures to the events. */
  async record(entry: LogEntry): Promise<void> {
    await appendToFile(this.log, `${JSON.stringify(entry)}\n`);
    const event = {wallTime: now(), step: entry.step, scalars: scalarsOf(entry)};
    await appendToFile(this.events, encodeScalars(event));
  }

  /** Whether the log has a line of a kind for a step. */
  async hasLogged(kind: LogEntry['kind'], step: number): Promise<boolean> {
    if (!(await fileExists(this.log))) return false;
    const lines = (await readFileText(this.log)).split('\n');
    return lines.some((line) => stepOf(line) === step && line.includes(`"kind":"${kind}"`));
  }

  /** Take back what was logged after a step: a resumed run will write it again. */
  async #forgetAfter(step: number): Promise<void> {
    if (!(await fileExists(this.log))) return;
    const lines = (await readFileText(this.log)).split('\n').filter((line) => line !== '');
    const kept = lines.filter((line) => stepOf(line) <= step);
    await writeFileAtomically(this.log, kept.map((line) => `${line}\n`).join(''));
  }
}

/** Seconds since 1970. */
function now(): number {
  return Date.now() / 1000;
}

/** The figures of a line by the names under which TensorBoard shows them, one group for each measure of a validation. */
function scalarsOf(entry: LogEntry): Readonly<Record<string, number>> {
  if (entry.kind === 'step') {
    const {total, similarity, labels, smoothness, learningRate, millisecondsPerStep} = entry;
    return {
      ...{'loss/total': total, 'loss/similarity': similarity},
      ...(labels === undefined ? {} : {'loss/labels': labels}),
      ...{'loss/smoothness': smoothness, 'optimiser/learning_rate': learningRate},
      'time/milliseconds_per_step': millisecondsPerStep,
    };
  }
  const rows = entry.rows.flatMap(({lambda, labels, ...measures}) => {
    const curve = nameRow({lambda, labels}).replaceAll(', ', '_').replaceAll(' ', '_');
    return Object.entries(measures).map(([name, value]) => [`validation_${name}/${curve}`, value]);
  });
  return Object.fromEntries(rows) as Readonly<Record<string, number>>;
}

/** A line that was cut off by a crash belongs to no step. */
function stepOf(line: string): number {
  try {
    return (JSON.parse(line) as {step: number}).step;
  } catch {
    return Infinity;
  }
}
