import '../ops/gradients.js';
import * as tf from '@tensorflow/tfjs-core';
import {labellingLoss, labelOverlap} from '../losses/dice.js';
import {registrationObjective, type Objective, type ObjectiveOptions} from '../losses/objective.js';
import type {SimilarityLoss} from '../losses/similarity.js';
import type {NetworkInputs, RegistrationNetwork} from '../models/registration-network.js';
import type {Adam} from '../optimisers/adam.js';
import {warpTensor} from '../ops/warp.js';
import type {StepLosses} from '../progress.js';

/** One batch, and how much the smoothness of each pair weighs. */
export interface StepInputs extends NetworkInputs {
  /** [N]. */
  readonly lambda: tf.Tensor1D;
  /** Absent where no pair has label maps that count. */
  readonly labels?: LabelInputs;
}

/** Label maps of a batch as memberships, [N, I, J, K, L] or [N, I, J, L]. */
export interface LabelInputs {
  readonly fixed: tf.Tensor;
  readonly moving: tf.Tensor;
  /** [N]: how much the overlap counts; 0 for a pair without label maps. */
  readonly weight: tf.Tensor1D;
  /** What a labeller learns from; absent where the network has none. */
  readonly told?: ToldLabels;
}

/** Label maps of a batch as memberships of the background and of all labels, [N, I, J, K, 1 + L] or [N, I, J, 1 + L]. */
export interface ToldLabels {
  readonly fixed: tf.Tensor;
  readonly moving: tf.Tensor;
  /** [N]: 1 for a pair with label maps, 0 without. */
  readonly known: tf.Tensor1D;
}

/** Gradients of the total by the weights' canonical names. */
export type WeightGradients = Readonly<Record<string, tf.Tensor>>;

/**
 * The objective on a batch and its gradients, without any update.
 *
 * @returns Losses as numbers; gradients that the caller disposes.
 */
export function lossGradients(
  network: RegistrationNetwork,
  inputs: StepInputs,
  options: ObjectiveOptions,
): {readonly losses: StepLosses; readonly gradients: WeightGradients} {
  let terms: Omit<Objective, 'total'> | undefined;
  const variables = [...network.weights.values()];
  const {value, grads} = tf.variableGrads(() => {
    const objective = objectiveOn(network, inputs, options);
    // Kept beyond the tape's own tidy; read and disposed below.
    const keep = (term: tf.Scalar) => tf.keep(term.clone());
    const {total, similarity, labels, smoothness, labelling} = objective;
    terms = {
      similarity: keep(similarity),
      labels: labels && keep(labels),
      smoothness: keep(smoothness),
      labelling: labelling && keep(labelling),
    };
    return total;
  }, variables);
  const {similarity, labels, smoothness, labelling} = terms!;
  const read = (term: tf.Scalar) => {
    const [number] = term.dataSync();
    term.dispose();
    return number;
  };
  const losses = {
    total: read(value),
    similarity: read(similarity),
    ...(labels && {labels: read(labels)}),
    smoothness: read(smoothness),
    ...(labelling && {labelling: read(labelling)}),
  };
  const gradients = Object.fromEntries(
    [...network.weights].map(([name, weight]) => [
      name,
      grads[weight.name] ?? tf.zerosLike(weight),
    ]),
  );
  return {losses, gradients};
}

/**
 * One step of training: objective, gradients, update of every weight of the network. Nothing is updated where the loss is not
 * finite; the caller sees that in what is returned.
 */
export function trainingStep(
  network: RegistrationNetwork,
  optimiser: Adam,
  inputs: StepInputs,
  options: ObjectiveOptions & {readonly learningRate?: number},
): StepLosses {
  const {losses, gradients} = lossGradients(network, inputs, options);
  if (Number.isFinite(losses.total)) {
    optimiser.update(network.weights, gradients, options.learningRate);
  }
  tf.dispose(gradients);
  return losses;
}

/**
 * The objective alone. To be called within `tf.tidy` or on a gradient tape, which dispose what lies between.
 *
 * A bidirectional network is judged on both grids, half and half: its images as in VoxelMorph, and its label maps. Seen from one
 * grid alone, a label overlaps best where all of its inside is drawn from a small, safe part of the other one; the way back shows
 * that the rest of that other one lies outside.
 */
export function objectiveOn(
  network: RegistrationNetwork,
  inputs: StepInputs,
  options: ObjectiveOptions,
): Objective {
  const {moving, fixed, lambda, labels} = inputs;
  const prediction = network.predict(inputs);
  const {moved, movedBack, displacement, inverseDisplacement, integrationVelocity} = prediction;
  const similarity: SimilarityLoss =
    movedBack === undefined
      ? options.similarity
      : (a, b) => halfway(options.similarity(a, b), options.similarity(moving, movedBack));
  const overlapOn = (target: tf.Tensor, source: tf.Tensor, way: tf.Tensor) =>
    labelOverlap(target, warpTensor(source, way, {fill: 0}));
  const overlapOf = ({fixed: onFixed, moving: onMoving}: LabelInputs) => {
    const there = overlapOn(onFixed, onMoving, displacement);
    if (inverseDisplacement === undefined) return there;
    return halfway(there, overlapOn(onMoving, onFixed, inverseDisplacement));
  };
  const objective = registrationObjective({fixed, moved}, integrationVelocity, lambda, {
    ...options,
    similarity,
    labels: labels && {overlap: overlapOf(labels), weight: labels.weight},
  });
  const told = labels?.told;
  if (told === undefined) return objective;
  const unlike = (image: tf.Tensor, wanted: tf.Tensor) =>
    labellingLoss(network.scoreLabels(image), wanted);
  const both = halfway(unlike(fixed, told.fixed), unlike(moving, told.moving));
  const labelling: tf.Scalar = tf.mean(tf.mul(told.known, both));
  return {...objective, labelling, total: tf.add(objective.total, labelling)};
}

function halfway(a: tf.Tensor1D, b: tf.Tensor1D): tf.Tensor1D {
  return tf.mul(tf.add(a, b), 0.5);
}
