import type {Affine} from '../../geometry/affine.js';
import {mapTriple, type Triple} from '../../geometry/triple.js';
import type {KernelRunner} from '../../kernels/voxel-operation.js';
import {basisOf, distanceOverBody, type Body, type MotionKind} from './motion.js';
import {misfitOf, optimise, type LevelPair, type Misfit} from './optimise.js';
import {planeOf, type Plane} from './plane.js';
import {thinned, type Level} from './pyramid.js';
import {SCALES, variantsOf, type Start} from './starts.js';

/** An alignment, where its search began, and how well it does. */
export interface Candidate {
  readonly affine: Affine;
  readonly start: Start;
  readonly misfit: Misfit;
}

/** Of all turned and scaled starts, those whose alignment is improved at the coarsest level. */
const IMPROVED = 16;
/** From the coarsest level on: how many blocks of each image tell candidates apart, and how often each candidate may be judged. */
const BLOCKS = [48, 400, 300, 300];
const EVALUATIONS = [10, 12, 15, 20];
/** Candidates that go on from each level to the next one. */
const KEPT = [8, 4, 2];
/** Candidates that are improved by all blocks of the finest level in the end, and how often each may be judged. */
const FINISHED = 2;
const LAST_EVALUATIONS = 10;
/** A step that moves the body by less than this share of the level's voxels ends a level. */
const SMALLEST_STEP = 0.02;

export interface SearchOptions {
  readonly kind: MotionKind;
  readonly body: Body;
  readonly engine: KernelRunner;
  /** Called before each level; may wait or throw. */
  readonly beforeLevel?: (finished: number, total: number) => Promise<void>;
}

/**
 * Search from coarse to fine: every start turned and scaled at the coarsest level, the best of them at the next ones.
 *
 * @param levels - Coarsest first.
 * @returns The best one.
 */
export async function searchAlignment(
  levels: readonly LevelPair[],
  starts: readonly Start[],
  options: SearchOptions,
): Promise<Candidate> {
  const plane = planeOf(levels[0].fixed) === null ? null : planeOf(levels[0].moving);
  const searched = levels.map((pair, n) => thinnedPair(pair, BLOCKS[n]));
  let candidates = turnedStarts(searched[0], starts, {...options, plane});
  for (const [n, pair] of searched.entries()) {
    await options.beforeLevel?.(n, levels.length);
    // What shears and stretches comes once the rest is in place.
    const isCoarse = n < levels.length - 2;
    const kind = isCoarse && options.kind === 'affine' ? 'similarity' : options.kind;
    const found = improve(candidates, pair, {...options, kind, plane, evaluations: EVALUATIONS[n]});
    const kept = n === levels.length - 1 ? FINISHED : KEPT[n];
    candidates = distinct(found, spacingOf(pair), options.body).slice(0, kept);
  }
  const finest = levels[levels.length - 1];
  return improve(candidates, finest, {...options, plane, evaluations: LAST_EVALUATIONS})[0];
}

/** The candidates, each moved to where this level sees it best; the best one first. */
function improve(
  candidates: readonly Candidate[],
  pair: LevelPair,
  options: SearchOptions & {readonly plane: Plane | null; readonly evaluations: number},
): Candidate[] {
  const basis = basisOf(options.kind, options.plane);
  const mostEvaluations = options.evaluations;
  const smallestStepMm = SMALLEST_STEP * spacingOf(pair);
  return candidates
    .map(({affine, start}): Candidate => {
      return {
        start,
        ...optimise(pair, affine, {...options, basis, mostEvaluations, smallestStepMm}),
      };
    })
    .sort(byExplained);
}

/** mm. */
function spacingOf({fixed}: LevelPair): number {
  return Math.min(...fixed.affine.spacing);
}

function thinnedPair({fixed, moving}: LevelPair, most: number): LevelPair {
  return {fixed: thinned(fixed, most), moving: thinned(moving, most)};
}

/** The best of all starts, turned and scaled, as the coarsest level sees them. */
function turnedStarts(
  pair: LevelPair,
  starts: readonly Start[],
  options: SearchOptions & {readonly plane: Plane | null},
): readonly Candidate[] {
  const {centre} = bodyOf(pair.fixed);
  const scales = options.kind === 'rigid' ? [1] : SCALES;
  return starts
    .flatMap((start) =>
      variantsOf(start, centre, {plane: options.plane, scales}).map((affine): Candidate => {
        return {affine, start, misfit: misfitOf(pair, affine, options.body, options.engine)};
      }),
    )
    .sort(byExplained)
    .slice(0, IMPROVED);
}

function byExplained(a: Candidate, b: Candidate): number {
  return explained(b.misfit) - explained(a.misfit);
}

/** How much of both images the other one explains, 0 to 1: what candidates are ranked by, so that a small overlap is no advantage. */
export function explained({mean, overlap}: Misfit): number {
  return (1 - mean) * Math.sqrt(overlap);
}

/** Without those that lie within a voxel of a better one. */
function distinct(sorted: readonly Candidate[], spacing: number, body: Body): Candidate[] {
  const kept: Candidate[] = [];
  for (const candidate of sorted) {
    if (kept.every(({affine}) => distanceOverBody(affine, candidate.affine, body) > spacing)) {
      kept.push(candidate);
    }
  }
  return kept;
}

/** The body that the blocks with something in them make up: their centroid, and their root mean square distance from it. */
export function bodyOf(level: Level): Body {
  const points = Array.from(level.blocks, (first) => blockCentre(level, first));
  const mean = (value: (point: Triple) => number) =>
    points.reduce((sum, point) => sum + value(point), 0) / points.length;
  const centre: Triple = [mean(([x]) => x), mean(([, y]) => y), mean(([, , z]) => z)];
  const squares = mean((point) => squaredDistance(point, centre));
  return {centre, radius: Math.sqrt(squares)};
}

/** RAS mm. */
function blockCentre({shape, blockShape, affine}: Level, first: number): Triple {
  const voxel: Triple = [
    first % shape[0],
    Math.floor(first / shape[0]) % shape[1],
    Math.floor(first / (shape[0] * shape[1])),
  ];
  return affine.apply(mapTriple(voxel, (n, axis) => n + (blockShape[axis] - 1) / 2));
}

function squaredDistance(a: Triple, b: Triple): number {
  return (a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2 + (a[2] - b[2]) ** 2;
}
