import * as tf from '@tensorflow/tfjs-core';
import {HypermorphError} from '../errors.js';
import type {Architecture} from '../models/architecture.js';
import {integratePrediction} from '../models/registration-network.js';
import {jacobianDeterminant} from '../ops/jacobian.js';
import {rescaleField} from '../ops/rescale.js';
import type {MeasuringKernels} from '../volume/measuring.js';
import type {Triple} from '../geometry/triple.js';
import type {NetworkField} from './geometry.js';

/** The part of a registration network that registering needs; a test can put any function in its place. */
export interface VelocityNetwork {
  readonly architecture: Pick<
    Architecture,
    'dimensions' | 'integrationResolution' | 'integrationSteps' | 'fill'
  >;
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

/** What the network says, on its whole grid, tensor order. */
export interface NetworkFields {
  readonly displacement: NetworkField;
  /** Jacobian determinant of id + displacement, [I, J, K]. */
  readonly jacobian: Float32Array;
  /** Displacement of the inverse deformation, where asked for. */
  readonly inverseDisplacement: NetworkField | null;
  /** The velocity brought to the whole grid, voxels of that grid, where asked for. */
  readonly velocity: NetworkField | null;
}

export interface PredictOptions {
  /** I, J, K. */
  readonly shape: Triple;
  readonly hyperparameters: readonly number[];
  readonly wants: {readonly inverse: boolean; readonly velocity: boolean};
  readonly kernels: Pick<MeasuringKernels, 'areFinite'>;
}

/**
 * Run the network on two conformed images and integrate its velocity.
 *
 * @param images - [I, J, K] in tensor order, normalised.
 * @throws {HypermorphError} E_RANGE if the network answers with numbers that are not finite.
 */
export async function predictFields(
  network: VelocityNetwork,
  images: {readonly moving: Float32Array; readonly fixed: Float32Array},
  options: PredictOptions,
): Promise<NetworkFields> {
  const {architecture} = network;
  const results = tf.tidy(() => {
    const predicted = runNetwork(network, images, options);
    const length = options.shape[0];
    const integrate = (v: tf.Tensor) =>
      integratePrediction(v, architecture, {length, coversImage: true});
    const {integrationVelocity, displacement} = integrate(predicted);
    const tensors: tf.NamedTensorMap = {
      displacement,
      jacobian: jacobianDeterminant(displacement),
    };
    if (options.wants.inverse) tensors.inverse = integrate(tf.neg(predicted)).displacement;
    if (options.wants.velocity) {
      tensors.velocity = rescaleField(integrationVelocity, length / integrationVelocity.shape[1]!);
    }
    return tensors;
  });
  const field = async (name: string) =>
    name in results
      ? threeComponents(await valuesOf(results[name]), architecture.dimensions)
      : null;
  try {
    const fields = {
      displacement: (await field('displacement'))!,
      jacobian: await valuesOf(results.jacobian),
      inverseDisplacement: await field('inverse'),
      velocity: await field('velocity'),
    };
    requireFinite(fields.displacement, 'displacement', options);
    requireFinite(fields.jacobian, 'Jacobian determinant', options);
    if (fields.inverseDisplacement)
      requireFinite(fields.inverseDisplacement, 'inverse displacement', options);
    return fields;
  } finally {
    tf.dispose(results);
  }
}

function requireFinite(values: Float32Array, what: string, {kernels}: PredictOptions): void {
  if (kernels.areFinite(values)) return;
  throw new HypermorphError(
    'E_RANGE',
    `register: the ${what} that the model predicts must be finite, got ${values.find((value) => !Number.isFinite(value))}.`,
    {hint: 'The model may be damaged, or its training may have diverged; nothing was written.'},
  );
}

async function valuesOf(tensor: tf.Tensor): Promise<Float32Array> {
  return (await tensor.data()) as Float32Array;
}

function runNetwork(
  network: VelocityNetwork,
  images: {readonly moving: Float32Array; readonly fixed: Float32Array},
  {shape, hyperparameters}: PredictOptions,
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
function threeComponents(values: Float32Array, dimensions: 2 | 3): NetworkField {
  if (dimensions === 3) return values;
  const field = new Float32Array((values.length / 2) * 3);
  for (let n = 0, m = 0; n < values.length; n += 2, m += 3) {
    field[m] = values[n];
    field[m + 1] = values[n + 1];
  }
  return field;
}
