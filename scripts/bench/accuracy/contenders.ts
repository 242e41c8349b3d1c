import {join} from 'node:path';
import type {Case, Row} from './cases.js';
import {ROOT} from './paths.js';

/** A program that registers a pair. */
export interface Contender {
  readonly name: string;
  /** What is timed. Null: nothing is done, the images stay where their headers place them. */
  readonly register: ((pair: Case, folder: string) => readonly string[]) | null;
  /** Brings what it wrote to `warp.nii.gz` in the folder, where it has not written that itself. */
  readonly compose?: (pair: Case, folder: string) => readonly string[];
}

export const PEERS = ['greedy', 'ants', 'demons'] as const;

/** Modules whose presence says that a peer is there. */
const MODULE_OF: Readonly<Record<string, string>> = {
  greedy: 'picsl_greedy',
  ants: 'ants',
  demons: 'SimpleITK',
};

export interface ContenderOptions {
  readonly python: string;
  readonly peers: readonly string[];
  /** Sets of options of ours, `name=options` or only the options. */
  readonly ours: readonly string[];
  /** Other command lines, `name=command`, with {fixed}, {moving}, {warp} and {folder} in them. */
  readonly commands: readonly string[];
  readonly model: string | undefined;
  readonly threads: number;
}

/** The contenders of a row: doing nothing, ours, the peers (their affine stage alone, too), and other command lines. */
export function contendersOf(row: Row, options: ContenderOptions): readonly Contender[] {
  const isAffine = row.stage === 'affine';
  const stages = (peer: string) => (isAffine ? [`${peer}-affine`] : [`${peer}-affine`, peer]);
  return [
    {name: 'nothing', register: null},
    ...options.ours.map((text) => ownContender(text, options, isAffine)),
    ...options.commands.map(commandContender),
    ...options.peers.flatMap(stages).map((peer) => peerContender(peer, options)),
  ];
}

function ownContender(
  text: string,
  {model, threads}: ContenderOptions,
  isAffine: boolean,
): Contender {
  const {name, value} = splitName(text);
  const words = value.split(' ').filter((word) => word !== '');
  const modelWords = isAffine
    ? ['--model', 'none', '--refine', 'none']
    : model === undefined || model === 'default'
      ? []
      : ['--model', model];
  return {
    name: `hypermorph ${name}`.trim(),
    register: (pair, folder) => [
      process.execPath,
      join(ROOT, 'bin', 'hypermorph.js'),
      'register',
      pair.fixed,
      pair.moving,
      ...['--warp', join(folder, 'warp.nii.gz'), '--moved', join(folder, 'moved.nii.gz')],
      ...['--report', join(folder, 'report.json'), '--threads', String(threads)],
      ...modelWords,
      ...words,
    ],
  };
}

function commandContender(text: string): Contender {
  const {name, value} = splitName(text);
  return {
    name,
    register: (pair, folder) => {
      const places: Readonly<Record<string, string>> = {
        fixed: pair.fixed,
        moving: pair.moving,
        warp: join(folder, 'warp.nii.gz'),
        folder,
      };
      return ['sh', '-c', value.replace(/\{(\w+)\}/g, (all, key: string) => places[key] ?? all)];
    },
  };
}

function peerContender(peer: string, {python, threads}: ContenderOptions): Contender {
  const script = join(ROOT, 'scripts', 'bench', 'accuracy', 'peers.py');
  const call = (action: string) => (pair: Case, folder: string) => [
    python,
    script,
    peer,
    action,
    pair.fixed,
    pair.moving,
    folder,
    String(threads),
  ];
  return {name: peer, register: call('register'), compose: call('compose')};
}

/** `name=value`, or a value that is its own name; options start with a dash, so that theirs are not taken for names. */
function splitName(text: string): {readonly name: string; readonly value: string} {
  const found = /^([^-=][^=]*)=(.*)$/s.exec(text);
  return found ? {name: found[1], value: found[2]} : {name: text, value: text};
}

/** A line of Python that fails where a peer is not installed. */
export function probeOf(peer: string): string {
  return `import ${MODULE_OF[peer] ?? peer}`;
}
