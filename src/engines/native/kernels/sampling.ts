import {Affine} from '../../../geometry/affine.js';
import type {Triple} from '../../../geometry/triple.js';
import {
  MAP_OFFSETS,
  MEASURE_LENGTHS,
  SAMPLE_GRID,
  SAMPLE_LABELS,
  SAMPLE_MAP,
} from '../../../kernels/sampling.js';
import {SAMPLE_SPLINE, SPLINE_COEFFICIENTS} from '../../../kernels/spline.js';
import type {VoxelMap} from '../../../kernels/voxel-map.js';
import {implementLoop} from '../../../kernels/voxel-operation.js';
import type {Outside, VoxelArray} from '../../../kernels/voxels.js';
import type {NativeAddon} from '../addon.js';

declare module '../addon.js' {
  /** What this file calls: sizes come first; the last array is filled, inputs are not kept. */
  interface NativeAddon {
    /** `size`, `shape`: I, J, K of the image and of the grid. `toVoxel`: twelve numbers, row-major. */
    sampleGrid(
      size: Int32Array,
      data: Float32Array,
      hasEdge: number,
      outside: number,
      toVoxel: Float64Array,
      shape: Int32Array,
      isLinear: number,
      out: Float32Array,
    ): void;
    /** For each link: a field or null, `matrices` base (12), linear (9), to field (12). `sizes`: of the grid, then of each field, with its degree. */
    sampleMap(
      size: Int32Array,
      data: Float32Array,
      hasEdge: number,
      outside: number,
      fields: readonly (Float32Array | null)[],
      sizes: Int32Array,
      matrices: Float64Array,
      out: Float32Array,
    ): void;
    splineCoefficients(size: Int32Array, image: Float32Array, out: Float32Array): void;
    /** As `sampleMap`, of the coefficients of a spline. */
    sampleSpline: NativeAddon['sampleMap'];
    /** `outside`: one element; all three arrays of one type. */
    sampleLabels(
      size: Int32Array,
      labels: VoxelArray,
      hasEdge: number,
      outside: VoxelArray,
      fields: readonly (Float32Array | null)[],
      sizes: Int32Array,
      matrices: Float64Array,
      out: VoxelArray,
    ): void;
    /** `origin`: twelve numbers, row-major. */
    mapOffsets(
      fields: readonly (Float32Array | null)[],
      sizes: Int32Array,
      matrices: Float64Array,
      origin: Float64Array,
      out: Float32Array,
    ): void;
    /** Fills the largest length and the sum. */
    measureLengths(
      fields: readonly (Float32Array | null)[],
      sizes: Int32Array,
      matrices: Float64Array,
      origin: Float64Array,
      lengths: Float64Array,
    ): void;
  }
}

/** Memory for a result. Its pages are touched for the first time by the loop that fills it, so large ones are asked for. */
function allocate(addon: NativeAddon, length: number): Float32Array {
  const values = new Float32Array(length);
  addon.useHugePages(values);
  return values;
}

const sampleGrid = implementLoop(
  SAMPLE_GRID,
  (addon: NativeAddon, volume, toVoxel, shape, options) => {
    const {data} = volume;
    if (!(data instanceof Float32Array) || isEmpty(volume.shape, shape))
      return SAMPLE_GRID.portable(volume, toVoxel, shape, options);
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
);

/** An image by its voxels, or by the coefficients of its spline. */
const sampleAlong = (
  operation: typeof SAMPLE_MAP,
  run: (addon: NativeAddon, ...values: Parameters<NativeAddon['sampleMap']>) => void,
) =>
  implementLoop(operation, (addon: NativeAddon, volume, map, shape, options) => {
    const {data} = volume;
    if (!(data instanceof Float32Array) || !isForAddon(map, shape, volume.shape))
      return operation.portable(volume, map, shape, options);
    const result = allocate(addon, shape[0] * shape[1] * shape[2]);
    run(
      addon,
      Int32Array.from(volume.shape),
      data,
      ...edgeOf(options.outside),
      ...mapArguments(map, shape),
      result,
    );
    return result;
  });

const splineCoefficients = implementLoop(SPLINE_COEFFICIENTS, (addon: NativeAddon, volume) => {
  const {data, shape} = volume;
  if (!(data instanceof Float32Array) || isEmpty(shape))
    return SPLINE_COEFFICIENTS.portable(volume);
  const result = allocate(addon, data.length);
  addon.splineCoefficients(Int32Array.from(shape), data, result);
  return result;
});

const sampleLabels = implementLoop(
  SAMPLE_LABELS,
  (addon: NativeAddon, volume, map, shape, options) => {
    const {data} = volume;
    if (data.BYTES_PER_ELEMENT > 4 || !isForAddon(map, shape, volume.shape))
      return SAMPLE_LABELS.portable(volume, map, shape, options);
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
);

const mapOffsets = implementLoop(MAP_OFFSETS, (addon: NativeAddon, map, origin, shape) => {
  if (!isForAddon(map, shape)) return MAP_OFFSETS.portable(map, origin, shape);
  const result = allocate(addon, 3 * shape[0] * shape[1] * shape[2]);
  addon.mapOffsets(...mapArguments(map, shape), Float64Array.from(origin.rows), result);
  return result;
});

const measureLengths = implementLoop(MEASURE_LENGTHS, (addon: NativeAddon, map, origin, shape) => {
  if (!isForAddon(map, shape)) return MEASURE_LENGTHS.portable(map, origin, shape);
  const lengths = new Float64Array(2);
  addon.measureLengths(...mapArguments(map, shape), Float64Array.from(origin.rows), lengths);
  return {maximum: lengths[0], sum: lengths[1]};
});

/** Images and fields looked up; element types that the addon does not know (such as float64) go to the portable twins. */
export const SAMPLING_KERNELS = [
  sampleGrid,
  sampleAlong(SAMPLE_MAP, (addon, ...values) => addon.sampleMap(...values)),
  splineCoefficients,
  sampleAlong(SAMPLE_SPLINE, (addon, ...values) => addon.sampleSpline(...values)),
  sampleLabels,
  mapOffsets,
  measureLengths,
];

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
  const sizes = map.flatMap(({displacement}) =>
    displacement === null ? [1, 1, 1, 1] : [...displacement.fieldShape, displacement.degree],
  );
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
