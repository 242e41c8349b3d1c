import type {Triple} from '../../geometry/triple.js';

/** What a refinement maximises: LNCC squared, whatever its sign, minus the mean squared difference, or mutual information. */
export type RefinementSimilarity = 'lncc' | 'mse' | 'mi';

/**
 * To what degree every voxel of two images belongs to each label, 0 to 1: [I, J, K, lanes], where label n has lane n and what is beyond
 * the labels is 0 (`lanesFor`).
 */
export interface LevelLabels {
  /** Of the grid: that of the velocity, or one of half its resolution. */
  readonly shape: Triple;
  /** How many labels there are. */
  readonly count: number;
  readonly fixed: Float32Array;
  readonly moving: Float32Array;
  /** As those of the images, on this grid. */
  readonly fixedMask: Float32Array | null;
  readonly movingMask: Float32Array | null;
  /** Share of their overlap in what stands against the roughness, 0 to 1. */
  readonly weight: number;
}

const LANES = 8;

/** Numbers that a voxel has for so many labels: as many as vectors of eight hold. */
export function lanesFor(labels: number): number {
  return LANES * Math.ceil(labels / LANES);
}

/**
 * One level of a refinement: images [I, J, K], k fastest, intensities 0 to 1, and a velocity on their grid or on one of half its
 * resolution, ceil(n / 2) per axis, where fine voxel x reads at x / 2 - 1 / 4.
 *
 * A velocity is [I, J, K, 4]: three components in voxels of its own grid, and a zero that makes a vector one load. The first axis may
 * have one voxel, which is how a plane is written: [1, I, J] with components (0, i, j); the others have two or more.
 */
export interface LevelProblem {
  readonly fixed: Float32Array;
  readonly moving: Float32Array;
  readonly shape: Triple;
  /** Weight of each fixed voxel; null: 1. */
  readonly fixedMask: Float32Array | null;
  /** Weight that a fixed voxel takes from the moving voxel nearest to where it falls; null: 1. Outside the image it is 0. */
  readonly movingMask: Float32Array | null;
  /** Null: the images alone. */
  readonly labels: LevelLabels | null;
  readonly velocityShape: Triple;
  /** Where to start. Not modified. */
  readonly velocity: Float32Array;
  readonly similarity: RefinementSimilarity;
  /** Voxels from the centre of an LNCC window to its edge, 1 to 4. */
  readonly radius: number;
  /** Smallest sum of squares in an LNCC window that counts as contrast. */
  readonly bound: number;
  /** Factor of what stands against the roughness, >= 0. */
  readonly similarityWeight: number;
  /** Factors of the summed squares of forward differences, by axis and then component; nine. */
  readonly roughnessWeights: readonly number[];
}

/** The grids of a level. */
export type LevelShapes = Pick<LevelProblem, 'shape' | 'velocityShape'>;

/** The terms of the objective. */
export interface LevelFigures {
  /** Of the images: mean over voxels, larger is better; a voxel of weight 0 adds 0. */
  readonly similarity: number;
  /** Mean over labels of 2 sum(fm) / sum(f^2 + m^2), which is 1 only where the moved memberships are the fixed ones; null without labels. */
  readonly overlap: number | null;
  /** Weighted sum of squared differences. */
  readonly roughness: number;
}

/** What stands against the roughness: the likeness of the images and the overlap of the labels by their weight. */
export function fitOf(
  {similarity, overlap}: Pick<LevelFigures, 'similarity' | 'overlap'>,
  labels: LevelLabels | null,
): number {
  if (labels === null || overlap === null) return similarity;
  return (1 - labels.weight) * similarity + labels.weight * overlap;
}

/** A level that is being optimised. It holds its memory until `dispose`. */
export interface RefinementLevel {
  /** The terms of the velocity now. */
  measure(): LevelFigures;
  /**
   * One step of Adam down roughness - similarityWeight · ((1 - weight) · similarity + weight · overlap), weight that of the labels, by the gradient mixed along every axis with both neighbours (1/8,
   * 3/4, 1/8): neighbours move together, which folds less and converges sooner.
   *
   * @param rate - Voxels that a component moves where its gradient keeps its sign.
   * @returns The terms before the step.
   */
  iterate(rate: number): LevelFigures;
  /** The velocity now; the next step changes it, and the caller's it is when the level is disposed. */
  velocity(): Float32Array;
  /** The gradient by the velocity that the last iteration found, before it was mixed; valid until the next. */
  gradient(): Float32Array;
  dispose(): void;
}

/**
 * Constants of Adam (Kingma & Ba, ICLR 2015, algorithm 1). The objective is a mean over voxels, so `epsilon` is per voxel of the
 * velocity: a gradient well below epsilon / voxels, as where there is nothing to see, hardly moves anything.
 */
export const REFINEMENT_ADAM = {beta1: 0.9, beta2: 0.999, epsilon: 0.02} as const;

/**
 * How far one squaring may start from the identity: a voxel, or this share of the longest axis where that is more, since the same deformation bends less
 * from voxel to voxel the finer they are. Half of a voxel changes Dice of brains at 2 mm by 0.0001 and landmarks of a lung by 0.02 mm, and takes
 * an eighth more time; two voxels lose 0.002 there, and nothing at 1 mm.
 */
const LARGEST_START = 0.01;

/** Squarings for a velocity on a grid of this shape, whose largest component is so many voxels. */
export function squaringsFor(largest: number, shape: Triple): number {
  const start = Math.max(1, LARGEST_START * Math.max(...shape));
  return Math.min(Math.max(Math.ceil(Math.log2(largest / start)), 0), 10);
}

/** The size of a velocity's largest component, voxels. A plain loop: velocities are long. */
export function largestOf(velocity: Float32Array): number {
  let largest = 0;
  for (let n = 0; n < velocity.length; n++) largest = Math.max(largest, Math.abs(velocity[n]));
  return largest;
}

export function halfShape([i, j, k]: Triple): Triple {
  return [Math.ceil(i / 2), Math.ceil(j / 2), Math.ceil(k / 2)];
}

export function isSameShape(a: Triple, b: Triple): boolean {
  return a.every((length, axis) => length === b[axis]);
}
