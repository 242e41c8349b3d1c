import {execFile} from 'node:child_process';
import {mkdir, rm} from 'node:fs/promises';
import {existsSync} from 'node:fs';
import {join} from 'node:path';
import {promisify} from 'node:util';
import type {Evaluation} from '../../../src/workflows/evaluate-files.js';
import {evaluateFiles} from '../../../src/workflows/evaluate-files.js';
import type {Case} from './cases.js';
import type {Contender} from './contenders.js';
import {ROOT} from './paths.js';

const execute = promisify(execFile);

/** What a command cost, start to end. */
export interface Cost {
  readonly processorSeconds: number;
  readonly wallSeconds: number;
  readonly peakMib: number;
}

/** What one contender did with one pair. */
export interface Trial {
  readonly row: string;
  readonly pair: string;
  readonly contender: string;
  /** Null where it did not run. */
  readonly cost: Cost | null;
  readonly dice: number | null;
  readonly hd95Mm: number | null;
  readonly treMm: number | null;
  readonly folds: number | null;
  readonly foldingFraction: number | null;
  readonly sdLogJacobian: number | null;
  readonly learn2regSdLogJacobian: number | null;
  /** Of a row that counts successes. */
  readonly success: boolean | null;
  readonly failure: string | null;
}

/** Register a pair and judge the warp that was written: labels by the nearest voxel, landmarks, determinants. */
export async function runTrial(
  row: string,
  pair: Case,
  contender: Contender,
  {
    python,
    folder,
    keeps,
  }: {readonly python: string; readonly folder: string; readonly keeps: boolean},
): Promise<Trial> {
  await rm(folder, {recursive: true, force: true});
  await mkdir(folder, {recursive: true});
  const command = contender.register?.(pair, folder) ?? null;
  const start = {row, pair: pair.name, contender: contender.name};
  let cost: Cost | null = null;
  try {
    if (command !== null) cost = await timed(python, command);
    const compose = contender.compose?.(pair, folder);
    if (compose) await execute(compose[0], compose.slice(1), {maxBuffer: 1 << 26});
    const warp = join(folder, 'warp.nii.gz');
    if (command !== null && !existsSync(warp)) throw new Error('it wrote no warp');
    const figures = judge(await evaluate(pair, command === null ? undefined : warp), pair);
    return {...start, cost, ...figures, failure: null};
  } catch (error) {
    const failure = error instanceof Error ? error.message : String(error);
    return {
      ...start,
      cost,
      ...NOTHING,
      success: pair.successMm === undefined ? null : false,
      failure,
    };
  } finally {
    if (!keeps) await rm(folder, {recursive: true, force: true});
  }
}

const NOTHING = {
  dice: null,
  hd95Mm: null,
  treMm: null,
  folds: null,
  foldingFraction: null,
  sdLogJacobian: null,
  learn2regSdLogJacobian: null,
};

async function timed(python: string, command: readonly string[]): Promise<Cost> {
  const script = join(ROOT, 'scripts', 'bench', 'accuracy', 'measured.py');
  const {stdout} = await execute(python, [script, ...command], {maxBuffer: 1 << 26});
  const {code, complaint, ...cost} = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Cost & {
    code: number;
    complaint: string;
  };
  if (code !== 0) throw new Error(`it ended with code ${code}: ${complaint.trim().slice(-500)}`);
  return cost;
}

function evaluate(pair: Case, warp: string | undefined): Promise<Evaluation> {
  return evaluateFiles({
    labels: pair.labels,
    landmarks: pair.landmarks,
    warp,
    resample: true,
  });
}

function judge({labels, warp, landmarks}: Evaluation, pair: Case) {
  const treMm = landmarks === null ? null : (landmarks.after ?? landmarks.before).meanMm;
  return {
    dice: labels?.mean.dice ?? null,
    hd95Mm: labels?.mean.hd95Mm ?? null,
    treMm,
    folds: warp?.folds ?? null,
    foldingFraction: warp?.foldingFraction ?? null,
    sdLogJacobian: warp?.sdLogJacobian ?? null,
    learn2regSdLogJacobian: warp?.learn2regSdLogJacobian ?? null,
    success: pair.successMm === undefined || treMm === null ? null : treMm <= pair.successMm,
  };
}
