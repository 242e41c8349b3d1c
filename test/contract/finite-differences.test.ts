import assert from 'node:assert/strict';
import {test} from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import {convolve, convolveJoined} from '../../src/ops/convolve.js';
import {memberships} from '../../src/ops/memberships.js';
import {overlaps} from '../../src/ops/overlaps.js';
import {dense} from '../../src/ops/dense.js';
import {integrateVelocity} from '../../src/ops/integrate.js';
import {jacobianDeterminant} from '../../src/ops/jacobian.js';
import {lncc} from '../../src/ops/lncc.js';
import {maxPool} from '../../src/ops/max-pool.js';
import {rescaleField} from '../../src/ops/rescale.js';
import {smoothness} from '../../src/ops/smoothness.js';
import {squaredError} from '../../src/ops/squared-error.js';
import {upsample} from '../../src/ops/upsample.js';
import {warpTensor} from '../../src/ops/warp.js';
import {onEveryEngine} from '../support/engines.js';
import {seededRandom} from '../support/random.js';
import '../support/tensors.js'; // registers TensorFlow.js' own gradients

/** Inputs move by up to twice this. A power of two: adding it to numbers below 8 rounds little. */
const STEP = 2 ** -6;
/** Half a unit in the last place of a float32 near 1. */
const ROUNDING = 2 ** -24;
/** Rounded operations behind an output: the longest sum here has about 150 terms, whose errors mostly cancel. */
const OPERATIONS = 16;

interface Input {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** An operation at a point where all inputs may move by 2 STEP without passing a kink. */
interface Case {
  readonly name: string;
  readonly inputs: readonly Input[];
  readonly run: (...inputs: tf.Tensor[]) => tf.Tensor;
}

function fill(
  shape: readonly number[],
  seed: number,
  draw: (random: () => number, index: number) => number,
): Input {
  const random = seededRandom(seed);
  const length = shape.reduce((product, size) => product * size, 1);
  return {shape, values: Float32Array.from({length}, (_, n) => draw(random, n))};
}

function uniform(shape: readonly number[], seed: number, scale = 1): Input {
  return fill(shape, seed, (random) => scale * (2 * random() - 1));
}

/** Numbers from a half to one and a half. */
function positive(shape: readonly number[], seed: number): Input {
  return fill(shape, seed, (random) => 0.5 + random());
}

/** Numbers that differ by at least an eighth, twice of what two may come closer: no maximum changes its place, no difference its sign. */
function distinct(shape: readonly number[], seed: number): Input {
  const random = seededRandom(seed);
  const {values} = fill(shape, seed, (_, n) => n);
  for (let n = values.length - 1; n > 0; n--) {
    const other = Math.floor(random() * (n + 1));
    [values[n], values[other]] = [values[other], values[n]];
  }
  return {shape, values: values.map((value) => value / 8)};
}

/** Displacements in the middle of a voxel, up to two voxels away: the next kink is a quarter of a voxel off. */
function betweenVoxels(shape: readonly number[], seed: number, factor = 1): Input {
  return fill(
    shape,
    seed,
    (random) => factor * (Math.floor(4 * random()) - 2 + 0.25 + 0.5 * random()),
  );
}

/** So large, of either sign, that kernels of size 0.02 or inputs of 0.1 take no output past zero. */
function largeBias(shape: readonly number[]): Input {
  return fill(shape, 0, (_, n) => (n % 2 === 0 ? 4 : -4));
}

function warpCase(name: string, image: number[], field: number[], fill: number | null): Case {
  return {
    name,
    inputs: [uniform(image, 1), betweenVoxels(field, 2)],
    run: (x, u) => warpTensor(x, u, {fill}),
  };
}

/** Two images that go up and down together, so that the bound on their covariance is never reached. */
function lnccCase(shape: number[], window: number, signed: boolean): Case {
  const fixed = uniform(shape, 20);
  const other = uniform(shape, 21);
  const moved = {
    shape,
    values: fixed.values.map((value, n) => 0.8 * value + 0.2 * other.values[n]),
  };
  return {
    name: `lncc${signed ? ', signed' : ''}, window ${window}, ${shape.join('x')}`,
    inputs: [fixed, moved],
    run: (a, b) => lncc(a, b, {window, signed}),
  };
}

const ACTIVATIONS = ['linear', 'relu', 'leakyRelu'] as const;

const CASES: readonly Case[] = [
  ...ACTIVATIONS.flatMap((activation): Case[] => [
    {
      name: `convolve ${activation}, stride 2`,
      inputs: [
        uniform([2, 5, 4, 6, 3], 1),
        uniform([2, 3, 3, 3, 3, 4], 2, 0.02),
        largeBias([2, 4]),
      ],
      run: (x, kernel, bias) => convolve(x, kernel, bias as tf.Tensor2D, {strides: 2, activation}),
    },
    {
      name: `convolve ${activation}, plane`,
      inputs: [uniform([1, 9, 8, 3], 3), uniform([1, 3, 3, 3, 5], 4, 0.02), largeBias([1, 5])],
      run: (x, kernel, bias) =>
        convolve(x, kernel, bias as tf.Tensor2D, {dilations: 2, activation}),
    },
    {
      name: `convolveJoined ${activation}`,
      inputs: [
        uniform([2, 2, 3, 2, 3], 5),
        uniform([2, 4, 6, 4, 2], 6),
        uniform([2, 3, 3, 3, 5, 4], 7, 0.02),
        largeBias([2, 4]),
      ],
      run: (coarse, skip, kernel, bias) =>
        convolveJoined(coarse, skip, kernel, bias as tf.Tensor2D, activation),
    },
    {
      name: `dense ${activation}`,
      inputs: [uniform([3, 9], 8), uniform([9, 21], 9, 0.1), largeBias([21])],
      run: (x, kernel, bias) =>
        dense(x as tf.Tensor2D, kernel as tf.Tensor2D, bias as tf.Tensor1D, activation),
    },
  ]),
  {name: 'maxPool', inputs: [distinct([2, 4, 6, 5, 3], 10)], run: maxPool},
  {name: 'maxPool, plane', inputs: [distinct([1, 6, 8, 4], 11)], run: maxPool},
  {
    name: 'upsample',
    inputs: [uniform([2, 2, 3, 2, 3], 12)],
    run: (x) => upsample(x, [2, 3, 2]),
  },
  warpCase('warp', [2, 6, 7, 9, 1], [2, 6, 7, 9, 3], null),
  warpCase('warp of vectors into another size', [1, 6, 7, 9, 3], [1, 5, 8, 6, 3], null),
  warpCase('warp with a fill', [1, 6, 7, 9, 2], [1, 6, 7, 9, 3], 0.5),
  warpCase('warp of a plane', [2, 9, 17, 2], [2, 9, 17, 2], null),
  {
    name: 'one step of scaling and squaring',
    inputs: [betweenVoxels([1, 5, 6, 9, 3], 13, 2)],
    run: (velocity) => integrateVelocity(velocity, {steps: 1}),
  },
  ...[2, 0.5].map((factor) => ({
    name: `rescaleField by ${factor}`,
    inputs: [uniform([2, 4, 6, 4, 3], 14)],
    run: (field: tf.Tensor) => rescaleField(field, factor),
  })),
  {name: 'jacobianDeterminant', inputs: [uniform([2, 4, 5, 6, 3], 15)], run: jacobianDeterminant},
  {
    name: 'jacobianDeterminant, plane',
    inputs: [uniform([1, 7, 6, 2], 16)],
    run: jacobianDeterminant,
  },
  {
    name: 'squaredError',
    inputs: [uniform([2, 5, 6, 7, 1], 17), uniform([2, 5, 6, 7, 1], 18)],
    run: squaredError,
  },
  {name: 'memberships', inputs: [uniform([2, 3, 4, 3], 20)], run: memberships},
  {
    name: 'overlaps',
    inputs: [positive([2, 3, 4, 5, 2], 21), positive([2, 3, 4, 5, 2], 22)],
    run: overlaps,
  },
  ...(['l1', 'l2'] as const).map((penalty) => ({
    name: `smoothness ${penalty}`,
    inputs: [distinct([2, 3, 4, 5, 3], 19)],
    run: (field: tf.Tensor) => smoothness(field, penalty),
  })),
  lnccCase([1, 6, 5, 7, 1], 3, false),
  lnccCase([2, 6, 5, 7, 1], 5, true),
  lnccCase([1, 9, 11, 1], 5, false),
];

/** Weights of the outputs: each counts, and none like its neighbour. */
function outputWeights(shape: readonly number[]): Float32Array {
  return fill(shape, 99, (random) => 0.5 + random()).values;
}

/** Gradients of sum(weights · output) by every input. */
function gradientsOf({inputs, run}: Case): Float32Array[] {
  return tf.tidy(() => {
    const tensors = inputs.map(({shape, values}) => tf.tensor(values.slice(), [...shape]));
    const loss = (...variables: tf.Tensor[]) => {
      const y = run(...variables);
      return tf.sum(tf.mul(y, tf.tensor(outputWeights(y.shape), y.shape)));
    };
    return tf
      .grads(loss)(tensors)
      .map((gradient) => Float32Array.from(gradient.dataSync()));
  });
}

/** sum(weights · output) in double, and the sum of the absolute terms. */
function evaluate({inputs, run}: Case, moved: number, direction: Float32Array, step: number) {
  const {shape, values} = tf.tidy(() => {
    const tensors = inputs.map(({shape, values}, n) =>
      tf.tensor(
        n === moved ? values.map((value, x) => value + step * direction[x]) : values.slice(),
        [...shape],
      ),
    );
    const y = run(...tensors);
    return {shape: y.shape, values: y.dataSync().slice()};
  });
  const weights = outputWeights(shape);
  let sum = 0;
  let size = 0;
  values.forEach((value, n) => {
    sum += weights[n] * value;
    size += Math.abs(weights[n] * value);
  });
  return {sum, size};
}

function assertSlope(one: Case, input: number, gradient: Float32Array): void {
  // Uphill everywhere, by steps that are multiples of 1/64: they are added without rounding.
  const random = seededRandom(7 + input);
  const direction = gradient.map(
    (value) => (value < 0 ? -1 : 1) * (0.5 + Math.floor(32 * random()) / 64),
  );
  const along = gradient.reduce((sum, value, n) => sum + value * direction[n], 0);
  const slope = (step: number) => {
    const [ahead, behind] = [step, -step].map((s) => evaluate(one, input, direction, s));
    return {value: (ahead.sum - behind.sum) / (2 * step), size: ahead.size};
  };
  const [narrow, wide] = [slope(STEP), slope(2 * STEP)];
  // Richardson: the errors of both, c step^2, cancel; step^4 is left.
  const expected = (4 * narrow.value - wide.value) / 3;
  const rounding = (OPERATIONS * ROUNDING * narrow.size) / STEP;
  const truncation = 16 * STEP ** 4 * Math.abs(along) + Math.abs(narrow.value - wide.value) / 16;
  const tolerance = rounding + truncation;
  const what = `${one.name}, input ${input}`;
  assert.ok(
    Math.abs(along) > 50 * tolerance,
    `${what}: a slope of ${along} says nothing within ${tolerance}`,
  );
  assert.ok(
    Math.abs(along - expected) <= tolerance,
    `${what}: the gradient climbs ${along}, the function ${expected}, within ${tolerance}`,
  );
}

onEveryEngine('gradients', () => {
  for (const one of CASES) {
    test(`${one.name} climbs as its gradient says`, () => {
      const before = tf.memory().numTensors;
      gradientsOf(one).forEach((gradient, input) => assertSlope(one, input, gradient));
      assert.equal(tf.memory().numTensors, before, 'no tensor is left behind');
    });
  }
});
