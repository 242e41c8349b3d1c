import {Random} from '../random.js';
import {listConvolutions} from './architecture.js';
import {codeOf} from './code.js';
import type {ModelDescription, ModelDraft} from './model-description.js';
import type {Model, ModelWeights, WeightTensor} from './model-file.js';

/** How many codes are looked at: along the range of one hyperparameter, or at random where there are several. */
const SAMPLES = 1025;

/** A flat piece of the space of codes that holds all that hyperparameters can say. */
interface CodePlane {
  readonly origin: readonly number[];
  /** Orthonormal. */
  readonly axes: readonly (readonly number[])[];
}

/**
 * The same network with as few numbers as its kernels need to be generated from.
 *
 * A hypernetwork of ReLU layers turns a hyperparameter into a curve of few bends, which fills few of the dimensions that its last layer
 * has: kernels are generated from coordinates in these, and most of the file is saved. Nothing but rounding changes.
 *
 * @param model - Not modified.
 * @param options - How exactly.
 * @param options.tolerance - Largest distance of a code from the dimensions that are kept, as a share of the largest code's from their mean.
 * @returns A new model; the given one where it is as small already.
 * @example
 * import {compactModel, readModel} from 'hypermorph';
 * const {description} = compactModel(await readModel('model.safetensors'));
 * (description.architecture?.hypernetwork?.rank ?? 0) < 16; // true
 */
export function compactModel(
  model: Model,
  options: {readonly tolerance?: number} = {},
): {readonly description: ModelDraft; readonly weights: ModelWeights} {
  const {tolerance = 1e-6} = options;
  const {description, weights} = model;
  const {architecture} = description;
  if (architecture.hyperparameters === 0) return model;
  const codes = sampleHyperparameters(description).map((values) =>
    codeOf(weights, architecture, values),
  );
  const plane = planeThrough(codes, tolerance);
  const rank = Math.max(plane.axes.length, 1);
  if (rank >= codes[0].length) return model;
  const compact = new Map(weights);
  const {kernel, bias} = codeLayer(weights, codes[0].length);
  compact.set('hypernetwork_code/kernel', {
    shape: [kernel.length, rank],
    data: Float32Array.from(kernel.flatMap((row) => padded(plane, rank, (axis) => dot(row, axis)))),
  });
  const offset = bias.map((value, n) => value - plane.origin[n]);
  compact.set('hypernetwork_code/bias', {
    shape: [rank],
    data: Float32Array.from(padded(plane, rank, (axis) => dot(offset, axis))),
  });
  for (const {name} of listConvolutions(architecture)) {
    for (const what of ['hyperkernel', 'hyperbias']) {
      projectGenerator(compact, `unet_${name}/${what}`, plane, rank);
    }
  }
  const hypernetwork = {...architecture.hypernetwork, rank};
  return {
    description: {...description, architecture: {...architecture, hypernetwork}},
    weights: compact,
  };
}

function sampleHyperparameters({hyperparameters}: ModelDescription): number[][] {
  const random = new Random(1);
  return Array.from({length: SAMPLES}, (_, n) =>
    hyperparameters.map(({minimum, maximum}) => {
      const share = hyperparameters.length === 1 ? n / (SAMPLES - 1) : random.uniform();
      return minimum + (maximum - minimum) * share;
    }),
  );
}

/** Axes from the mean to whichever point is farthest from those found so far. */
function planeThrough(points: readonly (readonly number[])[], tolerance: number): CodePlane {
  const origin = points[0].map(
    (_, n) => points.reduce((sum, point) => sum + point[n], 0) / points.length,
  );
  let rests = points.map((point) => point.map((value, n) => value - origin[n]));
  const farthest = () => rests.reduce((a, b) => (dot(b, b) > dot(a, a) ? b : a));
  const most = Math.sqrt(dot(farthest(), farthest()));
  const axes: number[][] = [];
  for (;;) {
    const rest = farthest();
    const length = Math.sqrt(dot(rest, rest));
    if (length <= tolerance * most) return {origin, axes};
    const axis = rest.map((value) => value / length);
    axes.push(axis);
    rests = rests.map((point) => {
      const along = dot(point, axis);
      return point.map((value, n) => value - along * axis[n]);
    });
  }
}

/** The layer that a code comes from: the model's own, or the one that changes nothing. */
function codeLayer(
  weights: ModelWeights,
  length: number,
): {readonly kernel: readonly (readonly number[])[]; readonly bias: readonly number[]} {
  const units = Array.from({length}, (_, n) => n);
  const own = weights.get('hypernetwork_code/kernel');
  if (!own) {
    const kernel = units.map((unit) => units.map((n) => (n === unit ? 1 : 0)));
    return {kernel, bias: units.map(() => 0)};
  }
  const rows = Array.from({length: own.shape[0]}, (_, row) =>
    Array.from(own.data.subarray(row * length, (row + 1) * length)),
  );
  return {kernel: rows, bias: Array.from(weights.get('hypernetwork_code/bias')!.data)};
}

/** What the origin gives becomes the bias, what an axis gives a row of the kernel. */
function projectGenerator(
  weights: Map<string, WeightTensor>,
  generator: string,
  plane: CodePlane,
  rank: number,
): void {
  const {data} = weights.get(`${generator}_kernel`)!;
  const bias = weights.get(`${generator}_bias`)!;
  const length = bias.data.length;
  const rows = plane.origin.map((_, n) => data.subarray(n * length, (n + 1) * length));
  const along = (axis: readonly number[], start?: Float32Array) => {
    const sum = start ? Float64Array.from(start) : new Float64Array(length);
    for (const [n, row] of rows.entries()) {
      for (let x = 0; x < length; x++) sum[x] += axis[n] * row[x];
    }
    return sum;
  };
  const kernel = new Float32Array(rank * length);
  plane.axes.forEach((axis, n) => {
    kernel.set(along(axis), n * length);
  });
  weights.set(`${generator}_kernel`, {shape: [rank, length], data: kernel});
  weights.set(`${generator}_bias`, {
    shape: bias.shape,
    data: Float32Array.from(along(plane.origin, bias.data)),
  });
}

/** A number for each axis; a network that answers alike for all hyperparameters has none, and one number that says nothing. */
function padded(
  {axes}: CodePlane,
  rank: number,
  numberOf: (axis: readonly number[]) => number,
): number[] {
  return Array.from({length: rank}, (_, n) => (n < axes.length ? numberOf(axes[n]) : 0));
}

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, n) => sum + value * b[n], 0);
}
