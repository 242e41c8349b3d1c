import {HypermorphError} from '../../errors.js';
import type {Triple} from '../../geometry/triple.js';
import type {KernelRunner} from '../../kernels/voxel-operation.js';
import {
  fitOf,
  type LevelFigures,
  type LevelLabels,
  type LevelProblem,
  type RefinementLevel,
  type RefinementSimilarity,
} from '../../optimisers/refinement/level.js';
import type {LevelMemory} from '../../optimisers/refinement/level-memory.js';
import {OPEN_LEVEL} from '../../optimisers/refinement/operations.js';
import type {LevelImages} from './halved.js';
import type {LevelPlan} from './plan-levels.js';

/** How one level is refined. */
export interface LevelOptions {
  /** Weight of the smoothness, 0 to 1, as in the network's objective. */
  readonly lambda: number;
  readonly engine: KernelRunner;
  /** In which levels compute, one after the other. */
  readonly memory: LevelMemory;
  readonly similarity?: RefinementSimilarity;
  /** Length of an LNCC window, voxels: 3, 5, 7 or 9. */
  readonly window?: number;
  readonly signal?: AbortSignal | undefined;
  /** Whether no level went before. */
  readonly isFirst: boolean;
  readonly labels: LevelLabels | null;
  /** Of the pair's grid, mm. */
  readonly spacing: Triple;
  /** Told the number of steps done, of all rates. */
  readonly report: (iteration: number) => void;
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
export const RATES = [
  {first: 0.5, last: 0.18},
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
 * Optimise the velocity at one resolution, from what was found before, or from no displacement where that is better. Where nothing is
 * better than the start, the start is returned.
 *
 * @param found - The padded velocity of the level, [I, J, K, 4]. Not modified; may be what is returned.
 * @throws {HypermorphError} E_INTERRUPTED, between two steps.
 */
export async function refineLevel(
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
  const {steps, figures, isFlat, isBetter, velocity} = await bestOfRates(
    {...problem, velocity: start},
    {...options, most: plan.iterations},
  );
  const [first, last] = [figures[0], figures[figures.length - 1]];
  const kept = isBetter ? last : first;
  return {
    velocity: isBetter ? velocity : start,
    record: {
      shape: images.shape,
      velocityShape: plan.velocityShape,
      iterations: steps,
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

/** The lowest end of the rates that had to be tried, and the steps of all of them. */
async function bestOfRates(
  problem: LevelProblem,
  options: Omit<DescentOptions, 'rates'>,
): Promise<Attempt & {readonly steps: number}> {
  const attempts: Attempt[] = [];
  for (const rates of RATES) {
    const before = attempts.length * options.most;
    const report = (step: number) => options.report(before + step);
    const tried = await attempt(problem, {...options, rates, report});
    attempts.push(tried);
    if (tried.isBetter && tried.growth <= SUSPICIOUS_GROWTH) break;
  }
  const best = attempts.reduce((lowest, other) =>
    other.objective < lowest.objective ? other : lowest,
  );
  return {...best, steps: attempts.reduce((sum, {figures}) => sum + figures.length - 1, 0)};
}

async function attempt(problem: LevelProblem, options: DescentOptions): Promise<Attempt> {
  const level = options.engine.run(OPEN_LEVEL, problem, options.memory);
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
    const level = options.engine.run(OPEN_LEVEL, {...problem, velocity}, options.memory);
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
