import * as tf from '@tensorflow/tfjs-core';
import {HypermorphError} from '../errors.js';
import {convolve} from '../ops/convolve.js';
import {
  HyperLayer,
  requirePair,
  requireShapePair,
  type HyperOptions,
  type Shape,
  type Shapes,
} from './hyper-layer.js';

/** Settings of a convolution, with those of its generated kernel. */
export interface HyperConvOptions extends HyperOptions {
  readonly filters: number;
  /** One number, or one per axis; likewise strides and dilations. */
  readonly kernelSize: number | readonly number[];
  readonly strides?: number | readonly number[];
  readonly dilationRate?: number | readonly number[];
  /** Default `valid`, as in Keras. */
  readonly padding?: 'same' | 'valid';
}

/** What the 2-D and the 3-D layer share. Inputs: [x [N, I, J, (K,) C], h [N, units]]. */
abstract class HyperConvFromDense extends HyperLayer<HyperConvOptions> {
  protected abstract readonly axes: 2 | 3;

  constructor(options: HyperConvOptions) {
    super(options);
    if (options.padding !== undefined && !['same', 'valid'].includes(options.padding)) {
      throw new HypermorphError(
        'E_RANGE',
        `HyperConvFromDense: padding must be same or valid, got ${options.padding as string}.`,
      );
    }
  }

  override build(shapes: Shapes): void {
    const [xShape, codeShape] = this.#pairOfShapes(shapes);
    const {filters} = this.options;
    const elements = [...this.#window(), this.#channels(xShape), filters].reduce((a, b) => a * b);
    this.buildGenerators(codeShape[codeShape.length - 1]!, elements, filters);
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    const [x, code] = requirePair(inputs, this.getClassName(), '[x, h]');
    const {filters, strides, dilationRate, padding = 'valid', activation} = this.options;
    return tf.tidy(() => {
      const channels = x.shape[x.rank - 1];
      const kernel = tf.reshape(this.generateKernel(code as tf.Tensor2D), [
        -1,
        ...this.#window(),
        channels,
        filters,
      ]);
      return convolve(x, kernel, this.generateBias(code as tf.Tensor2D), {
        padding,
        ...(strides !== undefined && {strides}),
        ...(dilationRate !== undefined && {dilations: dilationRate}),
        ...(activation !== undefined && {activation}),
      });
    });
  }

  override computeOutputShape(shapes: Shapes): Shape {
    const [xShape] = this.#pairOfShapes(shapes);
    const {strides = 1, dilationRate = 1, padding = 'valid', filters} = this.options;
    const perAxis = (value: number | readonly number[], axis: number) =>
      typeof value === 'number' ? value : value[axis];
    const window = this.#window();
    const space = xShape.slice(1, -1).map((length, axis) => {
      if (length === null) return null;
      const extent = (window[axis] - 1) * perAxis(dilationRate, axis) + 1;
      const positions = padding === 'same' ? length : length - extent + 1;
      return Math.ceil(positions / perAxis(strides, axis));
    });
    return [xShape[0], ...space, filters];
  }

  #window(): number[] {
    const {kernelSize} = this.options;
    return typeof kernelSize === 'number'
      ? new Array<number>(this.axes).fill(kernelSize)
      : [...kernelSize];
  }

  #channels(xShape: Shape): number {
    const channels = xShape[xShape.length - 1];
    if (xShape.length !== this.axes + 2 || channels === null) {
      throw new HypermorphError(
        'E_SHAPE',
        `${this.getClassName()}: x must have ${this.axes + 2} axes and a known number of channels, got [${xShape.join(', ')}].`,
      );
    }
    return channels;
  }

  #pairOfShapes(shapes: Shapes): [Shape, Shape] {
    return requireShapePair(shapes, this.getClassName(), '[x, h]');
  }
}

/**
 * A 2-D convolution whose kernel and bias come from a hypernetwork: `kernel = h · K + k`, `bias = h · B + b`.
 *
 * Inputs [x [N, I, J, C], h [N, units]]; item n is convolved with its own kernel n.
 *
 * @see neurite `HyperConv2DFromDense`.
 * @example
 * import * as tf from '@tensorflow/tfjs-core';
 * import {HyperConv2DFromDense} from 'hypermorph';
 * const layer = new HyperConv2DFromDense({filters: 2, kernelSize: 3, padding: 'same'});
 * const image = tf.ones([1, 6, 6, 1]);
 * const code = tf.ones([1, 8]); // what the hypernetwork says
 * (layer.apply([image, code]) as tf.Tensor).shape; // [1, 6, 6, 2]
 */
export class HyperConv2DFromDense extends HyperConvFromDense {
  static className = 'HyperConv2DFromDense';
  protected readonly axes = 2;
}

/**
 * A 3-D convolution whose kernel and bias come from a hypernetwork; x is [N, I, J, K, C].
 *
 * @see HyperConv2DFromDense
 *
 * @example
 * import * as tf from '@tensorflow/tfjs-core';
 * import {HyperConv3DFromDense} from 'hypermorph';
 * const layer = new HyperConv3DFromDense({filters: 2, kernelSize: 3, padding: 'same'});
 * const image = tf.ones([1, 6, 6, 6, 1]);
 * const code = tf.ones([1, 8]); // what the hypernetwork says
 * (layer.apply([image, code]) as tf.Tensor).shape; // [1, 6, 6, 6, 2]
 */
export class HyperConv3DFromDense extends HyperConvFromDense {
  static className = 'HyperConv3DFromDense';
  protected readonly axes = 3;
}

tf.serialization.registerClass(HyperConv2DFromDense);
tf.serialization.registerClass(HyperConv3DFromDense);
