import type {Affine} from '../../geometry/affine.js';
import type {Triple} from '../../geometry/triple.js';
import {clampIndex, isAlong} from '../../kernels/sampling.js';
import type {VoxelOperation} from '../../kernels/voxel-operation.js';
import {
  halfShape,
  lanesFor,
  type LevelProblem,
  type LevelShapes,
  type RefinementLevel,
} from './level.js';
import {LevelMemory} from './level-memory.js';
import {PortableLevel, integratePortably} from './portable-level.js';

/*
 * What an engine brings to a refinement. The twins here are TypeScript and public operations of TensorFlow.js: slow, and what the
 * native ones are tested against.
 */

/** Room for any one of these levels. */
export const MAKE_LEVEL_MEMORY: VoxelOperation<[levels: readonly LevelShapes[]], LevelMemory> = {
  name: 'makeLevelMemory',
  portable: () => new LevelMemory(),
};

/** Begin a level in memory that no open one uses; it holds it until it is disposed. */
export const OPEN_LEVEL: VoxelOperation<
  [problem: LevelProblem, memory?: LevelMemory],
  RefinementLevel
> = {name: 'openLevel', portable: (problem) => new PortableLevel(problem)};

/** The mean of every 2 x 2 x 2 voxels that exist: ceil(n / 2) per axis; of one channel unless told. A new array. */
export const HALVE: VoxelOperation<
  [image: Float32Array, shape: Triple, channels?: number],
  Float32Array
> = {name: 'halve', portable: halveImage};

/**
 * An image whose fine detail is raised: along every axis (1 + 2 s) x - s · (both neighbours of x), s the axis' share; beyond a face lies the face's own
 * voxel. Its sum stays as it is. A new array.
 */
export const SHARPEN: VoxelOperation<
  [image: Float32Array, shape: Triple, shares: Triple],
  Float32Array
> = {name: 'sharpen', portable: sharpenImage};

/** A velocity of half the resolution on the fine grid `shape`, times 2. A new array. */
export const DOUBLE_FIELD: VoxelOperation<[velocity: Float32Array, shape: Triple], Float32Array> = {
  name: 'doubleField',
  portable: doubleVelocity,
};

/** The displacement that a velocity integrates to, [I, J, K, 4] likewise. A new array. */
export const INTEGRATE_FIELD: VoxelOperation<
  [velocity: Float32Array, shape: Triple, steps: number],
  Float32Array
> = {name: 'integrateField', portable: integratePortably};

/** By how much each label is likelier than the background in each voxel of a grid: log(p_label / p_background), [I, J, K, labels], finite. */
export interface LogOdds {
  readonly logOdds: Float32Array;
  readonly labels: number;
  readonly shape: Triple;
}

/**
 * To what degree the voxels of another grid belong to each label, [onto, lanes] as a level wants them: p_label, trilinear; 0 where they lie
 * more than half a voxel outside, and in the place of shares below a hundredth. A new array.
 */
export const SAMPLE_MEMBERSHIPS: VoxelOperation<
  [maps: LogOdds, toVoxel: Affine, onto: Triple],
  Float32Array
> = {name: 'sampleMemberships', portable: sampleMemberships};

/** A smaller share of a voxel is none. */
const LEAST_SHARE = Math.fround(0.01);

function sampleMemberships(
  {logOdds, labels, shape}: LogOdds,
  toVoxel: Affine,
  onto: Triple,
): Float32Array {
  const lanes = lanesFor(labels);
  const memberships = membershipsOf(logOdds, labels);
  const out = new Float32Array(lanes * onto[0] * onto[1] * onto[2]);
  forEachVoxel(onto, (i, j, k, n) => {
    const [inI, inJ, inK] = toVoxel.apply([i, j, k]).map((x, axis) => tapsAt(x, shape[axis]));
    for (const [p, ofP] of inI) {
      for (const [q, ofQ] of inJ) {
        for (const [r, ofR] of inK) {
          const from = labels * ((p * shape[1] + q) * shape[2] + r);
          const weight = ofP * ofQ * ofR;
          for (let l = 0; l < labels; l++) out[lanes * n + l] += weight * memberships[from + l];
        }
      }
    }
    for (let l = lanes * n; l < lanes * (n + 1); l++) if (out[l] < LEAST_SHARE) out[l] = 0;
  });
  return out;
}

/** p_label of each label and voxel. */
function membershipsOf(logOdds: Float32Array, labels: number): Float32Array {
  const memberships = new Float32Array(logOdds.length);
  for (let from = 0; from < logOdds.length; from += labels) {
    let largest = 0;
    for (let l = from; l < from + labels; l++) largest = Math.max(largest, logOdds[l]);
    let sum = Math.exp(-largest);
    for (let l = from; l < from + labels; l++) sum += Math.exp(logOdds[l] - largest);
    for (let l = from; l < from + labels; l++)
      memberships[l] = Math.exp(logOdds[l] - largest) / sum;
  }
  return memberships;
}

/** The voxels of an axis between which a position lies, with their weights; none where it lies outside. */
function tapsAt(position: number, length: number): (readonly [number, number])[] {
  if (!isAlong(position, length)) return [];
  const clamped = clampIndex(position, length);
  const lower = Math.floor(clamped);
  return [
    [lower, 1 - (clamped - lower)],
    [Math.min(lower + 1, length - 1), clamped - lower],
  ];
}

function halveImage(image: Float32Array, shape: Triple, channels = 1): Float32Array {
  const [, rows, width] = shape;
  const half = halfShape(shape);
  const result = new Float32Array(channels * half[0] * half[1] * half[2]);
  forEachVoxel(half, (i, j, k, n) => {
    const sums = new Array<number>(channels).fill(0);
    let count = 0;
    for (let p = 2 * i; p < Math.min(2 * i + 2, shape[0]); p++) {
      for (let q = 2 * j; q < Math.min(2 * j + 2, rows); q++) {
        for (let r = 2 * k; r < Math.min(2 * k + 2, width); r++) {
          const from = channels * ((p * rows + q) * width + r);
          for (let c = 0; c < channels; c++) sums[c] += image[from + c];
          count++;
        }
      }
    }
    sums.forEach((sum, c) => (result[channels * n + c] = sum / count));
  });
  return result;
}

function sharpenImage(image: Float32Array, shape: Triple, shares: Triple): Float32Array {
  const strides = [shape[1] * shape[2], shape[2], 1];
  return strides.reduce((from, stride, axis) => {
    const to = new Float32Array(from.length);
    const share = shares[axis];
    forEachVoxel(shape, (i, j, k, n) => {
      const index = [i, j, k][axis];
      const before = index > 0 ? n - stride : n;
      const after = index + 1 < shape[axis] ? n + stride : n;
      to[n] = (1 + 2 * share) * from[n] - share * (from[before] + from[after]);
    });
    return to;
  }, image);
}

function doubleVelocity(velocity: Float32Array, shape: Triple): Float32Array {
  const [, rows, width] = halfShape(shape);
  const taps = shape.map((length) => halfTaps(length));
  const result = new Float32Array(4 * shape[0] * shape[1] * shape[2]);
  forEachVoxel(shape, (i, j, k, n) => {
    for (const [p, inP] of taps[0][i]) {
      for (const [q, inQ] of taps[1][j]) {
        for (const [r, inR] of taps[2][k]) {
          const from = 4 * ((p * rows + q) * width + r);
          for (let c = 0; c < 3; c++) result[4 * n + c] += 2 * inP * inQ * inR * velocity[from + c];
        }
      }
    }
  });
  return result;
}

/** For every fine voxel of an axis the coarse voxels it reads, with their weights. */
function halfTaps(length: number): (readonly [number, number])[][] {
  const last = Math.ceil(length / 2) - 1;
  return Array.from({length}, (_, x) => {
    const position = Math.min(Math.max((x - 0.5) / 2, 0), last);
    const lower = Math.floor(position);
    return [
      [lower, 1 - (position - lower)],
      [Math.min(lower + 1, last), position - lower],
    ];
  });
}

function forEachVoxel(
  [planes, rows, width]: Triple,
  visit: (i: number, j: number, k: number, n: number) => void,
): void {
  for (let i = 0; i < planes; i++) {
    for (let j = 0; j < rows; j++) {
      for (let k = 0; k < width; k++) visit(i, j, k, (i * rows + j) * width + k);
    }
  }
}
