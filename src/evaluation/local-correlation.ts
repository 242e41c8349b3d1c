import type {Triple} from '../geometry/triple.js';

/** Lower bound of a window's covariance and variances (sums of products of intensities of 0 to 1), as in the loss. */
const SMALLEST_VARIANCE = 1e-5;

/**
 * Local normalised cross-correlation: the mean of (cross / var_1)(cross / var_2) over windows around every voxel.
 *
 * Sums over a window, zeros outside the image: cross = max(sum(fm) - sum(f) sum(m) / n, eps), the variances likewise, so that a
 * negative correlation counts as 0. Windows in which both images are flat say nothing and do not count.
 *
 * @param images - Two images on one grid, i fastest, intensities of about 0 to 1.
 * @param counts - Not 0 where a voxel counts as the middle of a window; the others are 0 in both images.
 * @param window - Edge of the window in voxels, odd.
 * @returns 0 to 1; null where no window counts.
 * @see Avants et al., Medical Image Analysis 2008, equation 6.
 */
export function localCorrelation(
  images: readonly [Float32Array, Float32Array],
  counts: Uint8Array,
  shape: Triple,
  window: number,
): number | null {
  const [f, m] = images.map((image) => image.map((value, n) => (counts[n] === 0 ? 0 : value)));
  const sumsOf = (valueAt: (n: number) => number) => {
    const sums = Float64Array.from({length: f.length}, (_, n) => valueAt(n));
    [0, 1, 2].forEach((axis) => sumAlong(sums, shape, axis, window));
    return sums;
  };
  const sumF = sumsOf((n) => f[n]);
  const sumM = sumsOf((n) => m[n]);
  const sumFF = sumsOf((n) => f[n] * f[n]);
  const sumMM = sumsOf((n) => m[n] * m[n]);
  const sumFM = sumsOf((n) => f[n] * m[n]);
  const voxels = window ** 3;
  let [windows, total] = [0, 0];
  for (let n = 0; n < f.length; n++) {
    if (counts[n] === 0) continue;
    const varianceF = sumFF[n] - (sumF[n] * sumF[n]) / voxels;
    const varianceM = sumMM[n] - (sumM[n] * sumM[n]) / voxels;
    if (varianceF < SMALLEST_VARIANCE && varianceM < SMALLEST_VARIANCE) continue;
    const cross = Math.max(sumFM[n] - (sumF[n] * sumM[n]) / voxels, SMALLEST_VARIANCE);
    windows++;
    total +=
      (cross / Math.max(varianceF, SMALLEST_VARIANCE)) *
      (cross / Math.max(varianceM, SMALLEST_VARIANCE));
  }
  return windows === 0 ? null : total / windows;
}

/** Replace every value by the sum of the window around it along one axis, zeros outside. */
function sumAlong(values: Float64Array, shape: Triple, axis: number, window: number): void {
  const strides = [1, shape[0], shape[0] * shape[1]];
  const [a, b] = [0, 1, 2].filter((other) => other !== axis);
  const [length, stride, reach] = [shape[axis], strides[axis], (window - 1) / 2];
  // sums[n] is the sum of the n first values, the line lengthened by zeros on both sides.
  const sums = new Float64Array(length + 2 * reach + 1);
  for (let y = 0; y < shape[b]; y++) {
    for (let x = 0; x < shape[a]; x++) {
      const start = x * strides[a] + y * strides[b];
      for (let n = 0; n < length; n++) {
        sums[n + reach + 1] = sums[n + reach] + values[start + n * stride];
      }
      sums.fill(sums[length + reach], length + reach + 1);
      for (let n = 0; n < length; n++) {
        values[start + n * stride] = sums[n + window] - sums[n];
      }
    }
  }
}
