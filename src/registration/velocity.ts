import * as tf from '@tensorflow/tfjs-core';
import {areFinite} from '../volume/finite.js';
import type {KernelRunner} from '../kernels/voxel-operation.js';
import {HypermorphError} from '../errors.js';
import type {Architecture} from '../models/architecture.js';
import {integratePrediction} from '../models/registration-network.js';
import {jacobianDeterminant} from '../ops/jacobian.js';
import {rescaleField} from '../ops/rescale.js';
import type {Triple} from '../geometry/triple.js';
import type {NetworkField} from './geometry.js';

/** The part of a registration network that registering needs; a test can put any function in its place. */
export interface VelocityNetwork {
  readonly architecture: Pick<
    Architecture,
    'dimensions' | 'integrationResolution' | 'integrationSteps' | 'fill' | 'labeller'
  >;
  /**
   * Where its architecture has a labeller: log(p_label / p_background), [1, I, J, K, labels] of an image as below. The caller disposes
   * them.
   */
  predictLogOdds?(image: tf.Tensor): tf.Tensor;
  /**
   * @param inputs.moving - [1, I, J, K, 1]; [1, I, J, 1] for a two-dimensional network. Likewise `fixed`.
   * @param inputs.hyperparameters - [1, H]; absent for a network without any.
   * @returns The stationary velocity at `velocityResolution`, voxels of that grid. The caller disposes it.
   */
  predictVelocity(inputs: {
    readonly moving: tf.Tensor;
    readonly fixed: tf.Tensor;
    readonly hyperparameters?: tf.Tensor2D;
  }): tf.Tensor;
}

/** A stationary velocity field on a grid that covers the network's, with other voxels or the same. */
export interface Velocity {
  /** [i, j, k, 3] in tensor order, or [i, j, 2] of a two-dimensional network; voxels of its own grid. */
  readonly values: Float32Array;
  /** i, j, k, 3 or i, j, 2. */
  readonly shape: readonly number[];
}

/** How two images are laid onto each other: a velocity field and what it amounts to on the network's grid, tensor order. */
export interface Deformation {
  /** The field whose exponential the displacement is. */
  readonly velocity: Velocity;
  readonly displacement: NetworkField;
  /** Jacobian determinant of id + displacement, [I, J, K]. */
  readonly jacobian: Float32Array;
}

/** How a velocity is integrated: by the rule of the network, up to the network's grid of I, J, K voxels. */
export interface Integration {
  readonly architecture: VelocityNetwork['architecture'];
  readonly shape: Triple;
  readonly engine: KernelRunner;
}

/**
 * Run the network on two conformed images.
 *
 * @param images - [I, J, K] in tensor order, normalised.
 * @param options.hyperparameters - One value per hyperparameter of the network.
 */
export async function predictVelocity(
  network: VelocityNetwork,
  images: {readonly moving: Float32Array; readonly fixed: Float32Array},
  options: {readonly shape: Triple; readonly hyperparameters: readonly number[]},
): Promise<Velocity> {
  const velocity = tf.tidy(() => runNetwork(network, images, options));
  try {
    return {values: await valuesOf(velocity), shape: velocity.shape.slice(1)};
  } finally {
    velocity.dispose();
  }
}

/**
 * Integrate a velocity, at the resolution that the network's architecture says.
 *
 * @throws {HypermorphError} E_RANGE if the numbers are not finite.
 */
export async function integrate(velocity: Velocity, how: Integration): Promise<Deformation> {
  const results = tf.tidy(() => {
    const integrated = integratePrediction(tensorOf(velocity), how.architecture, {
      length: how.shape[0],
      coversImage: true,
    });
    const {integrationVelocity, displacement} = integrated;
    return {
      velocity: integrationVelocity,
      displacement,
      jacobian: jacobianDeterminant(displacement),
    };
  });
  try {
    const shape = results.velocity.shape.slice(1);
    const deformation = {
      velocity: {values: await valuesOf(results.velocity), shape},
      displacement: threeComponents(await valuesOf(results.displacement), how),
      jacobian: await valuesOf(results.jacobian),
    };
    requireFinite(deformation.displacement, 'displacement', how);
    requireFinite(deformation.jacobian, 'Jacobian determinant', how);
    return deformation;
  } finally {
    tf.dispose(results);
  }
}

/** The displacement of the inverse: the negated velocity, integrated. E_RANGE if it is not finite. */
export async function integrateBackwards(
  velocity: Velocity,
  how: Integration,
): Promise<NetworkField> {
  const displacement = tf.tidy(() => {
    const options = {length: how.shape[0], coversImage: true};
    return integratePrediction(tf.neg(tensorOf(velocity)), how.architecture, options).displacement;
  });
  try {
    const field = threeComponents(await valuesOf(displacement), how);
    requireFinite(field, 'inverse displacement', how);
    return field;
  } finally {
    displacement.dispose();
  }
}

/** The velocity brought to the network's grid, voxels of that grid. */
export async function velocityOnNetworkGrid(
  velocity: Velocity,
  how: Integration,
): Promise<NetworkField> {
  const rescaled = tf.tidy(() =>
    rescaleField(tensorOf(velocity), how.shape[0] / velocity.shape[0]),
  );
  try {
    return threeComponents(await valuesOf(rescaled), how);
  } finally {
    rescaled.dispose();
  }
}

function tensorOf({values, shape}: Velocity): tf.Tensor {
  return tf.tensor(values, [1, ...shape]);
}

function requireFinite(values: Float32Array, what: string, {engine}: Integration): void {
  if (areFinite(engine, values)) return;
  throw new HypermorphError(
    'E_RANGE',
    `network: the predicted ${what} must be finite, got ${values.find((value) => !Number.isFinite(value))}.`,
    {hint: 'The model may be damaged, or its training may have diverged; nothing was written.'},
  );
}

async function valuesOf(tensor: tf.Tensor): Promise<Float32Array> {
  return (await tensor.data()) as Float32Array;
}

function runNetwork(
  network: VelocityNetwork,
  images: {readonly moving: Float32Array; readonly fixed: Float32Array},
  {shape, hyperparameters}: {readonly shape: Triple; readonly hyperparameters: readonly number[]},
): tf.Tensor {
  const size = shape.slice(0, network.architecture.dimensions);
  const inputs = {
    moving: tf.tensor(images.moving, [1, ...size, 1]), // [1, I, J, K, 1]
    fixed: tf.tensor(images.fixed, [1, ...size, 1]),
  };
  return hyperparameters.length === 0
    ? network.predictVelocity(inputs)
    : network.predictVelocity({
        ...inputs,
        hyperparameters: tf.tensor2d([[...hyperparameters]]),
      });
}

/** A two-dimensional field as a three-dimensional one that does not move along k. */
function threeComponents(values: Float32Array, {architecture}: Integration): NetworkField {
  if (architecture.dimensions === 3) return values;
  const field = new Float32Array((values.length / 2) * 3);
  for (let n = 0, m = 0; n < values.length; n += 2, m += 3) {
    field[m] = values[n];
    field[m + 1] = values[n + 1];
  }
  return field;
}
