import '../ops/gradients.js';
import * as tf from '@tensorflow/tfjs-core';
import {registrationObjective, type ObjectiveOptions} from '../losses/objective.js';
import type {NetworkInputs, RegistrationNetwork} from '../models/registration-network.js';
import type {Adam} from '../optimisers/adam.js';
import type {StepLosses} from '../progress.js';

/** One batch, and how much the smoothness of each pair weighs. */
export interface StepInputs extends NetworkInputs {
  /** [N]. */
  readonly lambda: tf.Tensor1D;
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
  let terms: tf.Scalar[] = [];
  const variables = [...network.weights.values()];
  const {value, grads} = tf.variableGrads(() => {
    const objective = objectiveOn(network, inputs, options);
    // Kept beyond the tape's own tidy; read and disposed below.
    terms = [tf.keep(objective.similarity.clone()), tf.keep(objective.smoothness.clone())];
    return objective.total;
  }, variables);
  const [total, similarity, smoothness] = [value, ...terms].map((term) => term.dataSync()[0]);
  tf.dispose([value, ...terms]);
  const gradients = Object.fromEntries(
    [...network.weights].map(([name, weight]) => [
      name,
      grads[weight.name] ?? tf.zerosLike(weight),
    ]),
  );
  return {losses: {total, similarity, smoothness}, gradients};
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

/** The objective alone. To be called within `tf.tidy` or on a gradient tape, which dispose what lies between. */
export function objectiveOn(
  network: RegistrationNetwork,
  inputs: StepInputs,
  options: ObjectiveOptions,
): ReturnType<typeof registrationObjective> {
  const {moving, fixed, lambda} = inputs;
  const {moved, movedBack, integrationVelocity} = network.predict(inputs);
  // As VoxelMorph: a bidirectional network is judged by both images, half and half.
  const similarity =
    movedBack === undefined
      ? options.similarity
      : (a: tf.Tensor, b: tf.Tensor): tf.Tensor1D =>
          tf.mul(tf.add(options.similarity(a, b), options.similarity(moving, movedBack)), 0.5);
  return registrationObjective({fixed, moved}, integrationVelocity, lambda, {
    ...options,
    similarity,
  });
}
