import type {VoxelArray} from './volume.js';
import type {IntensityRange} from './voxel-kernels.js';

const BINS = 65536;

/** See `VoxelKernels.intensityRange`. A percentile is found by counting twice, into 2^16 bins and into 2^16 parts of one of them: no sorting. */
export function portableIntensityRange(
  data: VoxelArray,
  percentiles: {readonly low: number; readonly high: number},
): IntensityRange {
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
  const nonFinite = data.length - finite;
  if (finite === 0) {
    return {minimum: NaN, maximum: NaN, low: NaN, high: NaN, finite, nonFinite};
  }
  const range = {minimum, maximum};
  const low = percentileOf(data, range, finite, percentiles.low);
  const high = percentileOf(data, range, finite, percentiles.high);
  return {minimum, maximum, low, high, finite, nonFinite};
}

function percentileOf(
  data: VoxelArray,
  range: {readonly minimum: number; readonly maximum: number},
  finite: number,
  percentile: number,
): number {
  if (percentile <= 0 || range.minimum === range.maximum) return range.minimum;
  if (percentile >= 100) return range.maximum;
  // The value of this rank among the finite voxels, counted from 1.
  let rank = Math.max(1, Math.ceil((percentile / 100) * finite));
  let {minimum, maximum} = range;
  for (let pass = 0; pass < 2; pass++) {
    const width = (maximum - minimum) / BINS;
    if (!(width > 0)) break;
    const counts = countInto(data, minimum, maximum, width);
    let bin = 0;
    while (bin < BINS - 1 && rank > counts[bin]) rank -= counts[bin++];
    const start = minimum;
    minimum = start + bin * width;
    maximum = start + (bin + 1) * width;
  }
  return largestWithin(data, minimum, maximum) ?? minimum;
}

/** The largest voxel of a bin; so a percentile is a number that occurs, such as the 0 of a background. */
function largestWithin(data: VoxelArray, minimum: number, maximum: number): number | null {
  let largest = -Infinity;
  for (let n = 0; n < data.length; n++) {
    const value = data[n];
    if (value >= minimum && value <= maximum && value > largest) largest = value;
  }
  return largest === -Infinity ? null : largest;
}

/** How many voxels of [minimum, maximum] fall into each of the bins; the last bin holds its upper edge too. */
function countInto(data: VoxelArray, minimum: number, maximum: number, width: number): Uint32Array {
  const counts = new Uint32Array(BINS);
  for (let n = 0; n < data.length; n++) {
    const value = data[n];
    if (!(value >= minimum && value <= maximum)) continue;
    let bin = Math.floor((value - minimum) / width);
    if (bin >= BINS) bin = BINS - 1;
    counts[bin]++;
  }
  return counts;
}
