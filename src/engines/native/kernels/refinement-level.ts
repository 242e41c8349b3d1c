import {countVoxels} from '../../../geometry/grid.js';
import {
  REFINEMENT_ADAM,
  lanesFor,
  largestOf,
  squaringsFor,
  type LevelFigures,
  type LevelLabels,
  type LevelProblem,
  type LevelShapes,
  type RefinementLevel,
} from '../../../optimisers/refinement/level.js';
import type {LevelMemory} from '../../../optimisers/refinement/level-memory.js';
import type {NativeAddon} from '../addon.js';

/** What every similarity term takes: scale, fixed, moved, weights, slopes (in place), value. */
type TermArguments = readonly [
  scale: number,
  fixed: Float32Array,
  moved: Float32Array,
  weights: Float32Array,
  slopes: Float32Array,
  value: Float64Array,
];

declare module '../addon.js' {
  /** What this file calls, as src/native/kernels/refine.h says: sizes come first; the last array is filled, inputs are not kept. */
  interface NativeAddon {
    integrateFieldGradient(
      size: Int32Array,
      steps: number,
      stack: Float32Array,
      gradient: Float32Array,
      spare: Float32Array,
    ): void;
    warpSlopes(
      size: Int32Array,
      fieldSize: Int32Array,
      image: Float32Array,
      displacement: Float32Array,
      weight: Float32Array | null,
      mask: Float32Array | null,
      moved: Float32Array,
      slopes: Float32Array,
      weights: Float32Array,
    ): void;
    fixedMoments(
      size: Int32Array,
      radius: number,
      fixed: Float32Array,
      moments: Float32Array,
    ): void;
    correlationTerm(
      size: Int32Array,
      radius: number,
      bound: number,
      moments: Float32Array,
      shares: Float32Array,
      ...term: TermArguments
    ): void;
    squaredErrorTerm(size: Int32Array, ...term: TermArguments): void;
    informationTerm(size: Int32Array, ...term: TermArguments): void;
    /** `ofCells`: 1 for the marks of cells, 0 for those of voxels. */
    markLabels(
      size: Int32Array,
      lanes: number,
      ofCells: number,
      memberships: Float32Array,
      marks: Float32Array,
    ): void;
    /** `lanes`: numbers of a voxel of the memberships; `value`: one number for each. */
    overlapTerm(
      size: Int32Array,
      fieldSize: Int32Array,
      lanes: number,
      scale: number,
      fixed: Float32Array,
      moving: Float32Array,
      fixedMarks: Float32Array,
      movingMarks: Float32Array,
      weight: Float32Array | null,
      mask: Float32Array | null,
      displacement: Float32Array,
      pull: Float32Array | null,
      value: Float64Array,
    ): void;
    collectSlopes(
      size: Int32Array,
      fieldSize: Int32Array,
      slopes: Float32Array,
      pull: Float32Array | null,
      gradient: Float32Array,
    ): void;
    /** `weights`: nine, by axis and component; `found`: one number. */
    measureRoughness(
      size: Int32Array,
      weights: Float64Array,
      velocity: Float32Array,
      found: Float64Array,
    ): void;
    /** `numbers`: rate, epsilon, beta1, beta2, the corrections of both, nine weights by axis and component. */
    descend(
      size: Int32Array,
      numbers: Float64Array,
      velocity: Float32Array,
      gradient: Float32Array,
      first: Float32Array,
      second: Float32Array,
      found: Float64Array,
    ): void;
  }
}

/** Squarings for which a level has room; more of them get a stack of their own. */
const USUAL_SQUARINGS = 5;

/** Floats of a level's arrays, for so many squarings. */
export function floatsOf({shape, velocityShape}: LevelShapes): number {
  const voxels = countVoxels(shape);
  const fieldVoxels = countVoxels(velocityShape);
  const {moments, moved, weights, slopes, spare} = sizesOf(voxels, 4 * fieldVoxels);
  const marks = 2 * fieldVoxels;
  const fields = 4 * fieldVoxels * (2 + USUAL_SQUARINGS + 1);
  return moments + moved + weights + slopes + spare + marks + fields;
}

function sizesOf(voxels: number, floats: number) {
  return {
    moments: 2 * voxels,
    moved: voxels,
    weights: voxels,
    slopes: 3 * voxels,
    spare: Math.max(floats, 3 * voxels),
  };
}

/** All memory of a level is taken once; a step is a handful of native calls. */
export class NativeLevel implements RefinementLevel {
  readonly #addon: NativeAddon;
  readonly #problem: LevelProblem;
  readonly #memory: LevelMemory;
  readonly #size: Int32Array;
  readonly #fieldSize: Int32Array;
  readonly #moments: Float32Array;
  readonly #moved: Float32Array;
  readonly #weights: Float32Array;
  /** A field that the gradient of the integral needs, and before it the pull of the labels, and the shares of the correlation. */
  readonly #spare: Float32Array;
  /** Of the moved image, and then of the objective. */
  readonly #slopes: Float32Array;
  /** Where the labels of the fixed image, and of cells of the moving one, are anything but background; null without labels. */
  readonly #marks: {readonly fixed: Float32Array; readonly moving: Float32Array} | null;
  readonly #first: Float32Array;
  readonly #second: Float32Array;
  readonly #velocity: Float32Array;
  /** One more field than squarings; the last one is the displacement, and then the gradient. */
  #stack: Float32Array = new Float32Array(0);
  #gradient: Float32Array = new Float32Array(0);
  #step = 0;
  #largest: number;

  /** @param memory - No one else's while the level is open. */
  constructor(addon: NativeAddon, problem: LevelProblem, memory: LevelMemory) {
    const floats = problem.velocity.length;
    const sizes = sizesOf(problem.fixed.length, floats);
    this.#addon = addon;
    this.#problem = problem;
    this.#memory = memory;
    this.#size = Int32Array.from(problem.shape);
    this.#fieldSize = Int32Array.from(problem.velocityShape);
    this.#moments = memory.take(sizes.moments);
    this.#moved = memory.take(sizes.moved);
    this.#weights = memory.take(sizes.weights);
    this.#slopes = memory.take(sizes.slopes);
    this.#spare = memory.take(sizes.spare);
    this.#first = memory.take(floats).fill(0);
    this.#second = memory.take(floats).fill(0);
    this.#velocity = Float32Array.from(problem.velocity);
    this.#largest = largestOf(problem.velocity);
    this.#marks = problem.labels && this.#markLabels(problem.labels);
    if (problem.similarity === 'lncc')
      addon.fixedMoments(this.#size, problem.radius, problem.fixed, this.#moments);
  }

  velocity(): Float32Array {
    return this.#velocity;
  }

  gradient(): Float32Array {
    return this.#gradient;
  }

  measure(): LevelFigures {
    const {similarity, displacement} = this.#compare();
    const overlap = this.#overlap(displacement, null);
    const found = new Float64Array(1);
    const weights = Float64Array.from(this.#problem.roughnessWeights);
    this.#addon.measureRoughness(this.#fieldSize, weights, this.#velocity, found);
    return {similarity, overlap, roughness: found[0]};
  }

  iterate(rate: number): LevelFigures {
    const {similarity, squarings, displacement} = this.#compare();
    const pull = this.#spare.subarray(0, displacement.length);
    const overlap = this.#overlap(displacement, pull);
    this.#gradient = displacement; // which is needed no more
    this.#addon.collectSlopes(
      this.#size,
      this.#fieldSize,
      this.#slopes,
      overlap === null ? null : pull,
      this.#gradient,
    );
    this.#addon.integrateFieldGradient(
      this.#fieldSize,
      squarings,
      this.#stack,
      this.#gradient,
      this.#spare,
    );
    return {similarity, overlap, roughness: this.#descend(rate)};
  }

  /** Integrates, warps, and compares; the slopes are then those of the objective by the displacement on the image's grid. */
  #compare() {
    const {fixedMask, movingMask, moving} = this.#problem;
    const squarings = squaringsFor(this.#largest, this.#problem.velocityShape);
    const floats = this.#velocity.length;
    if (this.#stack.length < (squarings + 1) * floats)
      this.#stack = this.#memory.takeRest((squarings + 1) * floats);
    this.#addon.integrateField(this.#fieldSize, squarings, this.#velocity, this.#stack);
    const displacement = this.#stack.subarray(squarings * floats, (squarings + 1) * floats);
    this.#addon.warpSlopes(
      this.#size,
      this.#fieldSize,
      moving,
      displacement,
      fixedMask,
      movingMask,
      this.#moved,
      this.#slopes,
      this.#weights,
    );
    return {similarity: this.#pull(), squarings, displacement};
  }

  /** The mean overlap of the labels, null without any, and what it pulls at the displacement. */
  #overlap(displacement: Float32Array, pull: Float32Array | null): number | null {
    const {labels, similarityWeight} = this.#problem;
    if (labels === null) return null;
    const marks = this.#marks!;
    const {shape, count, fixed, moving, fixedMask, movingMask} = labels;
    const values = new Float64Array(lanesFor(count));
    this.#addon.overlapTerm(
      Int32Array.from(shape),
      this.#fieldSize,
      values.length,
      (-similarityWeight * labels.weight) / count,
      fixed,
      moving,
      marks.fixed,
      marks.moving,
      fixedMask,
      movingMask,
      displacement,
      pull,
      values,
    );
    return values.reduce((sum, value) => sum + value, 0) / count;
  }

  #markLabels({shape, count, fixed, moving}: LevelLabels) {
    const mark = (memberships: Float32Array, ofCells: number) => {
      const marks = this.#memory.take(countVoxels(shape));
      this.#addon.markLabels(Int32Array.from(shape), lanesFor(count), ofCells, memberships, marks);
      return marks;
    };
    return {fixed: mark(fixed, 0), moving: mark(moving, 1)};
  }

  dispose(): void {
    this.#memory.clear();
  }

  /** Turns the slopes of the image into those of the objective; returns the similarity. */
  #pull(): number {
    const {similarity, radius, bound, similarityWeight, fixed, labels} = this.#problem;
    const sign = similarity === 'mse' ? 1 : -1;
    const weight = similarityWeight * (1 - (labels?.weight ?? 0));
    const scale = (sign * weight) / this.#moved.length;
    const value = new Float64Array(1);
    const term = [scale, fixed, this.#moved, this.#weights, this.#slopes, value] as const;
    if (similarity === 'lncc') {
      const own = [radius, bound, this.#moments, this.#spare] as const;
      this.#addon.correlationTerm(this.#size, ...own, ...term);
    } else if (similarity === 'mse') {
      this.#addon.squaredErrorTerm(this.#size, ...term);
    } else {
      this.#addon.informationTerm(this.#size, ...term);
    }
    return similarity === 'mse' ? -value[0] : value[0];
  }

  #descend(rate: number): number {
    const {beta1, beta2, epsilon} = REFINEMENT_ADAM;
    this.#step++;
    const numbers = Float64Array.of(
      rate,
      epsilon / countVoxels(this.#problem.velocityShape),
      beta1,
      beta2,
      1 / (1 - beta1 ** this.#step),
      1 / (1 - beta2 ** this.#step),
      ...this.#problem.roughnessWeights,
    );
    const found = new Float64Array(2);
    this.#addon.descend(
      this.#fieldSize,
      numbers,
      this.#velocity,
      this.#gradient,
      this.#first,
      this.#second,
      found,
    );
    this.#largest = found[1];
    return found[0];
  }
}
