import type {Affine, LinearRows} from '../../geometry/affine.js';
import type {Triple} from '../../geometry/triple.js';
import {
  INTENSITY_BINS,
  intensityRangeBy,
  type IntensityScans,
} from '../../volume/intensity-range.js';
import type {MeasuringKernels} from '../../volume/measuring.js';
import type {VoxelArray} from '../../volume/volume.js';
import {
  portableVoxelKernels,
  type Outside,
  type PlacedField,
  type VoxelKernels,
} from '../../volume/voxel-kernels.js';
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
      if (!(data instanceof Float32Array) || isEmpty(volume.shape, shape, map.fieldShape))
        return portableVoxelKernels.sampleThroughMap(volume, map, shape, options);
      const result = allocate(addon, shape[0] * shape[1] * shape[2]);
      addon.sampleMap(
        Int32Array.from(volume.shape),
        data,
        ...edgeOf(options.outside),
        Int32Array.of(...map.fieldShape, ...shape),
        map.field,
        matricesOf(map.voxelToMoving, map.fieldToMoving, map),
        result,
      );
      return result;
    },
    sampleLabelsThroughMap(volume, map, shape, options) {
      const {data} = volume;
      if (data.BYTES_PER_ELEMENT > 4 || isEmpty(volume.shape, shape, map.fieldShape))
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
        Int32Array.of(...map.fieldShape, ...shape),
        map.field,
        matricesOf(map.voxelToMoving, map.fieldToMoving, map),
        result,
      );
      return result;
    },
    worldDisplacement(map, shape) {
      if (isEmpty(shape, map.fieldShape)) return portableVoxelKernels.worldDisplacement(map, shape);
      const result = allocate(addon, 3 * shape[0] * shape[1] * shape[2]);
      addon.mapOffsets(
        Int32Array.of(...map.fieldShape, ...shape),
        map.field,
        matricesOf(map.voxelToOffset, map.fieldToOffset, map),
        result,
      );
      return result;
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
    vectorLengths(offsets, base, shape) {
      const lengths = new Float64Array(2);
      addon.measureLengths(Int32Array.from(shape), offsets, Float64Array.from(base.rows), lengths);
      return {maximum: lengths[0], sum: lengths[1]};
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

function matricesOf(base: Affine, linear: LinearRows, {voxelToField}: PlacedField): Float64Array {
  return Float64Array.of(...base.rows, ...linear, ...voxelToField.rows);
}

function isEmpty(...shapes: readonly Triple[]): boolean {
  return shapes.some((shape) => shape.some((length) => length < 1));
}

function emptyLike(data: VoxelArray, length: number): VoxelArray {
  const Type = data.constructor as new (length: number) => VoxelArray;
  return new Type(length);
}
