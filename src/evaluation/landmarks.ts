import type {Triple} from '../geometry/triple.js';
import {percentile} from './surface-distance.js';

/** Distances between pairs of points, mm. */
export interface PointErrors {
  readonly meanMm: number;
  /** Standard deviation, of the pairs as a population. */
  readonly sdMm: number;
  readonly medianMm: number;
  readonly p95Mm: number;
  readonly maximumMm: number;
}

/**
 * Target registration error: the distances from where a registration takes the fixed landmarks to the moving ones.
 *
 * @param points - One point per landmark, mm, not empty.
 * @param moving - Their partners in the same order, in the same system.
 * @see Fitzpatrick and West, IEEE Transactions on Medical Imaging 20, 2001.
 */
export function pointErrors(points: readonly Triple[], moving: readonly Triple[]): PointErrors {
  const errors = Float64Array.from(points, (point, n) =>
    Math.hypot(...point.map((value, axis) => value - moving[n][axis])),
  );
  const mean = errors.reduce((sum, error) => sum + error, 0) / errors.length;
  const variance = errors.reduce((sum, error) => sum + (error - mean) ** 2, 0) / errors.length;
  return {
    meanMm: mean,
    sdMm: Math.sqrt(variance),
    medianMm: percentile(errors, 50),
    p95Mm: percentile(errors, 95),
    maximumMm: errors[errors.length - 1],
  };
}
