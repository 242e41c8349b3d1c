import type {VoxelArray} from '../../kernels/voxels.js';

/** Kernels of the addon beside the convolutions. Sizes come first; the last array is filled, inputs are not kept. */
export interface KernelFunctions {
  /** `sizes`: n, I, J, K, C of the fine image, three window lengths. */
  maxPool(sizes: Int32Array, x: Float32Array, y: Float32Array): void;
  maxPoolGradient(
    sizes: Int32Array,
    x: Float32Array,
    y: Float32Array,
    dy: Float32Array,
    dx: Float32Array,
  ): void;
  upsample(sizes: Int32Array, x: Float32Array, y: Float32Array): void;
  upsampleGradient(sizes: Int32Array, dy: Float32Array, dx: Float32Array): void;

  /** `sizes`: n, A, B, D, C of the image, I, J, K of the field. `isLinear`: 1 or 0. `fill`: NaN to repeat the edge. */
  warp(
    sizes: Int32Array,
    isLinear: number,
    fill: number,
    image: Float32Array,
    displacement: Float32Array,
    y: Float32Array,
  ): void;
  warpImageGradient(
    sizes: Int32Array,
    isLinear: number,
    fill: number,
    displacement: Float32Array,
    dy: Float32Array,
    dimage: Float32Array,
  ): void;
  warpDisplacementGradient(
    sizes: Int32Array,
    isLinear: number,
    fill: number,
    image: Float32Array,
    displacement: Float32Array,
    dy: Float32Array,
    ddisplacement: Float32Array,
  ): void;

  /** Of the refinement, as src/native/kernels/refine.h says; `size`: I, J, K; fields are [I, J, K, 4]. */
  integrateField(
    size: Int32Array,
    steps: number,
    velocity: Float32Array,
    stack: Float32Array,
  ): void;
  integrateFieldGradient(
    size: Int32Array,
    steps: number,
    stack: Float32Array,
    gradient: Float32Array,
    spare: Float32Array,
  ): void;
  doubleField(size: Int32Array, coarse: Float32Array, fine: Float32Array): void;
  halve(size: Int32Array, fine: Float32Array, coarse: Float32Array): void;
  warpSlopes(
    size: Int32Array,
    fieldSize: Int32Array,
    image: Float32Array,
    displacement: Float32Array,
    weight: Float32Array | null,
    mask: Float32Array | null,
    moved: Float32Array,
    slopes: Float32Array,
    weights: Float32Array,
  ): void;
  fixedMoments(size: Int32Array, radius: number, fixed: Float32Array, moments: Float32Array): void;
  correlationTerm(
    size: Int32Array,
    radius: number,
    bound: number,
    moments: Float32Array,
    shares: Float32Array,
    ...term: TermArguments
  ): void;
  squaredErrorTerm(size: Int32Array, ...term: TermArguments): void;
  informationTerm(size: Int32Array, ...term: TermArguments): void;
  collectSlopes(
    size: Int32Array,
    fieldSize: Int32Array,
    slopes: Float32Array,
    gradient: Float32Array,
  ): void;
  /** `numbers`: rate, epsilon, beta1, beta2, the corrections of both, nine weights by axis and component. */
  descend(
    size: Int32Array,
    numbers: Float64Array,
    velocity: Float32Array,
    gradient: Float32Array,
    first: Float32Array,
    second: Float32Array,
    next: Float32Array,
    found: Float64Array,
  ): void;

  /** `sizes`: n, I, J, K. */
  selfCompose(sizes: Int32Array, displacement: Float32Array, y: Float32Array): void;
  selfComposeGradient(
    sizes: Int32Array,
    displacement: Float32Array,
    dy: Float32Array,
    ddisplacement: Float32Array,
  ): void;
  jacobian(sizes: Int32Array, displacement: Float32Array, determinant: Float32Array): void;
  jacobianGradient(
    sizes: Int32Array,
    displacement: Float32Array,
    dy: Float32Array,
    ddisplacement: Float32Array,
  ): void;

  /** `sizes`: n, I, J, K, C of the field, I, J, K of the result; tables as in src/native/kernels/rescale.h. */
  rescale(
    sizes: Int32Array,
    factor: number,
    lower: Int32Array,
    fraction: Float32Array,
    begin: Int32Array,
    end: Int32Array,
    isGradient: number,
    from: Float32Array,
    to: Float32Array,
  ): void;

  squaredError(items: number, fixed: Float32Array, moved: Float32Array, out: Float32Array): void;
  /** to = scale[item] (a - b). */
  scaledDifference(scale: Float32Array, a: Float32Array, b: Float32Array, to: Float32Array): void;
  /** `sizes`: n, I, J, K, C. Three weights, one per axis. The gradient where `dy` is given. */
  smoothness(
    sizes: Int32Array,
    isSquared: number,
    weightI: number,
    weightJ: number,
    weightK: number,
    field: Float32Array,
    dy: Float32Array | null,
    out: Float32Array,
  ): void;
  /** `sizes`: n, I, J, K, three window lengths. The gradient by `moved` where `dy` is given. */
  lncc(
    sizes: Int32Array,
    epsilon: number,
    isSigned: number,
    fixed: Float32Array,
    moved: Float32Array,
    dy: Float32Array | null,
    out: Float32Array,
  ): void;

  /** `sizes`: n, inputs, outputs. */
  dense(
    sizes: Int32Array,
    slope: number,
    x: Float32Array,
    kernel: Float32Array,
    bias: Float32Array | null,
    y: Float32Array,
  ): void;
  denseGradient(
    sizes: Int32Array,
    slope: number,
    x: Float32Array,
    kernel: Float32Array,
    y: Float32Array,
    dy: Float32Array,
    dx: Float32Array | null,
    dkernel: Float32Array | null,
    dbias: Float32Array | null,
  ): void;
  /** `constants`: rate, beta1, 1 - beta1, beta2, 1 - beta2, epsilon. An output may be its input. */
  adam(
    constants: Float32Array,
    weight: Float32Array,
    first: Float32Array,
    second: Float32Array,
    gradient: Float32Array,
    newWeight: Float32Array,
    newFirst: Float32Array,
    newSecond: Float32Array,
  ): void;

  /** `operation`: 0 add, 1 subtract, 2 multiply. */
  binary(operation: number, a: Float32Array, b: Float32Array, y: Float32Array): void;
  /** y = factor x + term. */
  linear(factor: number, term: number, x: Float32Array, y: Float32Array): void;
  /** `sizes`: rows, width of a, width of b. */
  join(sizes: Int32Array, a: Float32Array, b: Float32Array, y: Float32Array): void;
  /** `sizes`, `rank` numbers each: shape of `from` and of `to`, of the box, its begin in `from` and in `to`. */
  copyBox(rank: number, sizes: Int32Array, from: Float32Array, to: Float32Array): void;

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
  /** For each link: a field or null, `matrices` base (12), linear (9), to field (12). `sizes`: of the grid, then of each field. */
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
  /** `sizes`: I, J, K of the determinants and of the bounds. Fills the six numbers of `DeterminantStatistics`, in its order. */
  measureDeterminants(
    sizes: Int32Array,
    determinants: Float32Array,
    toVoxel: Float64Array,
    isBounded: number,
    floor: number,
    found: Float64Array,
  ): void;
  normaliseIntensities(values: Float32Array, low: number, factor: number, clips: number): void;
  fillMissing(values: Float32Array, value: number): void;

  /** `sizes`: I, J, K of the image, of a box, and how many boxes. `first`: voxel at which the first box begins. */
  averageBoxes(sizes: Int32Array, first: Int32Array, from: Float32Array, to: Float32Array): void;
  /**
   * `sizes`: I, J, K of the points' image, of a block and of the sampled image. `numbers`: `toVoxel` [12], `toMotion` [12],
   * `gradientToMotion` [9] and the noise of both. Fills points, misfit, gradient [12] and Hessian [12, 12].
   */
  correlateBlocks(
    sizes: Int32Array,
    points: Float32Array,
    blocks: Int32Array,
    sampled: Float32Array,
    numbers: Float64Array,
    found: Float64Array,
  ): void;

  /** `sizes`: points of the lattice, I, J, K. */
  splineNoise(sizes: Int32Array, spacing: number, lattice: Float32Array, out: Float32Array): void;
  /** Changes `highest` and `map`. */
  keepHighest(label: number, noise: Float32Array, highest: Float32Array, map: Uint16Array): void;
  /** field[n, axis] = factor noise[axis][n]. */
  weave(
    factor: number,
    field: Float32Array,
    noiseI: Float32Array | null,
    noiseJ: Float32Array | null,
    noiseK: Float32Array | null,
  ): void;
  /** `sizes`: I, J, K of the image and of the field. Floats if linear, else Uint16Array. */
  augmentSample(
    sizes: Int32Array,
    isLinear: number,
    hasEdge: number,
    outside: number,
    affine: Float64Array,
    field: Float32Array | null,
    image: Float32Array | Uint16Array,
    out: Float32Array | Uint16Array,
  ): void;
  paint(
    labels: Uint16Array,
    contrast: Float32Array,
    scenery: Uint16Array | null,
    around: Float32Array | null,
    out: Float32Array,
  ): void;
  /** `sizes`: I, J, K. Weights of distances 0, 1 and so on. Changes `image`. */
  blur(sizes: Int32Array, weights: Float32Array, image: Float32Array): void;
  /** `numbers`: deviation of the bias, power, deviation of the noise. `walk`: position, stride. Changes `image`. */
  adjust(
    sizes: Int32Array,
    numbers: Float32Array,
    bias: Float32Array | null,
    noise: Float32Array | null,
    walk: Int32Array,
    image: Float32Array,
  ): void;
}

/** What every similarity term takes: scale, fixed, moved, weights, slopes (in place), value. */
export type TermArguments = readonly [
  scale: number,
  fixed: Float32Array,
  moved: Float32Array,
  weights: Float32Array,
  slopes: Float32Array,
  value: Float64Array,
];
