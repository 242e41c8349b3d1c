import {countVoxels} from '../../geometry/grid.js';
import type {Triple} from '../../geometry/triple.js';
import {halfShape} from '../../optimisers/refinement/level.js';

/** One stage of a refinement: images at one resolution, and a velocity at theirs or at half of it. */
export interface LevelPlan {
  /** How often the pair is halved. */
  readonly halvings: number;
  readonly velocityShape: Triple;
  /** Voxels of the level's images along a voxel of its velocity. */
  readonly factor: 1 | 2;
  /** Most steps. */
  readonly iterations: number;
}

/** A level has at least this many voxels along every axis. */
export const SHORTEST_AXIS = 12;
const MOST_LEVELS = 4;
/** Larger images have no velocity of their own resolution, but of half of it: it would take more memory than a laptop spares. */
export const MOST_VELOCITY_VOXELS = 8e6;
/** Larger images take fewer steps at their two finest resolutions: each costs most there, and coarser ones have left less to do. */
const LARGE_VOXELS = 2e6;
/** Most steps by the number of halvings: of a velocity of half the images' resolution, and then of one of their own. */
const STEPS = [
  {half: 8, own: 4},
  {half: 20, own: 10},
  {half: 20, own: 20},
  {half: 20, own: 20},
] as const;
const STEPS_OF_LARGE = [{half: 4, own: 4}, {half: 14, own: 7}, ...STEPS.slice(2)] as const;
/** Of a velocity that stays at half the resolution. */
const LAST_HALF_STEPS = 20;

/**
 * The stages that are left from a velocity that is right but for what is finer: from the finest images for which one as coarse is refined. Both
 * stages of the finest images always are.
 */
export function stagesAfter(
  velocityShape: Triple,
  stages: readonly LevelPlan[],
): readonly LevelPlan[] {
  const isAsCoarse = (stage: LevelPlan) =>
    stage.velocityShape.every((length, axis) => length <= velocityShape[axis]);
  const last = stages.filter(isAsCoarse).length - 1;
  return stages.slice(Math.max(0, Math.min(last, stages.length - 2)));
}

/**
 * Stages from coarse to fine. At each resolution of the images the velocity has half of it first, as at the one before: what finer images
 * ask of a coarse velocity costs little, and leaves less to the fine one.
 */
export function planLevels(
  shape: Triple,
  {levels = MOST_LEVELS, iterations}: {readonly levels?: number; readonly iterations?: number},
): LevelPlan[] {
  const shapes = [shape];
  while (shapes.length < Math.min(levels, MOST_LEVELS)) {
    const next = halfShape(shapes[shapes.length - 1]);
    if (next.some((length, axis) => length < SHORTEST_AXIS && shape[axis] > 1)) break;
    shapes.push(next);
  }
  const most = (steps: number) => Math.min(steps, iterations ?? Infinity);
  const stepsOf = countVoxels(shape) > LARGE_VOXELS ? STEPS_OF_LARGE : STEPS;
  return shapes
    .flatMap((size, halvings): LevelPlan[] => {
      const endsAtHalf = countVoxels(size) > MOST_VELOCITY_VOXELS;
      const {half, own} = stepsOf[halvings];
      const last = {halvings, velocityShape: size, factor: 1, iterations: most(own)} as const;
      const first = {halvings, velocityShape: halfShape(size), factor: 2} as const;
      if (endsAtHalf) return [{...first, iterations: most(LAST_HALF_STEPS)}];
      return [last, {...first, iterations: most(half)}];
    })
    .filter((stage, n) => stage.iterations > 0 || n === 0)
    .reverse();
}
