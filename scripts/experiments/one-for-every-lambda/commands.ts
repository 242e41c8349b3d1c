import {spawn} from 'node:child_process';
import {existsSync, readdirSync, readFileSync, writeFileSync} from 'node:fs';
import {join, resolve} from 'node:path';
import type {LogEntry} from '../../../src/training/run-folder.js';
import {parseLog, type Run} from './results.js';

const PROGRAM = join(import.meta.dirname, '..', '..', '..', 'bin', 'hypermorph.js');
const CONFIG = join(import.meta.dirname, 'config.yaml');

/** Run `hypermorph` in a folder; it writes to the same stderr. */
async function hypermorph(words: readonly string[], cwd: string): Promise<void> {
  const child = spawn(process.execPath, [PROGRAM, ...words], {
    ...{cwd, stdio: ['ignore', 'ignore', 'inherit']},
  });
  const code = await new Promise<number | null>((done, fail) =>
    child.once('error', fail).once('exit', done),
  );
  if (code !== 0) throw new Error(`hypermorph ${words.join(' ')} must end with 0, got ${code}.`);
}

/**
 * Bring the images of `data`/{train,val}/images, and their label maps of the same names, onto the first image of `train` by affines.
 *
 * @param folder - `aligned` there gets the same folders and names; what lies there as it should is not made again.
 */
export async function alignImages(data: string, folder: string): Promise<void> {
  const pathOf = (...names: readonly string[]) => resolve(data, ...names);
  const namesOf = (part: string) => readdirSync(pathOf(part, 'images')).sort();
  const [reference] = namesOf('train');
  const rows = ['train', 'val'].flatMap((part) =>
    namesOf(part).map((name) => ({
      name: `${part}-${name.split('.')[0]}`,
      fixed: pathOf('train', 'images', reference),
      moving: pathOf(part, 'images', name),
      moved: join('aligned', part, 'images', name),
      labels: `${pathOf(part, 'labels', name)}:${join('aligned', part, 'labels', name)}`,
    })),
  );
  writeFileSync(join(folder, 'pairs.json'), JSON.stringify(rows));
  const affineAlone = ['--model', 'none', '--refine', 'none', '--keep', 'last'];
  await hypermorph(['batch', 'pairs.json', ...affineAlone, '--quiet'], folder);
}

/**
 * Train a network, or go on with it; nothing where it is done.
 *
 * @param folder - With the aligned images; gets a folder for each run.
 * @returns Its log.
 */
export async function train(
  {lambda, seed, steps, measuredAt}: Run,
  folder: string,
): Promise<readonly LogEntry[]> {
  const output = join(`${steps}-steps`, `${lambda ?? 'every'}-${seed}`);
  const path = (name: string) => join(folder, output, name);
  const readLog = () =>
    existsSync(path('log.jsonl')) ? parseLog(readFileSync(path('log.jsonl'), 'utf8')) : [];
  const isDone = readLog().some((entry) => entry.kind === 'validation' && entry.step === steps);
  if (isDone) return readLog();
  // With the rate of a plain network the one of all hardly begins to learn: a step changes all the numbers that make a kernel.
  const forOne = ['architecture.hyperparameters=0', `lambda={kind: fixed, value: ${lambda}}`];
  const forEvery = ['optimiser.learningRate=4e-4'];
  const settings = [
    ...[`steps=${steps}`, `seed=${seed}`, `validation.lambdas=[${measuredAt.join(', ')}]`],
    ...(lambda === null ? forEvery : forOne),
  ];
  await hypermorph(
    [
      ...['train', '--config', CONFIG, '--output', output, '--threads', '1', '--quiet'],
      ...settings.flatMap((setting) => ['--set', setting]),
      ...(existsSync(path('checkpoint.safetensors')) ? ['--resume'] : []),
    ],
    folder,
  );
  return readLog();
}
