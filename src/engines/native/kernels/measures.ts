import {
  COUNT_INTENSITIES,
  FILL_MISSING,
  FIND_EXTREMES,
  FIND_LARGEST_WITHIN,
  INTENSITY_BINS,
  MARK_FINITE,
  NORMALISE_INTENSITIES,
} from '../../../kernels/intensities.js';
import {LOCAL_CORRELATION} from '../../../kernels/local-correlation.js';
import {MEASURE_DETERMINANTS, SQUEEZED, SUM_MOMENTS} from '../../../kernels/measures.js';
import {implementLoop} from '../../../kernels/voxel-operation.js';
import type {NativeAddon} from '../addon.js';

declare module '../addon.js' {
  /** What this file calls: sizes come first; the last array is filled, inputs are not kept. */
  interface NativeAddon {
    /** Fills minimum, maximum and number of the finite values. */
    findExtremes(data: Float32Array, extremes: Float64Array): void;
    /** Fills the second number of `extremes`. */
    findLargestWithin(
      data: Float32Array,
      minimum: number,
      maximum: number,
      extremes: Float64Array,
    ): void;
    /** `counts`: 65536 bins. */
    countIntensities(
      data: Float32Array,
      minimum: number,
      maximum: number,
      width: number,
      counts: Uint32Array,
    ): void;
    /** Fills the nine sums of `SimilarityMoments`, in its order. */
    sumMoments(
      fixed: Float32Array,
      before: Float32Array,
      after: Float32Array,
      fixedFactor: number,
      movingFactor: number,
      sums: Float64Array,
    ): void;
    /** `sizes`: I, J, K of the determinants and of the bounds. Fills the seven numbers of `DeterminantStatistics`, in its order. */
    measureDeterminants(
      sizes: Int32Array,
      determinants: Float32Array,
      toVoxel: Float64Array,
      isBounded: number,
      floor: number,
      squeezed: number,
      found: Float64Array,
    ): void;
    normaliseIntensities(values: Float32Array, low: number, factor: number, clips: number): void;
    fillMissing(values: Float32Array, value: number): void;
    markFinite(values: Float32Array, present: Float32Array): void;
    /** Fills sum, windows, missing and either of `LocalCorrelation`. */
    localCorrelation(
      size: Int32Array,
      radius: number,
      bound: number,
      fixed: Float32Array,
      moved: Float32Array,
      counts: Float32Array,
      found: Float64Array,
    ): void;
  }
}

const findExtremes = implementLoop(FIND_EXTREMES, (addon: NativeAddon, data) => {
  if (!(data instanceof Float32Array)) return FIND_EXTREMES.portable(data);
  const found = new Float64Array(3);
  addon.findExtremes(data, found);
  return {minimum: found[0], maximum: found[1], finite: found[2]};
});

const countIntensities = implementLoop(
  COUNT_INTENSITIES,
  (addon: NativeAddon, data, minimum, maximum, width) => {
    if (!(data instanceof Float32Array))
      return COUNT_INTENSITIES.portable(data, minimum, maximum, width);
    const counts = new Uint32Array(INTENSITY_BINS);
    addon.countIntensities(data, minimum, maximum, width, counts);
    return counts;
  },
);

const findLargestWithin = implementLoop(
  FIND_LARGEST_WITHIN,
  (addon: NativeAddon, data, minimum, maximum) => {
    if (!(data instanceof Float32Array))
      return FIND_LARGEST_WITHIN.portable(data, minimum, maximum);
    const found = new Float64Array(3);
    addon.findLargestWithin(data, minimum, maximum, found);
    return found[1];
  },
);

const normaliseIntensities = implementLoop(
  NORMALISE_INTENSITIES,
  (addon: NativeAddon, values, {low, factor, clips}) => {
    addon.normaliseIntensities(values, low, factor, clips ? 1 : 0);
  },
);

const fillMissing = implementLoop(FILL_MISSING, (addon: NativeAddon, values, value) => {
  addon.fillMissing(values, value);
});

const markFinite = implementLoop(MARK_FINITE, (addon: NativeAddon, values) => {
  const present = new Float32Array(values.length);
  addon.markFinite(values, present);
  return present;
});

/** Longest edge of a window that the kernel knows. */
const LONGEST_WINDOW = 9;

const localCorrelation = implementLoop(
  LOCAL_CORRELATION,
  (addon: NativeAddon, [fixed, moved], counts, shape, windows) => {
    const {length, bound} = windows;
    const [i, j, k] = shape;
    if (i < 2 || j < 2 || length < 3 || length > LONGEST_WINDOW)
      return LOCAL_CORRELATION.portable([fixed, moved], counts, shape, windows);
    const found = new Float64Array(4);
    const size = Int32Array.of(k, j, i);
    addon.localCorrelation(size, (length - 1) / 2, bound, fixed, moved, counts, found);
    return {sum: found[0], windows: found[1], missing: found[2], either: found[3]};
  },
);

const sumMoments = implementLoop(SUM_MOMENTS, (addon: NativeAddon, images, factors) => {
  const {fixed, before, after} = images;
  if (!(fixed instanceof Float32Array)) return SUM_MOMENTS.portable(images, factors);
  const sums = new Float64Array(9);
  addon.sumMoments(fixed, before, after, factors.fixed, factors.moving, sums);
  const [voxels, f, ff, b, bb, fb, a, aa, fa] = sums;
  return {voxels, f, ff, b, bb, fb, a, aa, fa};
});

const measureDeterminants = implementLoop(
  MEASURE_DETERMINANTS,
  (addon: NativeAddon, determinants, shape, bounds, floor) => {
    const found = new Float64Array(7);
    addon.measureDeterminants(
      Int32Array.of(...shape, ...(bounds?.shape ?? shape)),
      determinants,
      bounds === null ? new Float64Array(12) : Float64Array.from(bounds.toVoxel.rows),
      bounds === null ? 0 : 1,
      floor,
      SQUEEZED,
      found,
    );
    const [voxels, folds, squeezed, logSum, logSquares, minimum, maximum] = found;
    return {voxels, folds, squeezed, logSum, logSquares, minimum, maximum};
  },
);

/** Passes over intensities, and what a report measures. */
export const MEASURE_KERNELS = [
  findExtremes,
  countIntensities,
  findLargestWithin,
  normaliseIntensities,
  fillMissing,
  markFinite,
  localCorrelation,
  sumMoments,
  measureDeterminants,
];
