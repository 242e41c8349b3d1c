import type {Triple} from '../geometry/triple.js';
import {squaredDistances} from './distance-transform.js';

/** How far apart the surfaces of one label in two maps are, mm. */
export interface SurfaceDistance {
  /** The larger of the two 95th percentiles of the distances from one surface to the other. */
  readonly hd95Mm: number;
  /** The mean over all voxels of both surfaces of the distance to the other surface. */
  readonly assdMm: number;
}

/** A box of voxels: first index along each axis, and lengths. */
interface Box {
  readonly start: Triple;
  readonly shape: Triple;
}

/**
 * Distances between the surfaces of a label in two maps on one grid.
 *
 * The surface of a label is made of its voxels of which at least one of the six neighbours is another label or outside the
 * image, which for planes are four; distances are those between voxel centres. The percentile interpolates linearly between the sorted distances.
 *
 * @param spacing - mm along i, j, k; the axes are taken to be at right angles.
 * @returns Null where the label is absent from one of the maps.
 * @see Maier-Hein et al., Metrics reloaded, Nature Methods 21, 2024, for HD95 and ASSD.
 */
export function surfaceDistance(
  maps: readonly [ArrayLike<number>, ArrayLike<number>],
  label: number,
  {shape, spacing}: {readonly shape: Triple; readonly spacing: Triple},
): SurfaceDistance | null {
  const boxes = maps.map((map) => boxOf(map, label, shape));
  if (boxes[0] === null || boxes[1] === null) return null;
  const box = joinBoxes(boxes[0], boxes[1]);
  const surfaces = maps.map((map) => surfaceIn(map, label, shape, box));
  const squared = surfaces.map((surface) => squaredDistances(surface, box.shape, spacing));
  const there = distancesAt(surfaces[0], squared[1]);
  const back = distancesAt(surfaces[1], squared[0]);
  const sum = (values: Float64Array) => values.reduce((total, value) => total + value, 0);
  return {
    hd95Mm: Math.max(percentile(there, 95), percentile(back, 95)),
    assdMm: (sum(there) + sum(back)) / (there.length + back.length),
  };
}

/**
 * A percentile with linear interpolation between neighbouring ranks.
 *
 * @param values - Not empty; sorted in place.
 * @param percent - 0 to 100.
 */
export function percentile(values: Float64Array, percent: number): number {
  values.sort();
  const rank = (percent / 100) * (values.length - 1);
  const low = Math.floor(rank);
  const high = Math.min(low + 1, values.length - 1);
  return values[low] + (rank - low) * (values[high] - values[low]);
}

/** The smallest box that holds all voxels of a label; null where there is none. */
function boxOf(map: ArrayLike<number>, label: number, shape: Triple): Box | null {
  const first = [Infinity, Infinity, Infinity];
  const last = [-1, -1, -1];
  for (let k = 0, n = 0; k < shape[2]; k++) {
    for (let j = 0; j < shape[1]; j++) {
      for (let i = 0; i < shape[0]; i++, n++) {
        if (map[n] !== label) continue;
        if (i < first[0]) first[0] = i;
        if (i > last[0]) last[0] = i;
        if (j < first[1]) first[1] = j;
        if (j > last[1]) last[1] = j;
        if (k < first[2]) first[2] = k;
        last[2] = k;
      }
    }
  }
  if (last[0] < 0) return null;
  const length = (axis: number) => last[axis] - first[axis] + 1;
  return {start: [first[0], first[1], first[2]], shape: [length(0), length(1), length(2)]};
}

function joinBoxes(a: Box, b: Box): Box {
  const start = [0, 1, 2].map((axis) => Math.min(a.start[axis], b.start[axis]));
  const length = (axis: number) =>
    Math.max(a.start[axis] + a.shape[axis], b.start[axis] + b.shape[axis]) - start[axis];
  return {start: [start[0], start[1], start[2]], shape: [length(0), length(1), length(2)]};
}

/** 1 for the voxels of a label's surface, in a box around it. */
function surfaceIn(map: ArrayLike<number>, label: number, shape: Triple, box: Box): Uint8Array {
  const surface = new Uint8Array(box.shape[0] * box.shape[1] * box.shape[2]);
  const [stepJ, stepK] = [shape[0], shape[0] * shape[1]];
  const isBetween = (n: number, step: number, at: number, length: number) =>
    length === 1 ||
    (at > 0 && at < length - 1 && map[n - step] === label && map[n + step] === label);
  let target = 0;
  for (let k = box.start[2]; k < box.start[2] + box.shape[2]; k++) {
    for (let j = box.start[1]; j < box.start[1] + box.shape[1]; j++) {
      for (let i = box.start[0]; i < box.start[0] + box.shape[0]; i++, target++) {
        const n = i + j * stepJ + k * stepK;
        if (map[n] !== label) continue;
        const isInner =
          isBetween(n, 1, i, shape[0]) &&
          isBetween(n, stepJ, j, shape[1]) &&
          isBetween(n, stepK, k, shape[2]);
        if (!isInner) surface[target] = 1;
      }
    }
  }
  return surface;
}

/** The distances at the voxels of a surface. */
function distancesAt(surface: Uint8Array, squared: Float64Array): Float64Array {
  let count = 0;
  for (const voxel of surface) count += voxel;
  const distances = new Float64Array(count);
  for (let n = 0, target = 0; n < surface.length; n++) {
    if (surface[n] === 1) distances[target++] = Math.sqrt(squared[n]);
  }
  return distances;
}
