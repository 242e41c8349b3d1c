import * as tf from '@tensorflow/tfjs-core';
import {layers} from '@tensorflow/tfjs-layers';
import {affineToDisplacement, isAffineTensor} from '../ops/affine-field.js';
import {integrateVelocity} from '../ops/integrate.js';
import {rescaleField} from '../ops/rescale.js';
import {warpTensor, type Interpolation} from '../ops/warp.js';
import {requirePair, requireShapePair, type Shape, type Shapes} from './hyper-layer.js';

/** Settings of a warp. */
export interface SpatialTransformerOptions {
  readonly interpolation?: Interpolation;
  /** Value outside the image; null repeats its edge. */
  readonly fill?: number | null;
  /** An affine matrix acts about the centre of the grid (default) or about voxel 0. */
  readonly shiftCentre?: boolean;
  readonly name?: string;
}

function named(options: {readonly name?: string}): {name?: string} {
  return options.name === undefined ? {} : {name: options.name};
}

/**
 * Inputs [image, displacement or affine matrix]; result: the moved image.
 *
 * @see warpTensor
 *
 * @example
 * import * as tf from '@tensorflow/tfjs-core';
 * import {SpatialTransformer} from 'hypermorph';
 * const layer = new SpatialTransformer({fill: 0});
 * const moved = layer.apply([tf.ones([1, 4, 4, 4, 1]), tf.zeros([1, 4, 4, 4, 3])]) as tf.Tensor;
 * moved.shape; // [1, 4, 4, 4, 1]
 */
export class SpatialTransformer extends layers.Layer {
  static className = 'SpatialTransformer';
  readonly #options: SpatialTransformerOptions;

  constructor(options: SpatialTransformerOptions = {}) {
    super(named(options));
    this.#options = options;
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    const [image, transform] = requirePair(inputs, 'SpatialTransformer', '[image, transform]');
    const {interpolation = 'linear', fill = null, shiftCentre = true} = this.#options;
    const displacement = isAffineTensor(transform)
      ? affineToDisplacement(transform, image.shape.slice(1, -1), {shiftCentre})
      : transform;
    return warpTensor(image, displacement, {interpolation, fill});
  }

  override computeOutputShape(shapes: Shapes): Shape {
    const [image, transform] = requireShapePair(shapes, 'SpatialTransformer', '[image, transform]');
    const space = transform.length === image.length ? transform.slice(1, -1) : image.slice(1, -1);
    return [image[0], ...space, image[image.length - 1]];
  }

  override getConfig(): tf.serialization.ConfigDict {
    return {...super.getConfig(), ...(this.#options as tf.serialization.ConfigDict)};
  }
}

/** Settings of an integration. */
export interface VecIntOptions {
  /** Number of squarings, 7 by default. */
  readonly steps?: number;
  readonly name?: string;
}

/**
 * Integrates a stationary velocity field; the shape stays.
 *
 * @see integrateVelocity
 *
 * @example
 * import * as tf from '@tensorflow/tfjs-core';
 * import {VecInt} from 'hypermorph';
 * const displacement = new VecInt({steps: 5}).apply(tf.zeros([1, 4, 4, 4, 3])) as tf.Tensor;
 * displacement.shape; // [1, 4, 4, 4, 3]
 */
export class VecInt extends layers.Layer {
  static className = 'VecInt';
  readonly #options: VecIntOptions;

  constructor(options: VecIntOptions = {}) {
    super(named(options));
    this.#options = options;
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    const velocity = Array.isArray(inputs) ? inputs[0] : inputs;
    return integrateVelocity(velocity, {steps: this.#options.steps ?? 7});
  }

  override computeOutputShape(shape: Shapes): Shape {
    return shape as Shape;
  }

  override getConfig(): tf.serialization.ConfigDict {
    return {...super.getConfig(), ...(this.#options as tf.serialization.ConfigDict)};
  }
}

/** Settings of a change of resolution. */
export interface RescaleTransformOptions {
  /** New size over old size. */
  readonly factor: number;
  readonly name?: string;
}

/**
 * Brings a field to another resolution.
 *
 * @see rescaleField
 *
 * @example
 * import * as tf from '@tensorflow/tfjs-core';
 * import {RescaleTransform} from 'hypermorph';
 * const half = new RescaleTransform({factor: 0.5}).apply(tf.zeros([1, 4, 4, 4, 3])) as tf.Tensor;
 * half.shape; // [1, 2, 2, 2, 3]
 */
export class RescaleTransform extends layers.Layer {
  static className = 'RescaleTransform';
  readonly #options: RescaleTransformOptions;

  constructor(options: RescaleTransformOptions) {
    super(named(options));
    this.#options = options;
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return rescaleField(Array.isArray(inputs) ? inputs[0] : inputs, this.#options.factor);
  }

  override computeOutputShape(shapes: Shapes): Shape {
    const shape = shapes as Shape;
    return shape.map((length, axis) =>
      axis === 0 || axis === shape.length - 1 || length === null
        ? length
        : Math.floor(length * this.#options.factor),
    );
  }

  override getConfig(): tf.serialization.ConfigDict {
    return {...super.getConfig(), ...this.#options};
  }
}

tf.serialization.registerClass(SpatialTransformer);
tf.serialization.registerClass(VecInt);
tf.serialization.registerClass(RescaleTransform);
