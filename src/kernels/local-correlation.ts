import type {Triple} from '../geometry/triple.js';
import type {VoxelOperation} from './voxel-operation.js';

/** Of the windows around every voxel, those in which at least one image shows something. */
export interface LocalCorrelation {
  /** Sum of squared correlations over the windows whose middle counts. */
  readonly sum: number;
  /** Their number. */
  readonly windows: number;
  /** Windows whose middle does not count although the first image shows something there. */
  readonly missing: number;
  /** The sum whatever the sign of a correlation: of images of opposed contrast, too. */
  readonly either: number;
}

/** Cubes of voxels; squares in a plane. */
export interface CorrelationWindows {
  /** Edge in voxels, odd. */
  readonly length: number;
  /** Smallest sum of squares that counts as contrast; covariances and variances are not below it. */
  readonly bound: number;
}

/**
 * Squared local correlation: (cross / var_1)(cross / var_2) of windows, zeros outside the image.
 *
 * cross = max(sum(fm) - sum(f) sum(m) / n, bound), the variances likewise, so that a negative correlation counts as none.
 *
 * @param images - Two images on one grid, i fastest, intensities of about 0 to 1.
 * @param counts - Of each voxel as the middle of a window: above 0 it counts, at 0 it does not, below 0 it is passed over.
 * @see Avants et al., Medical Image Analysis 2008, equation 6.
 */
export const LOCAL_CORRELATION: VoxelOperation<
  [
    images: readonly [Float32Array, Float32Array],
    counts: Float32Array,
    shape: Triple,
    windows: CorrelationWindows,
  ],
  LocalCorrelation
> = {name: 'localCorrelation', portable: correlateWindows};

function correlateWindows(
  [f, m]: readonly [Float32Array, Float32Array],
  counts: Float32Array,
  shape: Triple,
  {length, bound}: CorrelationWindows,
): LocalCorrelation {
  const axes = [0, 1, 2].filter((axis) => shape[axis] > 1);
  const sumsOf = (valueAt: (n: number) => number) => {
    const sums = Float64Array.from({length: f.length}, (_, n) => valueAt(n));
    axes.forEach((axis) => sumAlong(sums, shape, axis, length));
    return sums;
  };
  const sumF = sumsOf((n) => f[n]);
  const sumM = sumsOf((n) => m[n]);
  const sumFF = sumsOf((n) => f[n] * f[n]);
  const sumMM = sumsOf((n) => m[n] * m[n]);
  const sumFM = sumsOf((n) => f[n] * m[n]);
  const voxels = length ** axes.length;
  let [sum, windows, missing, either] = [0, 0, 0, 0];
  for (let n = 0; n < f.length; n++) {
    const varianceF = sumFF[n] - (sumF[n] * sumF[n]) / voxels;
    const varianceM = sumMM[n] - (sumM[n] * sumM[n]) / voxels;
    if (counts[n] < 0) continue;
    if (counts[n] === 0) {
      if (varianceF >= bound) missing++;
      continue;
    }
    if (varianceF < bound && varianceM < bound) continue;
    const covariance = sumFM[n] - (sumF[n] * sumM[n]) / voxels;
    const product = Math.max(varianceF, bound) * Math.max(varianceM, bound);
    windows++;
    sum += Math.max(covariance, bound) ** 2 / product;
    either += Math.max(Math.abs(covariance), bound) ** 2 / product;
  }
  return {sum, windows, missing, either};
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
