/** The weights of the four coefficients around a position, the second of which lies a fraction f below it: those of the cubic B-spline. */
export function setSplineWeights(weights: Float64Array, f: number): void {
  const g = 1 - f;
  weights[0] = (g * g * g) / 6;
  weights[1] = 2 / 3 - f * f * (1 - f / 2);
  weights[2] = 2 / 3 - g * g * (1 - g / 2);
  weights[3] = (f * f * f) / 6;
}

/** The slopes of these weights, by the position. */
export function setSplineSlopes(slopes: Float64Array, f: number): void {
  const g = 1 - f;
  slopes[0] = (-g * g) / 2;
  slopes[1] = f * (1.5 * f - 2);
  slopes[2] = g * (2 - 1.5 * g);
  slopes[3] = (f * f) / 2;
}

/** A point so little beyond the end of a spline counts as on it, in steps of its grid: headers place images in float32. */
const SPLINE_EDGE = 1e-4;

/** The position in a row of so many coefficients that a position counts as; NaN where four of them do not reach it. */
export function positionInSpline(position: number, length: number): number {
  const inside = Math.max(1, Math.min(position, length - 2)); // NaN stays
  return length >= 4 && Math.abs(inside - position) <= SPLINE_EDGE ? inside : NaN;
}
