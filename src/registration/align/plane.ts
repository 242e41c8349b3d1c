import type {Grid} from '../../geometry/grid.js';
import type {Triple} from '../../geometry/triple.js';

/** Two orthonormal directions in which a single slice extends. */
export type Plane = readonly [Triple, Triple];

/** The plane of a single slice; null for a volume. */
export function planeOf({shape, affine}: Grid): Plane | null {
  const [first, second, third] = [0, 1, 2].filter((axis) => shape[axis] > 1);
  if (second === undefined || third !== undefined) return null;
  const d = affine.directions.linear;
  const a: Triple = [d[first], d[3 + first], d[6 + first]];
  const b: Triple = [d[second], d[3 + second], d[6 + second]];
  const shared = a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
  const rest = b.map((value, n) => value - shared * a[n]);
  const length = Math.hypot(...rest);
  return [a, [rest[0] / length, rest[1] / length, rest[2] / length]];
}

/** The direction that is perpendicular to a plane. */
export function normalOf([a, b]: Plane): Triple {
  return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
}
