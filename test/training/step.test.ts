import assert from 'node:assert/strict';
import {before, test} from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import {startEngine} from '../../src/engines/select.js';
import {labelOverlap} from '../../src/losses/dice.js';
import {mseLoss} from '../../src/losses/similarity.js';
import {architectureSchema, type Architecture} from '../../src/models/architecture.js';
import {RegistrationNetwork} from '../../src/models/registration-network.js';
import {warpTensor} from '../../src/ops/warp.js';
import {Random} from '../../src/random.js';
import {Adam} from '../../src/optimisers/adam.js';
import {balancedWeights} from '../../src/training/initial-weights.js';
import {PORTABLE as engine} from '../../src/kernels/voxel-operation.js';
import {smoothNoise} from '../../src/training/smooth-noise.js';
import {lossGradients, trainingStep, type StepInputs} from '../../src/training/step.js';

const ARCHITECTURE = architectureSchema.parse({
  dimensions: 2,
  hypernetwork: {layers: 1, units: 4},
  unet: {encoder: [4, 4], decoder: [4, 4]},
  integrationSteps: 2,
});
const OBJECTIVE = {similarity: mseLoss(0.2), penalty: 'l2', smoothnessScale: 2} as const;

before(async () => {
  await startEngine({engine: 'javascript'});
});

/** A network whose flow is large from the start, so that every gradient is. */
function createNetwork(changes: Partial<Architecture> = {}): RegistrationNetwork {
  const architecture = {...ARCHITECTURE, ...changes};
  const weights = balancedWeights(architecture, 3);
  const flow = weights.get('flow/kernel')!.data;
  const random = new Random(9);
  for (let n = 0; n < flow.length; n++) flow[n] = random.normal(0.2);
  return RegistrationNetwork.fromWeights(architecture, weights);
}

function inputsAt(lambda: number) {
  const image = (seed: number) =>
    tf.tensor4d(smoothNoise({shape: [16, 16, 1], engine}, 5, new Random(seed)), [1, 16, 16, 1]);
  return {
    moving: image(1),
    fixed: image(2),
    lambda: tf.tensor1d([lambda]),
    hyperparameters: tf.tensor2d([[lambda]]),
  };
}

/** What is bright and what is dark, as label maps that count as much as the images. */
function labelsOf({moving, fixed}: {readonly moving: tf.Tensor; readonly fixed: tf.Tensor}) {
  const parts = (image: tf.Tensor) =>
    tf.cast(tf.concat([tf.greater(image, 0.5), tf.less(image, -0.5)], 3), 'float32');
  return {moving: parts(moving), fixed: parts(fixed), weight: tf.tensor1d([0.5])};
}

test('at lambda 1 only smoothness counts, and a few steps make the field smoother', () => {
  const network = createNetwork();
  const adam = new Adam({learningRate: 0.01});
  const inputs = inputsAt(1);
  const losses = Array.from({length: 8}, () => trainingStep(network, adam, inputs, OBJECTIVE));
  for (const {total, similarity, smoothness} of losses) {
    assert.equal(similarity, 0);
    assert.equal(total, smoothness);
  }
  assert.ok(losses[7].smoothness < 0.7 * losses[0].smoothness);
});

test('at lambda 0 only similarity counts, and the loss falls on a pair that is seen again and again', () => {
  const network = createNetwork();
  const adam = new Adam({learningRate: 0.01});
  const inputs = inputsAt(0);
  const losses = Array.from({length: 30}, () => trainingStep(network, adam, inputs, OBJECTIVE));
  for (const {total, similarity, smoothness} of losses) {
    assert.equal(smoothness, 0);
    assert.equal(total, similarity);
  }
  assert.ok(losses[29].total < 0.8 * losses[0].total, `${losses[0].total} ${losses[29].total}`);
});

function requireSlope(network: RegistrationNetwork, inputs: StepInputs): void {
  const {losses, gradients} = lossGradients(network, inputs, OBJECTIVE);
  const square = Object.values(gradients).reduce(
    (sum, gradient) => sum + tf.tidy(() => tf.sum(tf.square(gradient)).dataSync()[0]),
    0,
  );
  const step = 1e-3 / Math.sqrt(square);
  for (const [name, weight] of network.weights) {
    tf.tidy(() => weight.assign(tf.sub(weight, tf.mul(gradients[name], step))));
  }
  const after = lossGradients(network, inputs, OBJECTIVE).losses;
  const slope = (losses.total - after.total) / step;
  // Kinks of max-pooling, LeakyReLU and sampling lie in between: a twentieth.
  assert.ok(Math.abs(slope / square - 1) < 0.05, `slope ${slope}, squared gradient ${square}`);
}

test('the gradient is the slope of the loss along it', () => {
  requireSlope(createNetwork(), {...inputsAt(0.3), labels: labelsOf(inputsAt(0.3))});
});

/** A pair whose labels weigh `weight`, as a network of two hyperparameters sees it. */
function inputsOfTwo(lambda: number, weight: number): StepInputs {
  return {
    ...inputsAt(lambda),
    hyperparameters: tf.tensor2d([[lambda, weight]]),
    labels: {...labelsOf(inputsAt(lambda)), weight: tf.tensor1d([weight])},
  };
}

test('the gradient of a network that sees the weight of the labels is the slope, too, and reaches what that weight feeds', () => {
  const network = createNetwork({hyperparameters: 2});
  const {gradients} = lossGradients(network, inputsOfTwo(0.3, 0.7), OBJECTIVE);
  const first = gradients['hypernetwork_dense_1/kernel'];
  assert.deepEqual(first.shape, [2, 4]);
  // The kernels are linear in the first layer's inputs: its gradients have their ratio.
  const [ofLambda, ofLabels] = first.arraySync() as number[][];
  ofLabels.forEach((slope, n) => {
    assert.ok(Math.abs(slope - (0.7 / 0.3) * ofLambda[n]) <= 1e-4 * Math.abs(slope) + 1e-7);
  });
  assert.ok(ofLabels.some((slope) => slope !== 0));
  requireSlope(network, inputsOfTwo(0.3, 0.7));
});

test('another weight of the labels is another answer of a network that sees it', () => {
  const network = createNetwork({hyperparameters: 2});
  const [a, b] = [0, 1].map((weight) => network.predict(inputsOfTwo(0.3, weight)).displacement);
  assert.ok(tf.max(tf.abs(tf.sub(a, b))).dataSync()[0] > 1e-3);
});

test('a bidirectional network is judged by the label maps on both grids, half and half', () => {
  const inputs = {...inputsAt(0.3), labels: labelsOf(inputsAt(0.3))};
  const network = createNetwork({bidirectional: true});
  const {displacement, inverseDisplacement} = network.predict(inputs);
  const {moving, fixed} = inputs.labels;
  const [there] = labelOverlap(fixed, warpTensor(moving, displacement, {fill: 0})).dataSync();
  const [back] = labelOverlap(
    moving,
    warpTensor(fixed, inverseDisplacement!, {fill: 0}),
  ).dataSync();
  assert.ok(Math.abs(there - back) > 0.01, `${there}, ${back}`); // or they could not be told apart
  const both = lossGradients(network, inputs, OBJECTIVE).losses.labels!;
  assert.ok(Math.abs(both + (0.7 * 0.5 * (there + back)) / 2) < 1e-5, `${both}`);
  const oneWay = lossGradients(createNetwork(), inputs, OBJECTIVE).losses.labels!;
  assert.ok(Math.abs(oneWay + 0.7 * 0.5 * there) < 1e-5, `${oneWay}`);
});

test('every weight has a gradient of its own shape, and a step leaves no tensor behind', () => {
  const network = createNetwork();
  const adam = new Adam({learningRate: 0.01});
  const inputs = inputsAt(0.5);
  trainingStep(network, adam, inputs, OBJECTIVE); // makes the moments
  const tensors = tf.memory().numTensors;
  trainingStep(network, adam, inputs, OBJECTIVE);
  assert.equal(tf.memory().numTensors, tensors);
  const {gradients} = lossGradients(network, inputs, OBJECTIVE);
  for (const [name, weight] of network.weights) {
    assert.deepEqual(gradients[name].shape, weight.shape);
  }
});

test('a loss that is not finite changes no weight', () => {
  const network = createNetwork();
  const adam = new Adam({learningRate: 0.01});
  const before = network.weights.get('flow/kernel')!.dataSync().slice();
  const inputs = {...inputsAt(0.5), fixed: tf.fill([1, 16, 16, 1], NaN)};
  assert.ok(!Number.isFinite(trainingStep(network, adam, inputs, OBJECTIVE).total));
  assert.deepEqual(network.weights.get('flow/kernel')!.dataSync(), before);
  assert.equal(adam.step, 0);
});
