import {HypermorphError} from '../../errors.js';
import type {Triple} from '../../geometry/triple.js';
import {
  fitOf,
  halfShape,
  isSameShape,
  lanesFor,
  type LevelFigures,
  type LevelLabels,
  type LevelProblem,
  type RefinementLevel,
  type RefinementSimilarity,
} from '../../optimisers/refinement/level.js';
import {DOUBLE_FIELD, HALVE, OPEN_LEVEL} from '../../optimisers/refinement/operations.js';
import type {KernelRunner} from '../../kernels/voxel-operation.js';
import {halvedImages, type LevelImages} from './halved.js';
import {labelsOfLevels} from './level-labels.js';
import {fromPadded, isPlane, standing, toPadded} from './padded.js';
import type {PairLabels, RefinedVelocity, RefinementPair} from './pair.js';
import {planLevels, type LevelPlan} from './plan-levels.js';

export interface RefineOptions {
  /** Weight of the smoothness, 0 to 1, as in the network's objective. */
  readonly lambda: number;
  readonly engine: KernelRunner;
  readonly similarity?: RefinementSimilarity;
  /** Length of an LNCC window, voxels: 3, 5, 7 or 9. */
  readonly window?: number;
  /** Most resolutions, the pair's own included. */
  readonly levels?: number;
  /** Most steps at each resolution; 0 returns the start. */
  readonly iterations?: number;
  /** Where to start; null: from no displacement. */
  readonly start?: RefinedVelocity | null;
  readonly onProgress?: ((progress: RefinementProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface RefinementProgress {
  readonly level: number;
  readonly levels: number;
  readonly iteration: number;
  readonly iterations: number;
}

export interface Refinement {
  readonly velocity: RefinedVelocity;
  /** From coarse to fine. */
  readonly levels: readonly RefinementRecord[];
}

/** What one level did. */
export interface RefinementRecord {
  readonly shape: Triple;
  readonly velocityShape: Triple;
  readonly iterations: number;
  /** The similarity at the level's start and end, larger is better. */
  readonly similarityBefore: number;
  readonly similarityAfter: number;
  /** Mean overlap of the labels at the end, 0 to 1; absent where none are known. */
  readonly overlapAfter?: number;
  /** Mean squared derivative of the velocity at the end. */
  readonly smoothnessAfter: number;
  /** What the level minimised, at the end. */
  readonly objectiveAfter: number;
  /** `flat`: the objective no longer fell; `cap`: all steps were used; `start`: nothing was better than the level's start. */
  readonly stopped: 'flat' | 'cap' | 'start';
}

/** Defaults of a refinement; chosen on painted brains only, so not yet with real scans in view (docs/accuracy.md). */
export const REFINEMENT_DEFAULTS = {similarity: 'lncc', window: 5} as const;

/**
 * What the smoothness counts in the objective. The networks are trained with the factor of the original, the resolution of its velocity
 * (2), so that lambda means the same here.
 */
const SMOOTHNESS_SCALE = 2;
/** Standard deviation inside a window, of the intensity range, below which LNCC sees noise rather than anatomy. */
const SMALLEST_DEVIATION = 0.01;
/**
 * First and last rate of Adam, voxels; where the first of them leads astray, as where little is left to do, or into a much rougher
 * velocity, the second is tried.
 */
const RATES = [
  {first: 0.5, last: 0.1},
  {first: 0.1, last: 0.02},
] as const;
/**
 * A velocity that the first rates leave this many times rougher may follow noise, and the second are tried as well: brains and
 * hippocampi double at their finest velocity, a noisy lung triples, and the second rates end lower there.
 */
const SUSPICIOUS_GROWTH = 2.5;
/** A level ends when the lowest objective fell by no more than this, of what it fell in all, over so many steps. */
const FLAT = {steps: 12, share: 0.01} as const;

/**
 * Optimise a stationary velocity on one pair, coarse to fine.
 *
 * Minimises (1 - lambda) · -fit(fixed, moving o exp(v)) + lambda · 2 · smoothness(v) by Adam at a falling rate, where fit is the
 * similarity, or with labels (1 - weight) · similarity + weight · overlap, and smoothness is
 * the mean over axes of the mean squared derivative: differences are taken in mm over mm, so lambda means the same at every resolution
 * and for voxels of any form. The gradient is exact, through scaling and squaring. A level whose result is no better than its start
 * returns its start.
 *
 * @throws {HypermorphError} E_SHAPE if an axis (but the third of a plane) has fewer than 4 voxels or the arrays do not fit; E_RANGE for a
 *   lambda outside 0 to 1 or a window that is not 3, 5, 7 or 9; E_INTERRUPTED.
 * @see Hoopes et al., IPMI 2021, equation 2 (objective); Ashburner, NeuroImage 2007 (stationary velocity optimised on the pair);
 *   Siebert et al., 2021 (Adam on a pair after a coarse start).
 */
export async function refineVelocity(
  pair: RefinementPair,
  options: RefineOptions,
): Promise<Refinement> {
  requirePair(pair, options);
  const {engine} = options;
  const upright = standing(pair);
  const plan = planLevels(upright.shape, options);
  const images = buildPyramid(upright, plan, engine);
  const labels = labelsOfLevels(upright.labels, images, plan, engine);
  let velocity = startOf(options.start ?? null, plan[0], isPlane(pair.shape), engine);
  const records: RefinementRecord[] = [];
  for (const [number, level] of plan.entries()) {
    if (number > 0 && !isSameShape(plan[number - 1].velocityShape, level.velocityShape))
      velocity = engine.run(DOUBLE_FIELD, velocity, level.velocityShape);
    const done = await refineLevel(images[level.halvings], level, velocity, {
      ...options,
      spacing: upright.spacing,
      isFirst: number === 0,
      labels: labels[number],
      report: (iteration) => {
        const iterations = RATES.length * level.iterations;
        options.onProgress?.({level: number, levels: plan.length, iteration, iterations});
      },
    });
    velocity = done.velocity;
    records.push(done.record);
  }
  const {velocityShape, factor} = plan[plan.length - 1];
  return {
    velocity: {...fromPadded(velocity, velocityShape, isPlane(pair.shape)), factor},
    levels: records,
  };
}

/** The pair and its halves, finest first. */
function buildPyramid(
  pair: ReturnType<typeof standing>,
  plan: readonly LevelPlan[],
  engine: KernelRunner,
): LevelImages[] {
  const images: LevelImages[] = [pair];
  for (let halvings = 1; halvings <= plan[0].halvings; halvings++) {
    images.push(halvedImages(images[halvings - 1], engine));
  }
  return images;
}

/** The start on the coarsest velocity grid, padded. */
function startOf(
  start: RefinedVelocity | null,
  coarsest: LevelPlan,
  isFlat: boolean,
  engine: KernelRunner,
): Float32Array {
  const [i, j, k] = coarsest.velocityShape;
  if (start === null) return new Float32Array(4 * i * j * k);
  let {data, shape} = toPadded(start, isFlat);
  while (!isSameShape(shape, coarsest.velocityShape)) {
    if (shape[2] < coarsest.velocityShape[2]) {
      throw new HypermorphError(
        'E_SHAPE',
        `refineVelocity: the start must lie on the pair's grid or on halves of it, got ${start.shape.join('x')}.`,
      );
    }
    data = halveVelocity(data, shape, engine);
    shape = halfShape(shape);
  }
  return data;
}

/** A padded velocity on the grid of half the resolution, in its voxels. */
function halveVelocity(velocity: Float32Array, shape: Triple, engine: KernelRunner): Float32Array {
  const halves = engine.run(HALVE, velocity, shape, 4);
  for (let n = 0; n < halves.length; n++) halves[n] /= 2;
  return halves;
}

interface LevelOptions extends RefineOptions {
  readonly isFirst: boolean;
  readonly labels: LevelLabels | null;
  readonly spacing: Triple;
  readonly report: (iteration: number) => void;
}

async function refineLevel(
  images: LevelImages,
  plan: LevelPlan,
  found: Float32Array,
  options: LevelOptions,
): Promise<{velocity: Float32Array; record: RefinementRecord}> {
  const {lambda, similarity = REFINEMENT_DEFAULTS.similarity} = options;
  const smoothnessWeight = lambda * SMOOTHNESS_SCALE;
  const radius = ((options.window ?? REFINEMENT_DEFAULTS.window) - 1) / 2;
  const windowVoxels = (2 * radius + 1) ** (images.shape[0] > 1 ? 3 : 2);
  const problem = {
    ...images,
    labels: options.labels,
    velocityShape: plan.velocityShape,
    similarity,
    radius,
    bound: windowVoxels * SMALLEST_DEVIATION ** 2,
    similarityWeight: 1 - lambda,
    roughnessWeights: roughnessWeights(plan.velocityShape, options.spacing).map(
      (weight) => smoothnessWeight * weight,
    ),
  };
  // At the finest level, which costs most, only what passed the one before is left.
  const isTested = plan.halvings > 0 || options.isFirst;
  const start = isTested ? betterStart(problem, found, options) : found;
  const attempts: Attempt[] = [];
  for (const rates of RATES) {
    const before = attempts.length * plan.iterations;
    const report = (step: number) => options.report(before + step);
    const most = plan.iterations;
    attempts.push(await attempt({...problem, velocity: start}, {...options, rates, most, report}));
    const {isBetter, growth} = attempts[attempts.length - 1];
    if (isBetter && growth <= SUSPICIOUS_GROWTH) break;
  }
  const {figures, isFlat, isBetter, velocity} = attempts.reduce((best, other) =>
    other.objective < best.objective ? other : best,
  );
  const [first, last] = [figures[0], figures[figures.length - 1]];
  const kept = isBetter ? last : first;
  return {
    velocity: isBetter ? velocity : start,
    record: {
      shape: images.shape,
      velocityShape: plan.velocityShape,
      iterations: attempts.reduce((sum, {figures: terms}) => sum + terms.length - 1, 0),
      similarityBefore: first.similarity,
      similarityAfter: kept.similarity,
      ...(kept.overlap !== null && {overlapAfter: kept.overlap}),
      smoothnessAfter: lambda > 0 ? kept.roughness / smoothnessWeight : 0,
      objectiveAfter: objective(kept, options),
      stopped: isBetter ? (isFlat ? 'flat' : 'cap') : 'start',
    },
  };
}

interface Descent {
  /** The terms before every step, and after the last. */
  readonly figures: readonly LevelFigures[];
  readonly isFlat: boolean;
}

interface Attempt extends Descent {
  /** At the end. */
  readonly objective: number;
  /** Whether the end is better than the start. */
  readonly isBetter: boolean;
  /** Roughness of the end over that of the start; 1 where the start has none. */
  readonly growth: number;
  /** Where it ended. */
  readonly velocity: Float32Array;
}

interface DescentOptions extends LevelOptions {
  readonly rates: Rates;
  /** Steps. */
  readonly most: number;
}

async function attempt(problem: LevelProblem, options: DescentOptions): Promise<Attempt> {
  const level = options.engine.run(OPEN_LEVEL, problem);
  try {
    const descent = await descend(level, options);
    const {figures} = descent;
    const [first, last] = [figures[0], figures[figures.length - 1]];
    const end = objective(last, options);
    return {
      ...descent,
      objective: end,
      isBetter: end < objective(first, options),
      growth: first.roughness > 0 ? last.roughness / first.roughness : 1,
      velocity: level.velocity(),
    };
  } finally {
    level.dispose();
  }
}

/**
 * What a coarser level or a network found, or no displacement where that is better at this level: in coarse windows different things
 * may look alike.
 */
function betterStart(
  problem: Omit<LevelProblem, 'velocity'>,
  found: Float32Array,
  options: LevelOptions,
): Float32Array {
  if (found.every((value) => value === 0)) return found;
  const still = new Float32Array(found.length);
  const [ofStill, ofFound] = [still, found].map((velocity) => {
    const level = options.engine.run(OPEN_LEVEL, {...problem, velocity});
    const figures = level.measure();
    level.dispose();
    return objective(figures, options);
  });
  return ofStill < ofFound ? still : found;
}

/** Steps until the objective is flat. */
async function descend(level: RefinementLevel, options: DescentOptions): Promise<Descent> {
  const {rates, most, report, signal} = options;
  const figures: LevelFigures[] = [];
  let isFlat = false;
  while (figures.length < most && !isFlat) {
    report(figures.length);
    await nextTurn();
    if (signal?.aborted === true)
      throw new HypermorphError('E_INTERRUPTED', 'refine: interrupted.');
    figures.push(level.iterate(rateAt(figures.length, most, rates)));
    // At the high rates of the first half the objective may rise before it falls.
    isFlat =
      2 * figures.length > most && hasFlattened(figures.map((terms) => objective(terms, options)));
  }
  figures.push(level.measure());
  return {figures, isFlat};
}

type Rates = (typeof RATES)[number];

function rateAt(step: number, steps: number, {first, last}: Rates): number {
  const course = steps > 1 ? step / (steps - 1) : 0;
  return last + ((first - last) * (1 + Math.cos(Math.PI * course))) / 2;
}

function hasFlattened(objectives: readonly number[]): boolean {
  if (objectives.length <= FLAT.steps) return false;
  const lowest = Math.min(...objectives);
  const before = Math.min(...objectives.slice(0, -FLAT.steps));
  return before - lowest <= FLAT.share * (objectives[0] - lowest);
}

function objective(
  figures: LevelFigures,
  {lambda, labels}: Pick<LevelOptions, 'lambda' | 'labels'>,
): number {
  return figures.roughness - (1 - lambda) * fitOf(figures, labels);
}

/** By axis, then component: the mean over axes of the mean squared derivative, mm per mm. */
function roughnessWeights(shape: Triple, spacing: Triple): number[] {
  const voxels = shape[0] * shape[1] * shape[2];
  const axes = shape.filter((length) => length > 1).length;
  return shape.flatMap((length, axis) => {
    const differences = (axes * voxels * (length - 1)) / length;
    return spacing.map((size) =>
      length > 1 ? (size / spacing[axis]) ** 2 / differences / axes : 0,
    );
  });
}

/** Lets a progress bar draw itself and an interruption arrive. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function requirePair(pair: RefinementPair, {lambda, window = 5}: RefineOptions): void {
  const {shape} = pair;
  const axes = isPlane(shape) ? shape.slice(0, 2) : shape;
  if (axes.some((length) => length < 4)) {
    throw new HypermorphError(
      'E_SHAPE',
      `refineVelocity: every axis must have at least 4 voxels, got ${shape.join('x')}.`,
    );
  }
  const voxels = shape[0] * shape[1] * shape[2];
  const {fixed, moving, fixedMask, movingMask, labels = null} = pair;
  for (const [name, image] of Object.entries({fixed, moving, fixedMask, movingMask})) {
    if (!image || image.length === voxels) continue;
    throw new HypermorphError(
      'E_SHAPE',
      `refineVelocity: ${name} must have ${voxels} voxels, got ${image.length}.`,
    );
  }
  if (labels !== null) requireLabels(labels, shape);
  if (!(lambda >= 0 && lambda <= 1)) {
    throw new HypermorphError('E_RANGE', `refineVelocity: lambda must be 0 to 1, got ${lambda}.`);
  }
  if (![3, 5, 7, 9].includes(window)) {
    throw new HypermorphError(
      'E_RANGE',
      `refineVelocity: window must be 3, 5, 7 or 9, got ${window}.`,
    );
  }
}

function requireLabels({shape, count, fixed, moving}: PairLabels, ofPair: Triple): void {
  let halved = ofPair;
  while (!isSameShape(halved, shape) && halved.some((length) => length > 1)) {
    halved = halfShape(halved);
  }
  const numbers = shape[0] * shape[1] * shape[2] * lanesFor(count);
  if (isSameShape(halved, shape) && fixed.length === numbers && moving.length === numbers) return;
  throw new HypermorphError(
    'E_SHAPE',
    `refineVelocity: labels must have ${lanesFor(count)} numbers for each voxel of ${ofPair.join('x')} or of halves of it, got ${fixed.length} and ${moving.length} for ${shape.join('x')}.`,
  );
}
