import assert from 'node:assert/strict';
import {test} from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import {startEngine} from '../../src/engines/select.js';
import {architectureSchema, type Architecture} from '../../src/models/architecture.js';
import {compactModel} from '../../src/models/compact.js';
import {generateKernels} from '../../src/models/hypernetwork.js';
import {
  completeDescription,
  decodeModel,
  encodeModel,
  type Model,
  type WeightTensor,
} from '../../src/models/model-file.js';
import {countParameters, listWeights} from '../../src/models/weight-specs.js';
import {balancedWeights} from '../../src/training/initial-weights.js';

await startEngine({engine: 'javascript'});

const UNET = {encoder: [2, 2], decoder: [2, 2, 2]};

function makeModel(
  hyperparameters: number,
  hypernetwork: {layers: number; units: number; rank?: number},
): Model {
  const architecture = architectureSchema.parse({hyperparameters, hypernetwork, unet: UNET});
  const weights = balancedWeights(architecture, 3);
  const draft = {
    architecture,
    grid: {spacingMm: null, orientation: null, multiple: 4, trainingShape: [16, 16, 16]},
    normalisation: {kind: 'minmax' as const},
    hyperparameters: Array.from({length: hyperparameters}, (_, n) => ({
      name: `h${n}`,
      minimum: 0,
      maximum: 1,
    })),
    provenance: {},
  };
  return {description: completeDescription(draft, weights), weights};
}

/** Every kernel and bias that hyperparameters give, one after the other. */
function kernelsOf(
  {weights}: {weights: ReadonlyMap<string, WeightTensor>},
  architecture: Architecture,
  values: readonly number[],
): number[] {
  return tf.tidy(() => {
    const tensors = new Map(
      [...weights].map(([name, {data, shape}]) => [name, tf.tensor(data, [...shape])]),
    );
    const kernels = generateKernels(tensors, architecture, tf.tensor2d([[...values]]));
    return [...kernels.values()].flatMap(({kernel, bias}) => [
      ...kernel.dataSync(),
      ...bias.dataSync(),
    ]);
  });
}

/** The compact model as a file would give it back. */
const compactOf = (model: Model): Model => decodeModel(encodeModel(compactModel(model)));

function requireSameKernels(model: Model, compact: Model, values: readonly number[]): void {
  const expected = kernelsOf(model, model.description.architecture, values);
  const found = kernelsOf(compact, compact.description.architecture, values);
  const largest = Math.max(...expected.map(Math.abs));
  assert.equal(found.length, expected.length);
  assert.ok(found.every((value, n) => Math.abs(value - expected[n]) < 2e-6 * largest));
}

test('a compact model gives the same kernels for every lambda, from fewer numbers', () => {
  const model = makeModel(1, {layers: 3, units: 32});
  const compact = compactOf(model);
  const {rank} = compact.description.architecture.hypernetwork;
  assert.ok(rank !== null && rank < 32, `rank ${rank}`);
  for (const lambda of [0, 0.123, 0.5, 0.777, 1]) requireSameKernels(model, compact, [lambda]);
});

test('so does one of two hyperparameters', () => {
  const model = makeModel(2, {layers: 1, units: 40});
  // Half of the units say what the other half says.
  const kernel = model.weights.get('hypernetwork_dense_1/kernel')!.data;
  const bias = model.weights.get('hypernetwork_dense_1/bias')!.data;
  kernel.forEach((_, n) => (kernel[n] = n % 40 < 20 ? kernel[n] : kernel[n - 20]));
  bias.forEach((_, n) => (bias[n] = n < 20 ? bias[n] : bias[n - 20]));
  const compact = compactOf(model);
  assert.ok(compact.description.architecture.hypernetwork.rank! <= 20);
  for (const values of [
    [0, 1],
    [0.3, 0.6],
  ])
    requireSameKernels(model, compact, values);
});

test('compacting a compact model changes nothing', () => {
  const compact = compactOf(makeModel(1, {layers: 3, units: 32}));
  assert.equal(compactModel(compact), compact);
});

test('a model with a code layer that is too wide is made narrower', () => {
  const model = makeModel(1, {layers: 1, units: 2, rank: 8});
  const compact = compactOf(model);
  assert.ok(compact.description.architecture.hypernetwork.rank! <= 2);
  requireSameKernels(model, compact, [0.4]);
});

test('a model that does not depend on lambda keeps one number', () => {
  const model = makeModel(1, {layers: 1, units: 4});
  model.weights.get('hypernetwork_dense_1/kernel')!.data.fill(0);
  const compact = compactOf(model);
  assert.equal(compact.description.architecture.hypernetwork.rank, 1);
  requireSameKernels(model, compact, [0.9]);
});

test('a model without a hypernetwork is as small as it gets', () => {
  const model = makeModel(0, {layers: 1, units: 4});
  assert.equal(compactModel(model), model);
});

test('a rank counts in the parameters and in the spread of the first kernels', () => {
  const build = (rank: number | null) =>
    architectureSchema.parse({hypernetwork: {layers: 2, units: 32, rank}, unet: UNET});
  assert.ok(countParameters(build(4)) < countParameters(build(null)) / 4);
  const spread = (architecture: Architecture) => {
    const weights = balancedWeights(architecture, 1);
    assert.deepEqual(
      [...weights.keys()],
      listWeights(architecture).map(({name}) => name),
    );
    const values = kernelsOf({weights}, architecture, [0.5]);
    return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);
  };
  const ratio = spread(build(4)) / spread(build(null));
  assert.ok(ratio > 0.8 && ratio < 1.25, `ratio ${ratio}`);
});
