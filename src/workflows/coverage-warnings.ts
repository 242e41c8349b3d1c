import {isWithin, type Grid} from '../geometry/grid.js';
import type {Triple} from '../geometry/triple.js';
import {mapPoints} from '../transforms/apply.js';
import {denseGridOf} from '../transforms/dense-field.js';
import {partsOf, type Transform} from '../transforms/transform.js';

/** How many points reach a field or a spline of a transform outside of its grid. */
export function countUndisplaced(points: readonly Triple[], transform: Transform): number {
  const outside = new Set<number>();
  let reached = points;
  for (const part of partsOf(transform).toReversed()) {
    if (part.kind !== 'affine') {
      const grid = part.kind === 'spline' ? denseGridOf(part) : part.field.grid;
      reached.forEach((point, n) => {
        if (!isWithin(grid, point)) outside.add(n);
      });
    }
    reached = mapPoints(part, reached);
  }
  return outside.size;
}

/** Points along each axis at which a grid is probed. */
const PROBES = 9;
/** A chain whose fields leave more of an image than this where it is, is not meant for it. */
const MOST_UNDISPLACED = 0.9;

/**
 * Say where a chain hardly displaces an image, because its points reach a field outside of the field's grid: as in the wrong order,
 * or with the transforms of another image.
 *
 * @returns One sentence or none.
 */
export function coverageWarnings(grid: Grid, transform: Transform): readonly string[] {
  const steps = Array.from({length: PROBES}, (_, n) => n / (PROBES - 1));
  const [i, j, k] = grid.shape.map((length) => steps.map((share) => share * (length - 1)));
  const points = i.flatMap((x) => j.flatMap((y) => k.map((z) => grid.affine.apply([x, y, z]))));
  const share = countUndisplaced(points, transform) / points.length;
  if (share <= MOST_UNDISPLACED) return [];
  return [
    `a warp leaves ${(100 * share).toFixed(0)} % of the reference where it is, because it does not reach there; the order of the transforms may be wrong (the last one acts first), or they belong to other images.`,
  ];
}
