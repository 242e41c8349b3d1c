import {HypermorphError} from '../../errors.js';
import type {Triple} from '../../geometry/triple.js';
import {halfShape, isSameShape, lanesFor} from '../../optimisers/refinement/level.js';
import {DOUBLE_FIELD, HALVE, MAKE_LEVEL_MEMORY} from '../../optimisers/refinement/operations.js';
import type {KernelRunner} from '../../kernels/voxel-operation.js';
import {halvedImages, type LevelImages} from './halved.js';
import {labelsOfLevels} from './level-labels.js';
import {fromPadded, isPlane, standing, standingAxes, toPadded} from './padded.js';
import type {PairLabels, RefinedVelocity, RefinementPair, RefinementStart} from './pair.js';
import {planLevels, stagesAfter, type LevelPlan} from './plan-levels.js';
import {RATES, refineLevel, type LevelOptions, type RefinementRecord} from './refine-level.js';

export interface RefineOptions extends Pick<
  LevelOptions,
  'lambda' | 'engine' | 'similarity' | 'window' | 'signal'
> {
  /** Most resolutions, the pair's own included. */
  readonly levels?: number;
  /** Most steps at each resolution; 0 returns the start. */
  readonly iterations?: number;
  /** Where to start, at the coarsest velocity or, if it is close, at one as fine as it; null: from no displacement. */
  readonly start?: RefinementStart | null;
  readonly onProgress?: ((progress: RefinementProgress) => void) | undefined;
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
  const plan = stagesOf(pair, upright.shape, options);
  const images = buildPyramid(upright, plan, engine);
  const labels = labelsOfLevels(upright.labels, images, plan, engine);
  let velocity = startOf(options.start ?? null, plan[0], isPlane(pair.shape), engine);
  const memory = engine.run(
    MAKE_LEVEL_MEMORY,
    plan.map(({halvings, velocityShape}) => ({shape: images[halvings].shape, velocityShape})),
  );
  const records: RefinementRecord[] = [];
  for (const [number, level] of plan.entries()) {
    if (number > 0 && !isSameShape(plan[number - 1].velocityShape, level.velocityShape))
      velocity = engine.run(DOUBLE_FIELD, velocity, level.velocityShape);
    const done = await refineLevel(images[level.halvings], level, velocity, {
      ...options,
      memory,
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

/** All stages, or those that a start leaves to do. */
function stagesOf(
  {shape}: RefinementPair,
  upright: Triple,
  {start = null, ...options}: RefineOptions,
): readonly LevelPlan[] {
  const stages = planLevels(upright, options);
  if (start?.isClose !== true) return stages;
  return stagesAfter(standingAxes(start.shape, isPlane(shape)), stages);
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
  start: RefinementStart | null,
  coarsest: LevelPlan,
  isFlat: boolean,
  engine: KernelRunner,
): Float32Array {
  const [i, j, k] = coarsest.velocityShape;
  if (start === null) return new Float32Array(4 * i * j * k);
  let {data, shape} = toPadded(start, isFlat);
  const finer = halvesDownTo(shape, coarsest.velocityShape);
  if (finer !== null) {
    for (const next of finer) data = engine.run(DOUBLE_FIELD, data, next);
    return data;
  }
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

/** The shapes between one and a larger one of which it is a half of halves, coarsest first, with the larger; null where it is none. */
function halvesDownTo(coarse: Triple, fine: Triple): Triple[] | null {
  const shapes: Triple[] = [];
  for (let shape = fine; !isSameShape(shape, coarse); shape = halfShape(shape)) {
    if (shape.every((length, axis) => length <= coarse[axis])) return null;
    shapes.unshift(shape);
  }
  return shapes;
}

/** A padded velocity on the grid of half the resolution, in its voxels. */
function halveVelocity(velocity: Float32Array, shape: Triple, engine: KernelRunner): Float32Array {
  const halves = engine.run(HALVE, velocity, shape, 4);
  for (let n = 0; n < halves.length; n++) halves[n] /= 2;
  return halves;
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
