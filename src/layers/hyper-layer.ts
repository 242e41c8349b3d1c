import type * as tf from '@tensorflow/tfjs-core';
import {initializers, layers} from '@tensorflow/tfjs-layers';
import {HypermorphError} from '../errors.js';
import type {Activation} from '../ops/activation.js';
import {dense} from '../ops/dense.js';

/** tfjs-layers does not export the type by name. */
type LayerVariable = ReturnType<layers.Layer['addWeight']>;

/** What the generated kernel and bias pass through, and whether the maps that generate them have biases. */
export interface HyperOptions {
  readonly useBias?: boolean;
  readonly hyperkernelUseBias?: boolean;
  readonly hyperbiasUseBias?: boolean;
  readonly hyperkernelActivation?: Activation;
  readonly hyperbiasActivation?: Activation;
  readonly activation?: Activation;
  readonly name?: string;
}

/** A linear map from the hypernetwork's output to the elements of one generated array. */
interface Generator {
  readonly kernel: LayerVariable;
  readonly bias: LayerVariable | null;
}

/**
 * A layer whose kernel and bias are linear in a second input, the output of a hypernetwork.
 *
 * Weights in the original's order: hyperkernel_kernel, hyperkernel_bias, hyperbias_kernel, hyperbias_bias.
 */
export abstract class HyperLayer<Options extends HyperOptions = HyperOptions> extends layers.Layer {
  protected readonly options: Options;
  #kernel: Generator | undefined;
  #bias: Generator | undefined;

  constructor(options: Options) {
    super(options.name === undefined ? {} : {name: options.name});
    this.options = options;
  }

  /** Create the weights for a kernel of `kernelLength` elements and a bias of `biasLength`, from `units` inputs. */
  protected buildGenerators(units: number, kernelLength: number, biasLength: number): void {
    const {useBias = true, hyperkernelUseBias = true, hyperbiasUseBias = true} = this.options;
    this.#kernel = this.#addGenerator('hyperkernel', units, kernelLength, hyperkernelUseBias);
    if (useBias) this.#bias = this.#addGenerator('hyperbias', units, biasLength, hyperbiasUseBias);
    this.built = true;
  }

  /** [B, kernelLength]. */
  protected generateKernel(code: tf.Tensor2D): tf.Tensor2D {
    return generate(code, this.#kernel!, this.options.hyperkernelActivation);
  }

  /** [B, biasLength], or null without bias. */
  protected generateBias(code: tf.Tensor2D): tf.Tensor2D | null {
    return this.#bias ? generate(code, this.#bias, this.options.hyperbiasActivation) : null;
  }

  override getConfig(): tf.serialization.ConfigDict {
    return {...super.getConfig(), ...(this.options as HyperOptions as tf.serialization.ConfigDict)};
  }

  #addGenerator(name: string, units: number, length: number, useBias: boolean): Generator {
    const glorot = () => initializers.glorotUniform({});
    return {
      kernel: this.addWeight(`${name}_kernel`, [units, length], 'float32', glorot()),
      // tfjs-layers counts no fans for a vector; Keras takes its length for both, which gives the limit sqrt(3 / length).
      bias: useBias
        ? this.addWeight(
            `${name}_bias`,
            [length],
            'float32',
            initializers.randomUniform({
              minval: -Math.sqrt(3 / length),
              maxval: Math.sqrt(3 / length),
            }),
          )
        : null,
    };
  }
}

function generate(
  code: tf.Tensor2D,
  {kernel, bias}: Generator,
  activation?: Activation,
): tf.Tensor2D {
  return dense(
    code,
    kernel.read() as tf.Tensor2D,
    bias ? (bias.read() as tf.Tensor1D) : null,
    activation,
  );
}

/** A shape as tfjs-layers knows it before there is a tensor: null where a length is open. */
export type Shape = (number | null)[];

/** What tfjs-layers hands to `build` and `computeOutputShape`. */
export type Shapes = Parameters<layers.Layer['build']>[0];

/** The two shapes that a layer with two inputs is built for. */
export function requireShapePair(shapes: Shapes, layer: string, what: string): [Shape, Shape] {
  return requirePair(shapes as Shape[], layer, `the shapes of ${what}`);
}

/** The two tensors of a layer that takes a list of two. */
export function requirePair<T>(inputs: T | T[], layer: string, what: string): [T, T] {
  if (!Array.isArray(inputs) || inputs.length !== 2) {
    const given = Array.isArray(inputs) ? `${inputs.length}` : '1';
    throw new HypermorphError('E_SHAPE', `${layer}: inputs must be ${what}, got ${given}.`);
  }
  return [inputs[0], inputs[1]];
}
