import * as tf from '@tensorflow/tfjs-core';
import '../../ops/gradients.js';
import {integrateVelocity} from '../../ops/integrate.js';
import {interpolateLinear} from '../../ops/interpolate.js';
import {lnccMap} from '../../ops/lncc.js';
import {warpTensor} from '../../ops/warp.js';
import type {Triple} from '../../geometry/triple.js';
import {
  REFINEMENT_ADAM,
  lanesFor,
  largestOf,
  squaringsFor,
  type LevelFigures,
  type LevelLabels,
  type LevelProblem,
  type RefinementLevel,
} from './level.js';

/** Bins of mutual information over intensities 0 to 1, linear between their centres. */
const INFORMATION_BINS = 32;
const SMALLEST_SHARE = 1e-12;
const NOTHING_YET: LevelFigures = {similarity: 0, overlap: null, roughness: 0};

type Shape5 = [number, number, number, number, number];

/** A level whose gradient comes from automatic differentiation of the public operations. */
export class PortableLevel implements RefinementLevel {
  readonly #problem: LevelProblem;
  readonly #first: Float32Array;
  readonly #second: Float32Array;
  #velocity: Float32Array;
  #gradient: Float32Array = new Float32Array(0);
  #step = 0;

  constructor(problem: LevelProblem) {
    this.#problem = problem;
    this.#velocity = Float32Array.from(problem.velocity);
    this.#first = new Float32Array(problem.velocity.length);
    this.#second = new Float32Array(problem.velocity.length);
  }

  velocity(): Float32Array {
    return this.#velocity;
  }

  gradient(): Float32Array {
    return this.#gradient;
  }

  measure(): LevelFigures {
    const steps = squaringsFor(largestOf(this.#velocity), this.#problem.velocityShape);
    let figures: LevelFigures = NOTHING_YET;
    tf.tidy(() => {
      const velocity = threeOf(fieldTensor(this.#velocity, this.#problem.velocityShape));
      figures = read(termsOf(this.#problem, velocity, steps));
    });
    return figures;
  }

  iterate(rate: number): LevelFigures {
    const {figures, gradient} = differentiate(this.#problem, this.#velocity);
    this.#gradient = gradient;
    this.#descend(rate, smoothed(gradient, this.#problem.velocityShape));
    return figures;
  }

  dispose(): void {}

  #descend(rate: number, gradient: Float32Array): void {
    const {beta1, beta2} = REFINEMENT_ADAM;
    const [i, j, k] = this.#problem.velocityShape;
    const epsilon = REFINEMENT_ADAM.epsilon / (i * j * k);
    this.#step++;
    const mean = 1 / (1 - beta1 ** this.#step);
    const square = 1 / (1 - beta2 ** this.#step);
    this.#velocity = this.#velocity.map((value, n) => {
      const slope = gradient[n];
      this.#first[n] = beta1 * this.#first[n] + (1 - beta1) * slope;
      this.#second[n] = beta2 * this.#second[n] + (1 - beta2) * slope ** 2;
      return (
        value - (rate * mean * this.#first[n]) / (Math.sqrt(square * this.#second[n]) + epsilon)
      );
    });
  }
}

export function integratePortably(
  velocity: Float32Array,
  shape: Triple,
  steps: number,
): Float32Array {
  return valuesOf(() => integrateVelocity(threeOf(fieldTensor(velocity, shape)), {steps}));
}

/** Terms of the objective and its gradient by the padded velocity. */
function differentiate(
  problem: LevelProblem,
  velocity: Float32Array,
): {figures: LevelFigures; gradient: Float32Array} {
  const steps = squaringsFor(largestOf(velocity), problem.velocityShape);
  let figures: LevelFigures = NOTHING_YET;
  const gradient = valuesOf(() => {
    const slope = tf.grad((field) => {
      const terms = termsOf(problem, field as tf.Tensor5D, steps);
      figures = read(terms);
      const {similarity, overlap, roughness} = terms;
      const weight = problem.labels?.weight ?? 0;
      const fit =
        overlap === null
          ? similarity
          : tf.add(tf.mul(similarity, 1 - weight), tf.mul(overlap, weight));
      return tf.sub(roughness, tf.mul(fit, problem.similarityWeight));
    });
    return slope(threeOf(fieldTensor(velocity, problem.velocityShape)));
  });
  return {figures, gradient};
}

/** The terms of a velocity of three components. */
function termsOf(problem: LevelProblem, velocity: tf.Tensor5D, steps: number) {
  const {shape, labels} = problem;
  const integral = integrateVelocity(velocity, {steps}) as tf.Tensor5D;
  const displacement = onImageGrid(integral, shape);
  return {
    similarity: similarityOf(problem, displacement, weightsOf(problem, displacement)),
    overlap: labels && overlapOf(labels, onLabelGrid(integral, labels.shape)),
    roughness: roughnessOf(problem, velocity),
  };
}

function read({similarity, overlap, roughness}: ReturnType<typeof termsOf>): LevelFigures {
  return {
    similarity: similarity.dataSync()[0],
    overlap: overlap && overlap.dataSync()[0],
    roughness: roughness.dataSync()[0],
  };
}

/** The padded numbers of a field that is computed and forgotten. */
function valuesOf(compute: () => tf.Tensor): Float32Array {
  const field = tf.tidy(compute);
  const values = fourOf(field.dataSync());
  field.dispose();
  return values;
}

function fieldTensor(field: Float32Array, shape: Triple): tf.Tensor5D {
  return tf.tensor5d(field, [1, ...shape, 4]);
}

function threeOf(field: tf.Tensor5D): tf.Tensor5D {
  return tf.slice(field, [0, 0, 0, 0, 0], [...field.shape.slice(0, 4), 3] as Shape5);
}

function fourOf(field: ArrayLike<number>): Float32Array {
  const padded = new Float32Array((field.length / 3) * 4);
  for (let n = 0; n < field.length; n++) padded[4 * Math.floor(n / 3) + (n % 3)] = field[n];
  return padded;
}

function similarityOf(
  {fixed: fixedVoxels, moving, shape, similarity, radius, bound}: LevelProblem,
  displacement: tf.Tensor,
  weights: tf.Tensor,
): tf.Tensor {
  const fixed = tf.tensor5d(fixedVoxels, [1, ...shape, 1]);
  const moved = warpTensor(tf.tensor5d(moving, [1, ...shape, 1]), displacement);
  if (similarity === 'mi') return informationOf(fixed, moved, weights);
  if (similarity === 'mse')
    return tf.neg(tf.mean(tf.mul(weights, tf.squaredDifference(fixed, moved))));
  const window = shape.map((length) => (length > 1 ? 2 * radius + 1 : 1));
  const map = (other: tf.Tensor) => lnccMap(fixed, other, {window, epsilon: bound});
  return tf.mean(tf.mul(weights, tf.maximum(map(moved), map(tf.neg(moved)))));
}

function overlapOf(labels: LevelLabels, displacement: tf.Tensor): tf.Tensor {
  const {shape, count} = labels;
  const maps = [1, ...shape, lanesFor(count)];
  const fixed = tf.tensor(labels.fixed, maps);
  const moved = warpTensor(tf.tensor(labels.moving, maps), displacement);
  const weights = weightsOf(labels, displacement);
  const sumUp = (map: tf.Tensor) => tf.sum(tf.mul(weights, map), [0, 1, 2, 3]);
  const squares = sumUp(tf.add(tf.square(fixed), tf.square(moved)));
  const overlaps = tf.div(
    tf.mul(sumUp(tf.mul(fixed, moved)), 2),
    tf.maximum(squares, SMALLEST_SHARE),
  );
  return tf.div(tf.sum(overlaps), count);
}

/** A displacement where the labels are: on its own grid, or the mean of every 2 x 2 x 2 vectors that exist, halved. */
function onLabelGrid(displacement: tf.Tensor5D, shape: Triple): tf.Tensor {
  const size = displacement.shape.slice(1, 4);
  if (shape.every((length, axis) => length === size[axis])) return displacement;
  const means = shape.reduce((field: tf.Tensor, length, axis) => {
    const along = axis + 1;
    const rest = field.shape.map((count, at) => (at === along ? 1 : count));
    const last = field.shape.map((count, at) => (at === along ? count - 1 : 0));
    const isOdd = size[axis] % 2 === 1;
    const even = isOdd ? tf.concat([field, tf.slice(field, last, rest)], along) : field;
    const pairs = [...field.shape.slice(0, along), length, 2, ...field.shape.slice(along + 1)];
    return tf.mean(tf.reshape(even, pairs), along + 1);
  }, displacement);
  return tf.mul(means, 0.5);
}

/** A displacement of half the resolution at every image voxel. */
function onImageGrid(displacement: tf.Tensor5D, shape: Triple): tf.Tensor5D {
  if (shape.every((length, axis) => length === displacement.shape[axis + 1])) return displacement;
  const positions = shape.map((length, axis) => {
    const along: [number, number, number, number] = [1, 1, 1, 1];
    along[axis + 1] = length;
    const last = displacement.shape[axis + 1] - 1;
    const values = Array.from({length}, (_, x) => Math.min(Math.max((x - 0.5) / 2, 0), last));
    return tf.tensor4d(values, along);
  });
  return tf.mul(interpolateLinear(displacement, positions as [tf.Tensor, tf.Tensor, tf.Tensor]), 2);
}

/** What every voxel counts, [1, I, J, K, 1], which does not take part in the gradient. */
function weightsOf(
  {shape, fixedMask, movingMask}: Pick<LevelProblem, 'shape' | 'fixedMask' | 'movingMask'>,
  field: tf.Tensor,
): tf.Tensor5D {
  const displacement = field.dataSync();
  const [planes, rows, width] = shape;
  const weights = Float32Array.from({length: planes * rows * width}, (_, n) => {
    const voxel = [Math.floor(n / (rows * width)), Math.floor(n / width) % rows, n % width];
    const position = voxel.map((x, axis) => x + displacement[3 * n + axis]);
    if (position.some((x, axis) => x < -0.5 || x > shape[axis] - 0.5)) return 0;
    const [i, j, k] = position.map((x, axis) => {
      const clamped = Math.min(Math.max(x, 0), shape[axis] - 1);
      const lower = Math.min(Math.floor(clamped), Math.max(shape[axis] - 2, 0));
      return clamped - lower > 0.5 ? lower + 1 : lower;
    });
    const read = movingMask === null ? 1 : movingMask[(i * rows + j) * width + k];
    return (fixedMask === null ? 1 : fixedMask[n]) * read;
  });
  return tf.tensor5d(weights, [1, ...shape, 1]);
}

function informationOf(fixed: tf.Tensor, moved: tf.Tensor, weights: tf.Tensor): tf.Tensor {
  const centres = tf.range(0, INFORMATION_BINS);
  const bins = (image: tf.Tensor) => {
    const position = tf.clipByValue(tf.mul(image, INFORMATION_BINS - 1), 0, INFORMATION_BINS - 1);
    const distance = tf.abs(tf.sub(tf.reshape(position, [-1, 1]), centres));
    return tf.relu(tf.sub(1, distance)); // [V, bins]
  };
  const counts = tf.matMul(tf.mul(bins(fixed), tf.reshape(weights, [-1, 1])), bins(moved), true);
  const joint = tf.div(counts, tf.sum(counts));
  const independent = tf.matMul(tf.sum(joint, 1, true), tf.sum(joint, 0, true));
  // What is added keeps empty cells, which count nothing, from having an infinite logarithm.
  const ratio = tf.div(tf.add(joint, SMALLEST_SHARE), tf.add(independent, SMALLEST_SHARE));
  return tf.sum(tf.mul(joint, tf.log(ratio)));
}

function roughnessOf({roughnessWeights}: LevelProblem, velocity: tf.Tensor5D): tf.Tensor {
  const terms = [0, 1, 2].map((axis) => {
    const length = velocity.shape[axis + 1];
    if (length === 1) return tf.scalar(0);
    const rest = velocity.shape.map((size, at) => (at === axis + 1 ? length - 1 : size));
    const one = velocity.shape.map((_, at) => (at === axis + 1 ? 1 : 0));
    const lower = tf.slice(velocity, [0, 0, 0, 0, 0], rest);
    const upper = tf.slice(velocity, one, rest);
    const weights = tf.tensor1d(roughnessWeights.slice(3 * axis, 3 * axis + 3));
    return tf.sum(tf.mul(tf.square(tf.sub(upper, lower)), weights));
  });
  return tf.addN(terms);
}

/** Every vector mixed with its neighbours along every axis: 1/8, 3/4, 1/8, edges repeated. */
function smoothed(field: Float32Array, shape: Triple): Float32Array {
  const steps = [4 * shape[1] * shape[2], 4 * shape[2], 4];
  return steps.reduce((from, step, axis) => {
    const length = shape[axis];
    return from.map((value, n) => {
      const x = Math.floor(n / step) % length;
      const below = x > 0 ? from[n - step] : value;
      const above = x + 1 < length ? from[n + step] : value;
      return (below + above) / 8 + (3 * value) / 4;
    });
  }, field);
}
