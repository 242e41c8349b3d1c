import type {VoxelOperation} from './voxel-operation.js';
import type {VoxelArray} from './voxels.js';

/** Bins of `COUNT_INTENSITIES`. */
export const INTENSITY_BINS = 65536;

/** Of the voxels that are neither NaN nor infinite. */
export interface Extremes {
  /** Infinity where nothing is finite. */
  readonly minimum: number;
  /** -Infinity where nothing is finite. */
  readonly maximum: number;
  /** How many there are. */
  readonly finite: number;
}

/** Smallest and largest voxel, and how many are finite. */
export const FIND_EXTREMES: VoxelOperation<[data: VoxelArray], Extremes> = {
  name: 'findExtremes',
  portable(data) {
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
};

/** How many voxels of [minimum, maximum] fall into each of the bins of `width`; the last bin holds its upper edge too. */
export const COUNT_INTENSITIES: VoxelOperation<
  [data: VoxelArray, minimum: number, maximum: number, width: number],
  Uint32Array
> = {
  name: 'countIntensities',
  portable(data, minimum, maximum, width) {
    const counts = new Uint32Array(INTENSITY_BINS);
    for (let n = 0; n < data.length; n++) {
      const value = data[n];
      if (!(value >= minimum && value <= maximum)) continue;
      counts[Math.min(Math.floor((value - minimum) / width), INTENSITY_BINS - 1)]++;
    }
    return counts;
  },
};

/** The largest voxel of [minimum, maximum]; -Infinity if there is none. */
export const FIND_LARGEST_WITHIN: VoxelOperation<
  [data: VoxelArray, minimum: number, maximum: number],
  number
> = {
  name: 'findLargestWithin',
  portable(data, minimum, maximum) {
    let largest = -Infinity;
    for (let n = 0; n < data.length; n++) {
      const value = data[n];
      if (value >= minimum && value <= maximum && value > largest) largest = value;
    }
    return largest;
  },
};

/** values = (values - low) * factor, in place; cut to [0, 1] where `clips`. */
export const NORMALISE_INTENSITIES: VoxelOperation<
  [
    values: Float32Array,
    scale: {readonly low: number; readonly factor: number; readonly clips: boolean},
  ],
  void
> = {
  name: 'normaliseIntensities',
  portable(values, {low, factor, clips}) {
    for (let n = 0; n < values.length; n++) {
      const value = (values[n] - low) * factor;
      values[n] = clips ? Math.min(Math.max(value, 0), 1) : value;
    }
  },
};

/** NaN becomes `value`, in place. */
export const FILL_MISSING: VoxelOperation<[values: Float32Array, value: number], void> = {
  name: 'fillMissing',
  portable(values, value) {
    for (let n = 0; n < values.length; n++) if (Number.isNaN(values[n])) values[n] = value;
  },
};

/** 1 where a value is a number, 0 where it is NaN or infinite. A new array. */
export const MARK_FINITE: VoxelOperation<[values: Float32Array], Float32Array> = {
  name: 'markFinite',
  portable: (values) => values.map((value) => (Number.isFinite(value) ? 1 : 0)),
};
