import type {VoxelArray} from './volume.js';
import type {IntensityRange} from './voxel-kernels.js';

/** Bins of `IntensityScans.countInto`. */
export const INTENSITY_BINS = 65536;

/** The passes over the voxels that a range is found with; NaN and infinite voxels are left out. */
export interface IntensityScans {
  /** Infinity and -Infinity where nothing is finite. */
  extremes(): {readonly minimum: number; readonly maximum: number; readonly finite: number};
  /** How many voxels of [minimum, maximum] fall into each of the bins of `width`; the last bin holds its upper edge too. */
  countInto(minimum: number, maximum: number, width: number): Uint32Array;
  /** The largest voxel of [minimum, maximum]; -Infinity if there is none. */
  largestWithin(minimum: number, maximum: number): number;
}

/** See `VoxelKernels.intensityRange`. */
export function portableIntensityRange(
  data: VoxelArray,
  percentiles: {readonly low: number; readonly high: number},
): IntensityRange {
  return intensityRangeBy(portableScans(data), data.length, percentiles);
}

/** A percentile is found by counting twice, into 2^16 bins and into 2^16 parts of one of them: no sorting. */
export function intensityRangeBy(
  scans: IntensityScans,
  voxels: number,
  percentiles: {readonly low: number; readonly high: number},
): IntensityRange {
  const {minimum, maximum, finite} = scans.extremes();
  const nonFinite = voxels - finite;
  if (finite === 0) {
    return {minimum: NaN, maximum: NaN, low: NaN, high: NaN, finite, nonFinite};
  }
  // Both percentiles start from the same counts.
  let counts: Uint32Array | undefined;
  const countAll = (width: number) => (counts ??= scans.countInto(minimum, maximum, width));
  const range = {minimum, maximum, finite, countAll};
  const low = percentileOf(scans, range, percentiles.low);
  const high = percentileOf(scans, range, percentiles.high);
  return {minimum, maximum, low, high, finite, nonFinite};
}

interface CountedRange {
  readonly minimum: number;
  readonly maximum: number;
  readonly finite: number;
  readonly countAll: (width: number) => Uint32Array;
}

function percentileOf(scans: IntensityScans, range: CountedRange, percentile: number): number {
  if (percentile <= 0 || range.minimum === range.maximum) return range.minimum;
  if (percentile >= 100) return range.maximum;
  // The value of this rank among the finite voxels, counted from 1.
  let rank = Math.max(1, Math.ceil((percentile / 100) * range.finite));
  let {minimum, maximum} = range;
  for (let pass = 0; pass < 2; pass++) {
    const width = (maximum - minimum) / INTENSITY_BINS;
    if (!(width > 0)) break;
    const counts = pass === 0 ? range.countAll(width) : scans.countInto(minimum, maximum, width);
    let bin = 0;
    while (bin < INTENSITY_BINS - 1 && rank > counts[bin]) rank -= counts[bin++];
    const start = minimum;
    minimum = start + bin * width;
    maximum = start + (bin + 1) * width;
  }
  // A voxel of the bin; so a percentile is a number that occurs, such as the 0 of a background.
  const largest = scans.largestWithin(minimum, maximum);
  return largest === -Infinity ? minimum : largest;
}

function portableScans(data: VoxelArray): IntensityScans {
  return {
    extremes() {
      let minimum = Infinity;
      let maximum = -Infinity;
      let finite = 0;
      for (let n = 0; n < data.length; n++) {
        const value = data[n];
        if (value - value !== 0) continue; // NaN or infinite
        finite++;
        if (value < minimum) minimum = value;
        if (value > maximum) maximum = value;
      }
      return {minimum, maximum, finite};
    },
    countInto(minimum, maximum, width) {
      const counts = new Uint32Array(INTENSITY_BINS);
      for (let n = 0; n < data.length; n++) {
        const value = data[n];
        if (!(value >= minimum && value <= maximum)) continue;
        counts[Math.min(Math.floor((value - minimum) / width), INTENSITY_BINS - 1)]++;
      }
      return counts;
    },
    largestWithin(minimum, maximum) {
      let largest = -Infinity;
      for (let n = 0; n < data.length; n++) {
        const value = data[n];
        if (value >= minimum && value <= maximum && value > largest) largest = value;
      }
      return largest;
    },
  };
}
