import {existsSync} from 'node:fs';
import {basename, join, resolve} from 'node:path';
import {fileURLToPath, pathToFileURL} from 'node:url';
import type {BenchCase} from './cases.js';
import type {BenchInputs} from './inputs.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const SCRIPTS = join(ROOT, 'scripts', 'bench');
const PYTHON = join(ROOT, '.cache', 'python-torch', 'bin', 'python');
/** Where scripts/provide-libtensorflow.js puts the library of the engine `tensorflow`. */
const LIBTENSORFLOW = join(ROOT, '.cache', 'libtensorflow');
const CLI = join(ROOT, 'bin', 'hypermorph.js');

/** Somebody who does the work: we, or a peer. */
export interface Contender {
  readonly name: string;
  readonly kind: 'native' | 'pytorch' | 'tensorflow';
  /** Command of the worker process. */
  readonly worker: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** The command that registers two files; null where there is none. */
  register(inputs: BenchInputs, lambda: number): readonly string[] | null;
}

function ours(engine: 'native' | 'tensorflow', threads: number): Contender {
  return {
    name: engine === 'native' ? 'hypermorph' : 'libtensorflow',
    kind: engine,
    worker: [
      process.execPath,
      '--import',
      'tsx',
      join(SCRIPTS, 'worker.ts'),
      engine,
      String(threads),
    ],
    environment: existsSync(LIBTENSORFLOW)
      ? {HYPERMORPH_TENSORFLOW_PREFIX: LIBTENSORFLOW, TF_CPP_MIN_LOG_LEVEL: '2'}
      : {},
    register: ({folder, model, fixed, moving}, lambda) =>
      engine === 'native'
        ? [
            process.execPath,
            CLI,
            'register',
            ...['--model', model, '--lambda', String(lambda), '--engine', engine],
            // What the peer does: the network alone.
            ...['--affine', 'none', '--refine', 'none', '--keep', 'last'],
            ...['--threads', String(threads), '--quiet'],
            ...['--moved', join(folder, 'moved.nii.gz'), '--warp', join(folder, 'warp.nii.gz')],
            ...[fixed, moving],
          ]
        : null,
  };
}

function pytorch(format: 'channels_last' | 'contiguous', threads: number): Contender {
  return {
    name: format === 'channels_last' ? 'PyTorch channels-last' : 'PyTorch contiguous',
    kind: 'pytorch',
    worker: [PYTHON, join(SCRIPTS, 'peer', 'worker.py'), format, String(threads)],
    environment: {OMP_NUM_THREADS: String(threads)},
    register: ({folder, model, fixed, moving}, lambda) =>
      format === 'channels_last'
        ? [
            PYTHON,
            join(SCRIPTS, 'peer', 'register.py'),
            ...[model, String(lambda), fixed, moving],
            ...[join(folder, 'peer_moved.nii.gz'), join(folder, 'peer_warp.nii.gz')],
            String(threads),
          ]
        : null,
  };
}

/** Our engine as this checkout of the repository has it. */
export function ownContender(threads: number): Contender {
  return ours('native', threads);
}

/** Our engine as another checkout has it, which says itself how it is called. */
async function otherCheckout(folder: string, threads: number): Promise<Contender> {
  const path = join(resolve(folder), 'scripts', 'bench', 'contenders.ts');
  const other = (await import(pathToFileURL(path).href)) as {
    readonly ownContender: typeof ownContender;
  };
  return {...other.ownContender(threads), name: basename(resolve(folder))};
}

/** Who takes part: the native engine and, where asked for, another checkout's and whichever peers are installed. */
export async function listContenders({
  peers,
  beside,
  threads,
}: {
  readonly peers: boolean;
  readonly beside: string | undefined;
  readonly threads: number;
}): Promise<{readonly contenders: readonly Contender[]; readonly missing: readonly string[]}> {
  const contenders = [ownContender(threads)];
  const missing: string[] = [];
  if (beside !== undefined) contenders.push(await otherCheckout(beside, threads));
  if (!peers) return {contenders, missing};
  if (existsSync(PYTHON)) {
    contenders.push(pytorch('channels_last', threads), pytorch('contiguous', threads));
  } else missing.push('PyTorch is not installed; `node scripts/bench/provide-torch.js` does so.');
  contenders.push(ours('tensorflow', threads));
  return {contenders, missing};
}

/** Whether a contender is asked to do a case. */
export function takesPart({kind}: Contender, {peers}: BenchCase): boolean {
  return kind === 'native' || peers.includes(kind);
}
