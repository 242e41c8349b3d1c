/** The weights of the four coefficients around a position, the second of which lies a fraction f below it: those of the cubic B-spline. */
export function setSplineWeights(weights: Float64Array, f: number): void {
  const g = 1 - f;
  weights[0] = (g * g * g) / 6;
  weights[1] = 2 / 3 - f * f * (1 - f / 2);
  weights[2] = 2 / 3 - g * g * (1 - g / 2);
  weights[3] = (f * f * f) / 6;
}
