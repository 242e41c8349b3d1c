import * as tf from '@tensorflow/tfjs-core';
import {HypermorphError} from '../errors.js';
import {convolve} from '../ops/convolve.js';
import {integrateVelocity} from '../ops/integrate.js';
import {meanPool} from '../ops/mean-pool.js';
import {rescaleField} from '../ops/rescale.js';
import {formatShape, requireShape} from '../ops/shapes.js';
import {warpTensor} from '../ops/warp.js';
import {sizeMultiple, unetOfLabeller, type Architecture} from './architecture.js';
import {roundHalfToEven} from './field-sizes.js';
import {
  generateKernels,
  ownKernel,
  ownKernels,
  type ConvolutionKernel,
  type UnetKernels,
} from './hypernetwork.js';
import {initialiseWeights} from './initialise.js';
import {runUnet} from './unet.js';
import {listWeights} from './weight-specs.js';

/** A batch of pairs. */
export interface NetworkInputs {
  /** [N, I, J, K, C] or [N, I, J, C]. */
  readonly moving: tf.Tensor;
  /** Same size as `moving`. */
  readonly fixed: tf.Tensor;
  /** [N, hyperparameters] or one row for all; absent in a VoxelMorph network. */
  readonly hyperparameters?: tf.Tensor2D;
}

/** Every field of a registration; the original's name in brackets. Equal fields are one tensor. */
export interface Prediction {
  /** As the U-Net gives it, voxels of its own grid (`svf`). */
  readonly velocity: tf.Tensor;
  /** Brought to the grid on which it is integrated, voxels of that grid (`preint_flow`). */
  readonly integrationVelocity: tf.Tensor;
  /** Its integral on that grid (`postint_flow`). */
  readonly integrationDisplacement: tf.Tensor;
  /** Full size, voxels (`pos_flow`). */
  readonly displacement: tf.Tensor;
  /** The moving image, warped (`y_source`). */
  readonly moved: tf.Tensor;
  /** Bidirectional networks: integral of the negated velocity, full size (`neg_flow`). */
  readonly inverseDisplacement?: tf.Tensor;
  /** Bidirectional networks: the fixed image, warped back (`y_target`). */
  readonly movedBack?: tf.Tensor;
}

interface StoredWeight {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/**
 * A VoxelMorph U-Net with the kernels of a hypernetwork (HyperMorph) or its own (VoxelMorph), and what follows it.
 *
 * @see Hoopes et al., IPMI 2021; Dalca et al., MICCAI 2018.
 * @example
 * import * as tf from '@tensorflow/tfjs-core';
 * import {readModel, RegistrationNetwork} from 'hypermorph';
 * const {description, weights} = await readModel('model.safetensors');
 * const network = RegistrationNetwork.fromWeights(description.architecture, weights);
 * const [moving, fixed] = [tf.zeros([1, 8, 8, 8, 1]), tf.zeros([1, 8, 8, 8, 1])];
 * const {moved} = network.predict({moving, fixed, hyperparameters: tf.tensor2d([[0.3]])});
 * moved.shape; // [1, 8, 8, 8, 1]
 * network.dispose();
 */
export class RegistrationNetwork {
  readonly architecture: Architecture;
  /** By canonical name, in the order of `listWeights`; owned by the network. */
  readonly weights: ReadonlyMap<string, tf.Variable>;

  private constructor(architecture: Architecture, weights: ReadonlyMap<string, StoredWeight>) {
    this.architecture = architecture;
    this.weights = new Map(
      listWeights(architecture).map(({name, shape}) => [
        name,
        createVariable(name, shape, weights.get(name)),
      ]),
    );
  }

  /** A network that has learned nothing yet; one seed gives one network. */
  static create(architecture: Architecture, {seed}: {readonly seed: number}): RegistrationNetwork {
    return new RegistrationNetwork(architecture, initialiseWeights(architecture, seed));
  }

  /**
   * A network with given weights.
   *
   * @throws {HypermorphError} E_WEIGHTS if one is missing or has another shape.
   */
  static fromWeights(
    architecture: Architecture,
    weights: ReadonlyMap<string, StoredWeight>,
  ): RegistrationNetwork {
    return new RegistrationNetwork(architecture, weights);
  }

  /**
   * Predict the stationary velocity field that carries the moving image onto the fixed one.
   *
   * @returns [N, i, j, k, 3] or [N, i, j, 2], voxels of its own grid. The caller disposes it.
   * @throws {HypermorphError} E_SHAPE if the images differ in size or are no multiple of what the U-Net divides by.
   */
  predictVelocity(inputs: NetworkInputs): tf.Tensor {
    this.#requireInputs(inputs);
    const {moving, fixed, hyperparameters} = inputs;
    const {inputResolution, velocityResolution} = this.architecture;
    return tf.tidy(() => {
      const kernels = this.#kernels(hyperparameters);
      const joined = tf.concat([moving, fixed], moving.rank - 1);
      const features = runUnet(this.architecture, kernels, meanPool(joined, inputResolution));
      const flow = ownKernel(this.weights, 'flow');
      const velocity = convolve(features, flow.kernel, flow.bias);
      return rescaleToResolution(velocity, firstLength(moving), velocityResolution);
    });
  }

  /**
   * By how much each label is likelier than the background: log(p_label / p_background).
   *
   * @param image - [N, I, J, K, 1] or [N, I, J, 1], as the network sees its images. Not modified.
   * @returns [N, I, J, K, labels] or [N, I, J, labels]. The caller disposes it.
   * @throws {HypermorphError} E_WEIGHTS if the network has no labeller.
   */
  predictLogOdds(image: tf.Tensor): tf.Tensor {
    return tf.tidy(() => {
      const {features, layer} = this.#runLabeller(image);
      return convolve(features, relativeToFirst(layer.kernel), relativeToFirst(layer.bias));
    });
  }

  /** The scores of the background and of each label, whose `memberships` are their shares of a voxel; otherwise as `predictLogOdds`. */
  scoreLabels(image: tf.Tensor): tf.Tensor {
    return tf.tidy(() => {
      const {features, layer} = this.#runLabeller(image);
      return convolve(features, layer.kernel, layer.bias);
    });
  }

  /** The features of an image, and the convolution that tells its labels from them. */
  #runLabeller(image: tf.Tensor): {features: tf.Tensor; layer: ConvolutionKernel} {
    const {labeller} = this.architecture;
    if (labeller === undefined) {
      throw new HypermorphError('E_WEIGHTS', 'network: must have a labeller to tell labels.');
    }
    const unet = unetOfLabeller(labeller);
    const features = runUnet(unet, ownKernels(this.weights, unet, 'labeller'), image.clone());
    return {features, layer: ownKernel(this.weights, 'labeller_labels')};
  }

  /**
   * Integrate a predicted velocity and bring the result to the size of the images.
   *
   * @param velocity - From `predictVelocity`, or its negative for the inverse. Not modified.
   * @param length - Size of the images along the first axis.
   * @returns All three may be one tensor, and the first may be `velocity` itself. The caller disposes them.
   */
  integrate(velocity: tf.Tensor, length: number): Integration {
    return integratePrediction(velocity, this.architecture, {length, coversImage: false});
  }

  /** Run everything: velocity, displacement, moved image, and the way back for bidirectional networks. Caller disposes. */
  predict(inputs: NetworkInputs): Prediction {
    const {bidirectional, fill} = this.architecture;
    const {moving, fixed} = inputs;
    const length = firstLength(moving);
    return tf.tidy(() => {
      const velocity = this.predictVelocity(inputs);
      const forward = this.integrate(velocity, length);
      const moved = warpTensor(moving, forward.displacement, {fill});
      if (!bidirectional) return {velocity, ...forward, moved};
      const inverseDisplacement = this.integrate(tf.neg(velocity), length).displacement;
      const movedBack = warpTensor(fixed, inverseDisplacement, {fill});
      return {velocity, ...forward, moved, inverseDisplacement, movedBack};
    });
  }

  /** Give the weights back. */
  dispose(): void {
    for (const weight of this.weights.values()) weight.dispose();
  }

  #kernels(hyperparameters: tf.Tensor2D | undefined): UnetKernels {
    return hyperparameters
      ? generateKernels(this.weights, this.architecture, hyperparameters)
      : ownKernels(this.weights, this.architecture);
  }

  #requireInputs({moving, fixed, hyperparameters}: NetworkInputs): void {
    const {dimensions, movingChannels, fixedChannels, hyperparameters: count} = this.architecture;
    const axes = dimensions === 3 ? 'I J K' : 'I J';
    requireShape(moving, `N ${axes} ${movingChannels}`, 'network', 'moving');
    const size = moving.shape.slice(0, -1);
    requireShape(fixed, `${size.join(' ')} ${fixedChannels}`, 'network', 'fixed');
    const multiple = sizeMultiple(this.architecture);
    if (size.slice(1).some((length) => length % multiple !== 0)) {
      throw new HypermorphError(
        'E_SHAPE',
        `network: image sizes must be multiples of ${multiple}, got ${formatShape(size.slice(1))}.`,
        {hint: 'Pad the images; the command line does so by itself.'},
      );
    }
    if (count > 0 !== (hyperparameters !== undefined)) {
      throw new HypermorphError(
        'E_RANGE',
        `network: the number of hyperparameters must be ${count}, got ${hyperparameters?.shape[1] ?? 0}.`,
      );
    }
    if (!hyperparameters) return;
    const rows = hyperparameters.shape[0] === 1 ? 1 : size[0];
    requireShape(hyperparameters, `${rows} ${count}`, 'network', 'hyperparameters');
  }
}

type Integration = Pick<
  Prediction,
  'integrationVelocity' | 'integrationDisplacement' | 'displacement'
>;

/**
 * Integrate a predicted velocity at the resolution that an architecture says.
 *
 * @param velocity - At `velocityResolution`, voxels of its grid. Not modified.
 * @param options.length - Size of the images along the first axis.
 * @param options.coversImage - Whether the displacement is always brought to the size of the images. False, as VoxelMorph:
 *   without integration, or at full resolution, it keeps the size of the velocity (docs/decisions/001).
 * @returns All three may be one tensor, and the first may be `velocity` itself. The caller disposes them.
 */
export function integratePrediction(
  velocity: tf.Tensor,
  architecture: Pick<Architecture, 'integrationResolution' | 'integrationSteps'>,
  {length, coversImage}: {readonly length: number; readonly coversImage: boolean},
): Integration {
  const {integrationResolution, integrationSteps: steps} = architecture;
  const isRescaled = steps > 0 && (coversImage || integrationResolution > 1);
  const integrationVelocity = isRescaled
    ? rescaleToResolution(velocity, length, integrationResolution)
    : velocity;
  const integrationDisplacement = integrateVelocity(integrationVelocity, {steps});
  const displacement =
    isRescaled || coversImage
      ? rescaleToResolution(integrationDisplacement, length, 1)
      : integrationDisplacement;
  return {integrationVelocity, integrationDisplacement, displacement};
}

/** Rescale a field to `round(length / resolution)` voxels along the first axis, halves to the even number. */
function rescaleToResolution(field: tf.Tensor, length: number, resolution: number): tf.Tensor {
  return rescaleField(field, roundHalfToEven(length / resolution) / firstLength(field));
}

/** The other numbers of the last axis, less the first. */
function relativeToFirst<T extends tf.Tensor>(x: T): T {
  const [first, others] = tf.split(x, [1, x.shape[x.rank - 1] - 1], -1);
  return tf.sub(others, first);
}

/** Size along the first spatial axis. */
function firstLength({shape}: {readonly shape: readonly number[]}): number {
  return shape[1];
}

function createVariable(
  name: string,
  shape: readonly number[],
  stored: StoredWeight | undefined,
): tf.Variable {
  if (
    stored?.shape.length !== shape.length ||
    stored.shape.some((length, axis) => length !== shape[axis])
  ) {
    const given = stored ? formatShape(stored.shape) : 'nothing';
    throw new HypermorphError(
      'E_WEIGHTS',
      `model: weight ${name} must have shape ${formatShape(shape)}, got ${given}.`,
    );
  }
  return tf.tidy(() => tf.variable(tf.tensor(stored.data, [...shape]), true, undefined, 'float32'));
}
