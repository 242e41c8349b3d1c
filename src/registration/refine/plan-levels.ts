import type {Triple} from '../../geometry/triple.js';
import {halfShape} from '../../optimisers/refinement/level.js';

/** One resolution of a refinement. */
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
/** Images with more voxels have a velocity of half their resolution: they gain little by a finer one, which costs most of the time. */
export const MOST_VELOCITY_VOXELS = 2e6;
/** Most steps by the number of halvings. */
const ITERATIONS = [20, 30, 40, 40] as const;

/** Resolutions from coarse to fine. */
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
  return shapes
    .map((size, halvings): LevelPlan => {
      const isLarge = size[0] * size[1] * size[2] > MOST_VELOCITY_VOXELS;
      return {
        halvings,
        velocityShape: isLarge ? halfShape(size) : size,
        factor: isLarge ? 2 : 1,
        iterations: Math.min(ITERATIONS[halvings], iterations ?? Infinity),
      };
    })
    .reverse();
}
