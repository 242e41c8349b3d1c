import {Affine} from '../../geometry/affine.js';
import type {Triple} from '../../geometry/triple.js';
import {
  INTENSITY_BINS,
  intensityRangeBy,
  type IntensityScans,
} from '../../volume/intensity-range.js';
import type {MeasuringKernels} from '../../volume/measuring.js';
import type {VoxelArray} from '../../volume/volume.js';
import {portableVoxelKernels, type Outside, type VoxelKernels} from '../../volume/voxel-kernels.js';
import type {VoxelMap} from '../../volume/voxel-map.js';
import type {NativeAddon} from './addon.js';

/** Memory for a result. Its pages are touched for the first time by the loop that fills it, so large ones are asked for. */
function allocate(addon: NativeAddon, length: number): Float32Array {
  const values = new Float32Array(length);
  addon.useHugePages(values);
  return values;
}

/** The addon's loops over voxels; element types it does not know (such as float64) go to the portable ones. */
export function createNativeVoxelKernels(addon: NativeAddon): VoxelKernels {
  return {
    sampleOnGrid(volume, toVoxel, shape, options) {
      const {data} = volume;
      if (!(data instanceof Float32Array) || isEmpty(volume.shape, shape))
        return portableVoxelKernels.sampleOnGrid(volume, toVoxel, shape, options);
      const result = allocate(addon, shape[0] * shape[1] * shape[2]);
      addon.sampleGrid(
        Int32Array.from(volume.shape),
        data,
        ...edgeOf(options.outside),
        Float64Array.from(toVoxel.rows),
        Int32Array.from(shape),
        options.interpolation === 'linear' ? 1 : 0,
        result,
      );
      return result;
    },
    sampleThroughMap(volume, map, shape, options) {
      const {data} = volume;
      if (!(data instanceof Float32Array) || !isForAddon(map, shape, volume.shape))
        return portableVoxelKernels.sampleThroughMap(volume, map, shape, options);
      const result = allocate(addon, shape[0] * shape[1] * shape[2]);
      addon.sampleMap(
        Int32Array.from(volume.shape),
        data,
        ...edgeOf(options.outside),
        ...mapArguments(map, shape),
        result,
      );
      return result;
    },
    sampleLabelsThroughMap(volume, map, shape, options) {
      const {data} = volume;
      if (data.BYTES_PER_ELEMENT > 4 || !isForAddon(map, shape, volume.shape))
        return portableVoxelKernels.sampleLabelsThroughMap(volume, map, shape, options);
      const result = emptyLike(data, shape[0] * shape[1] * shape[2]);
      const [hasEdge, number] = edgeOf(options.outside);
      const outside = emptyLike(data, 1);
      outside[0] = number;
      addon.sampleLabels(
        Int32Array.from(volume.shape),
        data,
        hasEdge,
        outside,
        ...mapArguments(map, shape),
        result,
      );
      return result;
    },
    mapOffsets(map, origin, shape) {
      if (!isForAddon(map, shape)) return portableVoxelKernels.mapOffsets(map, origin, shape);
      const result = allocate(addon, 3 * shape[0] * shape[1] * shape[2]);
      addon.mapOffsets(...mapArguments(map, shape), Float64Array.from(origin.rows), result);
      return result;
    },
    measureLengths(map, origin, shape) {
      if (!isForAddon(map, shape)) return portableVoxelKernels.measureLengths(map, origin, shape);
      const lengths = new Float64Array(2);
      addon.measureLengths(...mapArguments(map, shape), Float64Array.from(origin.rows), lengths);
      return {maximum: lengths[0], sum: lengths[1]};
    },
    intensityRange(data, percentiles) {
      if (!(data instanceof Float32Array))
        return portableVoxelKernels.intensityRange(data, percentiles);
      return intensityRangeBy(nativeScans(addon, data), data.length, percentiles);
    },
    ...createMeasuringKernels(addon),
  };
}

function createMeasuringKernels(addon: NativeAddon): MeasuringKernels {
  return {
    areFinite: (values) => nativeScans(addon, values).extremes().finite === values.length,
    rescaleIntensities(values, {low, factor, clips}) {
      addon.normaliseIntensities(values, low, factor, clips ? 1 : 0);
    },
    fillMissing(values, value) {
      addon.fillMissing(values, value);
    },
    similarityMoments(images, factors) {
      const {fixed, before, after} = images;
      if (!(fixed instanceof Float32Array))
        return portableVoxelKernels.similarityMoments(images, factors);
      const sums = new Float64Array(9);
      addon.sumMoments(fixed, before, after, factors.fixed, factors.moving, sums);
      const [voxels, f, ff, b, bb, fb, a, aa, fa] = sums;
      return {voxels, f, ff, b, bb, fb, a, aa, fa};
    },
    determinantStatistics(determinants, shape, bounds, floor) {
      const found = new Float64Array(6);
      addon.measureDeterminants(
        Int32Array.of(...shape, ...(bounds?.shape ?? shape)),
        determinants,
        bounds === null ? new Float64Array(12) : Float64Array.from(bounds.toVoxel.rows),
        bounds === null ? 0 : 1,
        floor,
        found,
      );
      const [voxels, folds, minimum, maximum, logSum, logSquares] = found;
      return {voxels, folds, minimum, maximum, logSum, logSquares};
    },
  };
}

function nativeScans(addon: NativeAddon, data: Float32Array): IntensityScans {
  return {
    extremes() {
      const found = new Float64Array(3);
      addon.findExtremes(data, found);
      return {minimum: found[0], maximum: found[1], finite: found[2]};
    },
    countInto(minimum, maximum, width) {
      const counts = new Uint32Array(INTENSITY_BINS);
      addon.countIntensities(data, minimum, maximum, width, counts);
      return counts;
    },
    largestWithin(minimum, maximum) {
      const found = new Float64Array(3);
      addon.findLargestWithin(data, minimum, maximum, found);
      return found[1];
    },
  };
}

function edgeOf(outside: Outside): [hasEdge: number, outside: number] {
  return outside === 'edge' ? [1, 0] : [0, outside];
}

/** As many links as the addon follows; the portable kernels follow any number. */
const MOST_LINKS = 8;

function isForAddon(map: VoxelMap, ...shapes: readonly Triple[]): boolean {
  const fields = map.flatMap(({displacement}) => displacement?.fieldShape ?? []);
  return map.length <= MOST_LINKS && !isEmpty(...shapes) && fields.every((length) => length > 0);
}

/** fields, sizes and matrices, as the addon's loops over a map want them. */
function mapArguments(
  map: VoxelMap,
  shape: Triple,
): [fields: (Float32Array | null)[], sizes: Int32Array, matrices: Float64Array] {
  const fields = map.map(({displacement}) => displacement?.field ?? null);
  const sizes = map.flatMap(({displacement}) => displacement?.fieldShape ?? [1, 1, 1]);
  const matrices = map.flatMap(({base, displacement}) => {
    const {linear, toField} = displacement ?? {linear: NOWHERE.linear, toField: NOWHERE};
    return [...base.rows, ...linear, ...toField.rows];
  });
  return [fields, Int32Array.of(...shape, ...sizes), Float64Array.from(matrices)];
}

const NOWHERE = Affine.scaling([0, 0, 0]);

function isEmpty(...shapes: readonly Triple[]): boolean {
  return shapes.some((shape) => shape.some((length) => length < 1));
}

function emptyLike(data: VoxelArray, length: number): VoxelArray {
  const Type = data.constructor as new (length: number) => VoxelArray;
  return new Type(length);
}
