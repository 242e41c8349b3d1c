import type {ConvCase, ConvOperands} from './conv-cases.js';

// Winograd's F(2, 3) along three axes, written as the sums it is, in double precision; see conv_winograd_transform.inl.h.
const INPUT = [
  [1, 0, -1, 0],
  [0, 1, 1, 0],
  [0, -1, 1, 0],
  [0, 1, 0, -1],
]; // B^T
const FILTER = [
  [1, 0, 0],
  [1 / 2, 1 / 2, 1 / 2],
  [1 / 2, -1 / 2, 1 / 2],
  [0, 0, 1],
]; // G
const OUTPUT = [
  [1, 1, 1, 0],
  [0, 1, -1, -1],
]; // A^T

/** Half a unit in the last of bfloat16's 8 places, relative. */
const ROUNDING = 2 ** -8;

const FLOAT = new Float32Array(1);
const BITS = new Uint32Array(FLOAT.buffer);

/** The nearest bfloat16, ties to even. */
export function roundToBfloat16(value: number): number {
  FLOAT[0] = value;
  BITS[0] = Math.floor((BITS[0] + 0x7fff + ((BITS[0] >>> 16) & 1)) / 0x10000) * 0x10000;
  return FLOAT[0];
}

/** Every triple of 0 .. length - 1, the last fastest. */
function triples(length: number): number[][] {
  return Array.from({length: length ** 3}, (_, n) => [
    Math.floor(n / length ** 2),
    Math.floor(n / length) % length,
    n % length,
  ]);
}

/** A row of a matrix: columns with their factors, those of zero left out. */
type Row = readonly (readonly [column: number, factor: number])[];

/** The matrix that applies `matrix` along all three axes at once. */
function alongAllAxes(matrix: readonly (readonly number[])[]): Row[] {
  return triples(matrix.length).map((row) =>
    triples(matrix[0].length)
      .map((column, n): Row[number] => [
        n,
        row.reduce((factor, r, axis) => factor * matrix[r][column[axis]], 1),
      ])
      .filter(([, factor]) => factor !== 0),
  );
}

const TRANSFORMS = {
  input: alongAllAxes(INPUT), // [64, 64]
  filter: alongAllAxes(FILTER), // [64, 27]
  output: alongAllAxes(OUTPUT), // [8, 64]
};

function apply(matrix: readonly Row[], values: readonly number[]): number[] {
  return matrix.map((row) => row.reduce((sum, [n, factor]) => sum + factor * values[n], 0));
}

export interface RoundedResult {
  readonly y: Float32Array;
  /** By how much the rounding can change each output, at most. */
  readonly bounds: Float32Array;
}

/** A transformed input or filter at the 64 points, exact and rounded. */
interface Transformed {
  readonly exact: readonly number[];
  readonly rounded: readonly number[];
}

function transform(matrix: readonly Row[], values: readonly number[]): Transformed {
  const exact = apply(matrix, values);
  return {exact, rounded: exact.map(roundToBfloat16)};
}

/**
 * The slow twin of the convolution in bfloat16: 3x3x3, stride 1, zero padded, coarse input up-sampled by 2.
 *
 * It rounds where the kernel does, the transformed input and the transformed filter, and nowhere else.
 */
export function roundedConvolution(test: ConvCase, operands: ConvOperands): RoundedResult {
  const {items = 1, size, outputs} = test;
  const y = new Float32Array(items * size[0] * size[1] * size[2] * outputs);
  const bounds = new Float32Array(y.length);
  for (let n = 0; n < items; n++) {
    const item = test.filterPerItem ? n : 0;
    const filters = transformFilters(test, operands, item);
    for (const tile of tilesOf(size)) {
      const values = transformInputs(test, operands, n, tile);
      for (let o = 0; o < outputs; o++) {
        const {sums, errors} = multiply(values, filters[o]);
        triples(2).forEach((child, e) => {
          const [i, j, k] = add(tile, child, 0);
          if (i >= size[0] || j >= size[1] || k >= size[2]) return;
          const index = (((n * size[0] + i) * size[1] + j) * size[2] + k) * outputs + o;
          const value = sums[e] + operands.bias[item * outputs + o];
          y[index] = value > 0 ? value : value * operands.slope;
          bounds[index] = errors[e];
        });
      }
    }
  }
  return {y, bounds};
}

/** [O][C]. */
function transformFilters(
  {channels, coarseChannels = 0, outputs}: ConvCase,
  {kernel}: ConvOperands,
  item: number,
): Transformed[][] {
  const inputs = channels + coarseChannels;
  const tap = (t: number, c: number, o: number) =>
    kernel[((item * 27 + t) * inputs + c) * outputs + o];
  return Array.from({length: outputs}, (_, o) =>
    Array.from({length: inputs}, (_, c) =>
      transform(
        TRANSFORMS.filter,
        Array.from({length: 27}, (_, t) => tap(t, c, o)),
      ),
    ),
  );
}

/** [C], of one tile of item n. */
function transformInputs(
  test: ConvCase,
  operands: ConvOperands,
  n: number,
  tile: readonly number[],
): Transformed[] {
  const inputs = test.channels + (test.coarseChannels ?? 0);
  return Array.from({length: inputs}, (_, c) =>
    transform(
      TRANSFORMS.input,
      triples(4).map((at) => inputAt(test, operands, [n, c], add(tile, at, -1))),
    ),
  );
}

/** The 2x2x2 outputs of a tile, and by how much rounding can have changed them. */
function multiply(values: readonly Transformed[], filters: readonly Transformed[]) {
  const products = new Array<number>(64).fill(0);
  const sizes = new Array<number>(64).fill(0);
  values.forEach((value, c) => {
    const filter = filters[c];
    for (let point = 0; point < 64; point++) {
      products[point] += value.rounded[point] * filter.rounded[point];
      sizes[point] += Math.abs(value.exact[point] * filter.exact[point]);
    }
  });
  // (1 + r)(1 + r) - 1 of every product; an activation never makes a difference larger.
  const share = 2 * ROUNDING + ROUNDING ** 2;
  const magnitudes = apply(
    TRANSFORMS.output.map((row) => row.map(([n, factor]) => [n, Math.abs(factor)] as const)),
    sizes,
  );
  return {
    sums: apply(TRANSFORMS.output, products),
    errors: magnitudes.map((magnitude) => magnitude * share),
  };
}

/** First voxel of each 2x2x2 tile of outputs. */
function tilesOf(size: readonly number[]): number[][] {
  const [a, b, c] = size.map((length) => Math.ceil(length / 2));
  return Array.from({length: a * b * c}, (_, n) => [
    2 * Math.floor(n / (b * c)),
    2 * (Math.floor(n / c) % b),
    2 * (n % c),
  ]);
}

function add(tile: readonly number[], at: readonly number[], shift: number): number[] {
  return tile.map((first, axis) => first + at[axis] + shift);
}

/** concat([upsampleNearest(coarse), x]) with zeros around. */
function inputAt(
  {size, channels, coarseChannels = 0}: ConvCase,
  {x, coarse}: ConvOperands,
  [n, c]: readonly [number, number],
  voxel: readonly number[],
): number {
  if (voxel.some((position, axis) => position < 0 || position >= size[axis])) return 0;
  if (c >= coarseChannels) {
    const [i, j, k] = voxel;
    return x[(((n * size[0] + i) * size[1] + j) * size[2] + k) * channels + c - coarseChannels];
  }
  const [si, sj, sk] = size.map((length) => length / 2);
  const [i, j, k] = voxel.map((position) => Math.floor(position / 2));
  return coarse![(((n * si + i) * sj + j) * sk + k) * coarseChannels + c];
}
