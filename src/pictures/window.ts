/** Which intensities are black and white. */
export interface Window {
  readonly low: number;
  readonly high: number;
}

/** Darkest and brightest hundredths that are cut off: bright vessels and fat are few, and would make all else dark. */
const [DARKEST, BRIGHTEST] = [0.01, 0.995];

/** So many values tell as much as all of them. */
const ENOUGH = 50_000;

/** The window in which what slices show is seen; what is no number does not count. */
export function windowOf(slices: readonly ArrayLike<number>[]): Window {
  const count = slices.reduce((sum, {length}) => sum + length, 0);
  const step = Math.ceil(count / ENOUGH);
  const finite = Float32Array.from(everyOf(slices, step, (value) => value - value === 0)).sort();
  if (finite.length === 0) return {low: 0, high: 1};
  const at = (share: number) =>
    finite[Math.min(Math.floor(share * finite.length), finite.length - 1)];
  const [low, high] = [at(DARKEST), at(BRIGHTEST)];
  return high > low ? {low, high} : {low: finite[0], high: finite[finite.length - 1]};
}

/** Every n-th of some values, where it counts. */
export function* everyOf(
  slices: readonly ArrayLike<number>[],
  step: number,
  counts: (value: number) => boolean,
): Generator<number> {
  for (const slice of slices) {
    for (let n = 0; n < slice.length; n += step) if (counts(slice[n])) yield slice[n];
  }
}
