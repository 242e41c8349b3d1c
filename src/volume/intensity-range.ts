import {
  COUNT_INTENSITIES,
  FIND_EXTREMES,
  FIND_LARGEST_WITHIN,
  INTENSITY_BINS,
  type Extremes,
} from '../kernels/intensities.js';
import type {KernelRunner} from '../kernels/voxel-operation.js';
import type {VoxelArray} from '../kernels/voxels.js';

export interface IntensityRange {
  readonly minimum: number;
  readonly maximum: number;
  /** A voxel with `percentiles.low` percent of the finite voxels at or below it: its rank is exact to 2^-32 of the range. */
  readonly low: number;
  readonly high: number;
  /** Voxels that are numbers, and voxels that are NaN or infinite. */
  readonly finite: number;
  readonly nonFinite: number;
}

/**
 * Extremes and percentiles (0 to 100) of the finite voxels. Without a finite voxel all four are NaN.
 *
 * A percentile is found by counting twice, into 2^16 bins and into 2^16 parts of one of them: no sorting.
 */
export function intensityRange(
  engine: KernelRunner,
  data: VoxelArray,
  percentiles: {readonly low: number; readonly high: number},
): IntensityRange {
  const {minimum, maximum, finite} = engine.run(FIND_EXTREMES, data);
  const nonFinite = data.length - finite;
  if (finite === 0) {
    return {minimum: NaN, maximum: NaN, low: NaN, high: NaN, finite, nonFinite};
  }
  // Both percentiles start from the same counts.
  let counts: Uint32Array | undefined;
  const countAll = (width: number) =>
    (counts ??= engine.run(COUNT_INTENSITIES, data, minimum, maximum, width));
  const range = {minimum, maximum, finite, countAll};
  const low = percentileOf(engine, data, range, percentiles.low);
  const high = percentileOf(engine, data, range, percentiles.high);
  return {minimum, maximum, low, high, finite, nonFinite};
}

interface CountedRange extends Extremes {
  /** The first counts of every percentile. */
  readonly countAll: (width: number) => Uint32Array;
}

function percentileOf(
  engine: KernelRunner,
  data: VoxelArray,
  range: CountedRange,
  percentile: number,
): number {
  if (percentile <= 0 || range.minimum === range.maximum) return range.minimum;
  if (percentile >= 100) return range.maximum;
  // The value of this rank among the finite voxels, counted from 1.
  let rank = Math.max(1, Math.ceil((percentile / 100) * range.finite));
  let {minimum, maximum} = range;
  for (let pass = 0; pass < 2; pass++) {
    const width = (maximum - minimum) / INTENSITY_BINS;
    if (!(width > 0)) break;
    const counts =
      pass === 0
        ? range.countAll(width)
        : engine.run(COUNT_INTENSITIES, data, minimum, maximum, width);
    let bin = 0;
    while (bin < INTENSITY_BINS - 1 && rank > counts[bin]) rank -= counts[bin++];
    const start = minimum;
    minimum = start + bin * width;
    maximum = start + (bin + 1) * width;
  }
  // A voxel of the bin; so a percentile is a number that occurs, such as the 0 of a background.
  const largest = engine.run(FIND_LARGEST_WITHIN, data, minimum, maximum);
  return largest === -Infinity ? minimum : largest;
}
