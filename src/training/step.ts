import '../ops/gradients.js';
import * as tf from '@tensorflow/tfjs-core';
import {HypermorphError} from '../errors.js';
import {labellingLoss, labelOverlap} from '../losses/dice.js';
import {registrationObjective, type Objective, type ObjectiveOptions} from '../losses/objective.js';
import type {SimilarityLoss} from '../losses/similarity.js';
import type {NetworkInputs, RegistrationNetwork} from '../models/registration-network.js';
import type {Adam} from '../optimisers/adam.js';
import {warpTensor} from '../ops/warp.js';
import type {StepLosses} from '../progress.js';
import {isTrained, type Trained} from './trained.js';

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

export interface StepOptions extends ObjectiveOptions {
  /** `labeller`: the network that registers stays as it is, and is not run; its losses count as 0. All unless told. */
  readonly trains?: Trained;
}

/**
 * The objective on a batch and its gradients, without any update.
 *
 * @returns Losses as numbers; gradients of what is trained, which the caller disposes.
 */
export function lossGradients(
  network: RegistrationNetwork,
  inputs: StepInputs,
  options: StepOptions,
  trained = trainedWeights(network, options),
): {readonly losses: StepLosses; readonly gradients: WeightGradients} {
  let terms: Omit<Objective, 'total'> | undefined;
  const {value, grads} = tf.variableGrads(() => {
    const objective =
      options.trains === 'labeller'
        ? labellingAlone(network, inputs)
        : objectiveOn(network, inputs, options);
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
  }, [...trained.values()]);
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
    [...trained].map(([name, weight]) => [name, grads[weight.name] ?? tf.zerosLike(weight)]),
  );
  return {losses, gradients};
}

/**
 * One step of training: objective, gradients, update of every weight that is trained. Nothing is updated where the loss is not
 * finite; the caller sees that in what is returned.
 */
export function trainingStep(
  network: RegistrationNetwork,
  optimiser: Adam,
  inputs: StepInputs,
  options: StepOptions & {readonly learningRate?: number},
): StepLosses {
  const trained = trainedWeights(network, options);
  const {losses, gradients} = lossGradients(network, inputs, options, trained);
  if (Number.isFinite(losses.total)) {
    optimiser.update(trained, gradients, options.learningRate);
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
  if (labels?.told === undefined) return objective;
  const labelling = labellingOn(network, inputs, labels.told);
  return {...objective, labelling, total: tf.add(objective.total, labelling)};
}

/** What a labeller has still to learn, where nothing else is trained. E_CONFIG if no pair has label maps. */
function labellingAlone(network: RegistrationNetwork, inputs: StepInputs): Objective {
  const told = inputs.labels?.told;
  if (told === undefined) {
    throw new HypermorphError(
      'E_CONFIG',
      'sources: every pair must have label maps where trains is "labeller", got one without.',
    );
  }
  const [nothing, labelling] = [tf.scalar(0), labellingOn(network, inputs, told)];
  return {
    total: labelling,
    ...{similarity: nothing, labels: undefined, smoothness: nothing},
    labelling,
  };
}

/** The mean over the batch of what the labeller has to learn about both images. */
function labellingOn(
  network: RegistrationNetwork,
  {fixed, moving}: StepInputs,
  told: ToldLabels,
): tf.Scalar {
  const unlike = (image: tf.Tensor, wanted: tf.Tensor) =>
    labellingLoss(network.scoreLabels(image), wanted);
  const both = halfway(unlike(fixed, told.fixed), unlike(moving, told.moving));
  return tf.mean(tf.mul(told.known, both));
}

function trainedWeights(
  {weights}: RegistrationNetwork,
  {trains = 'all'}: StepOptions,
): ReadonlyMap<string, tf.Variable> {
  return new Map([...weights].filter(([name]) => isTrained(name, trains)));
}

function halfway(a: tf.Tensor1D, b: tf.Tensor1D): tf.Tensor1D {
  return tf.mul(tf.add(a, b), 0.5);
}
