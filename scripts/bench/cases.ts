import {listConvolutions, type Architecture} from '../../src/models/architecture.js';
import {countParameters} from '../../src/models/weight-specs.js';
import type {TensorOperationName, VoxelOperationName} from './operations.js';

type Size = readonly [number, number, number];

/** What a worker is asked to do; every worker, in TypeScript or Python, reads the same. */
export type Work =
  | {
      readonly kind: 'convolution';
      readonly what: 'forward' | 'inputGradient' | 'filterGradient';
      readonly size: Size;
      readonly inputs: number;
      readonly outputs: number;
    }
  | {
      readonly kind: 'joinedConvolution';
      readonly what: 'forward' | 'inputGradient' | 'filterGradient';
      readonly size: Size;
      readonly coarse: number;
      readonly skip: number;
      readonly outputs: number;
    }
  | {
      readonly kind: 'operation';
      readonly operation: TensorOperationName;
      readonly size: Size;
      readonly channels: number;
      /** Whether the gradients are computed after the result. */
      readonly gradient: boolean;
    }
  | {
      readonly kind: 'dense';
      readonly inputs: number;
      readonly outputs: number;
      readonly gradient: boolean;
    }
  | {readonly kind: 'adam'; readonly parameters: number}
  | {
      readonly kind: 'volume';
      readonly operation: VoxelOperationName;
      readonly size: Size;
    }
  | {
      readonly kind: 'network';
      readonly what: 'unet' | 'forward' | 'training';
      readonly loss?: 'mse' | 'lncc';
      /** Default float32. */
      readonly precision?: 'bf16';
      readonly size: Size;
    }
  | {readonly kind: 'command'};

export const GROUPS = [
  ...(['conv', 'pool', 'warp', 'losses', 'dense', 'volume'] as const),
  ...(['forward', 'training', 'register'] as const),
] as const;

export type Group = (typeof GROUPS)[number];

export interface BenchCase {
  readonly name: string;
  readonly group: Group;
  readonly work: Work;
  /** Floating-point operations of the direct algorithm, 10^9. */
  readonly gflop?: number;
  /** Bytes that must be read and written, each once, 10^9. */
  readonly gigabytes?: number;
  readonly rounds: number;
  /** Who else can do it. */
  readonly peers: readonly ('pytorch' | 'tensorflow')[];
}

/** The size of the network's images, and half of it: the grid of the velocity. */
const FULL: Size = [160, 192, 224];
const HALF: Size = [80, 96, 112];
const QUARTER: Size = [40, 48, 56];

const voxels = (size: Size): number => size[0] * size[1] * size[2];
const name3 = (size: Size): string => size.join('x');
const convolutionGflop = (size: Size, inputs: number, outputs: number): number =>
  (2 * 27 * voxels(size) * inputs * outputs) / 1e9;

const WORDS = {
  forward: '',
  inputGradient: ', gradient by input',
  filterGradient: ', gradient by kernel',
} as const;
const WHATS = ['forward', 'inputGradient', 'filterGradient'] as const;

function convolutionCases(): BenchCase[] {
  const layer = (
    size: Size,
    [inputs, outputs]: readonly [number, number],
    whats: readonly (typeof WHATS)[number][] = WHATS,
  ): BenchCase[] =>
    whats.map((what) => ({
      name: `conv ${inputs}->${outputs} ${name3(size)}${WORDS[what]}`,
      group: 'conv',
      work: {kind: 'convolution', what, size, inputs, outputs},
      gflop: convolutionGflop(size, inputs, outputs),
      rounds: 7,
      peers: ['pytorch', 'tensorflow'],
    }));
  const joined = (size: Size, [coarse, skip, outputs]: Size): BenchCase[] =>
    WHATS.map((what) => ({
      name: `conv ${coarse}up+${skip}->${outputs} ${name3(size)}${WORDS[what]}`,
      group: 'conv',
      work: {kind: 'joinedConvolution', what, size, coarse, skip, outputs},
      gflop: convolutionGflop(size, coarse + skip, outputs),
      rounds: 7,
      peers: what === 'forward' ? ['pytorch', 'tensorflow'] : [],
    }));
  return [
    ...layer(HALF, [32, 32]),
    ...joined(HALF, [32, 32, 32]),
    ...layer(FULL, [2, 16], ['forward', 'filterGradient']),
    ...layer(HALF, [16, 32]),
    ...layer(HALF, [32, 16]),
    ...layer(HALF, [16, 16]),
    ...layer(HALF, [16, 3]),
    ...layer(QUARTER, [32, 32]),
  ];
}

function operationCases(): BenchCase[] {
  const operation = (
    group: Group,
    name: string,
    words: Pick<Extract<Work, {kind: 'operation'}>, 'operation' | 'size'> & {
      readonly channels?: number;
    },
    /** Numbers read and written per voxel: forward, and for forward with gradients. */
    numbers: readonly [number, number],
  ): BenchCase[] =>
    [false, true].map((gradient, n) => ({
      name: `${name} ${name3(words.size)}${gradient ? ', with gradient' : ''}`,
      group,
      work: {kind: 'operation', channels: 1, ...words, gradient},
      gigabytes: (4 * numbers[n] * voxels(words.size)) / 1e9,
      rounds: 7,
      peers: words.operation === 'jacobian' ? [] : ['pytorch'],
    }));
  return [
    ...operation('pool', 'max-pool 16 channels', {operation: 'maxPool', size: FULL, channels: 16}, [
      18,
      18 + 36,
    ]),
    ...operation('warp', 'warp', {operation: 'warp', size: FULL}, [5, 5 + 9]),
    ...operation('warp', 'self-composition x7', {operation: 'integrate', size: HALF}, [
      7 * 6,
      7 * (6 + 9),
    ]),
    ...operation('warp', 'rescale field x2 to', {operation: 'rescale', size: FULL}, [
      3 + 3 / 8,
      2 * (3 + 3 / 8),
    ]),
    ...operation('warp', 'Jacobian determinant', {operation: 'jacobian', size: FULL}, [4, 4 + 7]),
    ...operation('losses', 'LNCC 9x9x9', {operation: 'lncc', size: FULL}, [2, 5]),
    ...operation('losses', 'squared error', {operation: 'squaredError', size: FULL}, [2, 5]),
    ...operation('losses', 'smoothness l2', {operation: 'smoothness', size: HALF}, [3, 9]),
  ];
}

/** Everything the hypernetwork's last layer makes, as one layer, and one update of all parameters. */
function parameterCases(architecture: Architecture): BenchCase[] {
  const inputs = architecture.hypernetwork.units;
  const outputs = listConvolutions(architecture).reduce(
    (sum, {inputChannels, outputChannels}) => sum + (27 * inputChannels + 1) * outputChannels,
    0,
  );
  const parameters = countParameters(architecture);
  const layer = (gradient: boolean): BenchCase => ({
    name: `dense ${inputs}->${outputs}${gradient ? ', with gradient' : ''}`,
    group: 'dense',
    work: {kind: 'dense', inputs, outputs, gradient},
    gigabytes: (4 * (gradient ? 3 : 1) * inputs * outputs) / 1e9,
    rounds: 7,
    peers: ['pytorch'],
  });
  return [
    layer(false),
    layer(true),
    {
      name: `Adam, ${parameters} parameters`,
      group: 'dense',
      work: {kind: 'adam', parameters},
      gigabytes: (4 * 7 * parameters) / 1e9,
      rounds: 7,
      peers: ['pytorch'],
    },
  ];
}

/** The size of the two images of the command. */
const IMAGES: Size = [160, 160, 192];

function volumeCases(): BenchCase[] {
  const volume = (name: string, operation: VoxelOperationName, numbers: number): BenchCase => ({
    name: `${name} ${name3(IMAGES)}`,
    group: 'volume',
    work: {kind: 'volume', operation, size: IMAGES},
    gigabytes: (4 * numbers * voxels(IMAGES)) / 1e9,
    rounds: 3,
    peers: [],
  });
  return [
    volume('conform an image', 'sampleGrid', 2),
    volume('sample through the composed map', 'sampleMap', 5),
    volume('warp in mm', 'mapOffsets', 6),
    volume('similarity before and after', 'sumMoments', 3),
    volume('lengths of a displacement', 'measureLengths', 3),
    volume('folds and spread of determinants', 'measureDeterminants', 1),
    volume('gzip of a warp', 'gzip', 3),
  ];
}

function networkCases(architecture: Architecture): BenchCase[] {
  const gflop = unetGflop(architecture);
  const size = FULL;
  const both = ['pytorch', 'tensorflow'] as const;
  return [
    {
      name: `U-Net ${name3(size)}`,
      group: 'forward',
      work: {kind: 'network', what: 'unet', size},
      gflop,
      rounds: 5,
      peers: both,
    },
    {
      name: `U-Net ${name3(size)}, bfloat16`,
      group: 'forward',
      work: {kind: 'network', what: 'unet', precision: 'bf16', size},
      gflop,
      rounds: 5,
      peers: ['pytorch'],
    },
    {
      name: `forward ${name3(size)}: U-Net, 7 steps, warp`,
      group: 'forward',
      work: {kind: 'network', what: 'forward', size},
      gflop,
      rounds: 5,
      peers: both,
    },
    ...(['mse', 'lncc'] as const).map((loss): BenchCase => ({
      name: `training step ${name3(size)}, ${loss === 'mse' ? 'MSE' : 'LNCC 9x9x9'}`,
      group: 'training',
      work: {kind: 'network', what: 'training', loss, size},
      gflop: 3 * gflop,
      rounds: 3,
      peers: ['pytorch'],
    })),
    {
      name: `command register, two ${name3(IMAGES)} .nii.gz`,
      group: 'register',
      work: {kind: 'command'},
      rounds: 5,
      peers: ['pytorch'],
    },
  ];
}

/** Operations of all convolutions at the full image size, 10^9. */
export function unetGflop(architecture: Architecture): number {
  const levels = architecture.unet.encoder.length;
  const scale = (level: number): Size => [FULL[0] >> level, FULL[1] >> level, FULL[2] >> level];
  const flow = convolutionGflop(HALF, architecture.unet.decoder.at(-1)!, 3);
  return listConvolutions(architecture).reduce((sum, {name, inputChannels, outputChannels}) => {
    const [, part, level] = /^(enc|dec|dec_final)_conv_(\d+)/.exec(name)!;
    const depth = part === 'enc' ? Number(level) : part === 'dec' ? Number(level) + 1 : 1;
    const size = scale(Math.min(depth, levels));
    return sum + convolutionGflop(size, inputChannels, outputChannels);
  }, flow);
}

/** Whether a case needs an instruction set that multiplies bfloat16. */
export function needsBfloat16({work}: BenchCase): boolean {
  return work.kind === 'network' && work.precision === 'bf16';
}

/** Everything that is measured, in the order of the report. */
export function listCases(architecture: Architecture): readonly BenchCase[] {
  return [
    ...convolutionCases(),
    ...operationCases(),
    ...parameterCases(architecture),
    ...volumeCases(),
    ...networkCases(architecture),
  ];
}
