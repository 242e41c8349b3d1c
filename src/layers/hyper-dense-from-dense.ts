import * as tf from '@tensorflow/tfjs-core';
import {activate} from '../ops/activation.js';
import {
  HyperLayer,
  requirePair,
  requireShapePair,
  type HyperOptions,
  type Shape,
  type Shapes,
} from './hyper-layer.js';

/** Settings of a dense layer, with those of its generated kernel. */
export interface HyperDenseOptions extends HyperOptions {
  readonly units: number;
}

/**
 * A dense layer whose kernel and bias come from a hypernetwork. Inputs [x [N, P], h [N, hyper units]], result [N, units].
 *
 * @see neurite `HyperDenseFromDense`.
 * @example
 * import * as tf from '@tensorflow/tfjs-core';
 * import {HyperDenseFromDense} from 'hypermorph';
 * const layer = new HyperDenseFromDense({units: 5});
 * (layer.apply([tf.ones([2, 3]), tf.ones([2, 8])]) as tf.Tensor).shape; // [2, 5]
 */
export class HyperDenseFromDense extends HyperLayer<HyperDenseOptions> {
  static className = 'HyperDenseFromDense';

  override build(shapes: Shapes): void {
    const [xShape, codeShape] = requireShapePair(shapes, this.getClassName(), '[x, h]');
    this.buildGenerators(codeShape[1]!, xShape[1]! * this.options.units, this.options.units);
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    const [x, code] = requirePair(inputs, this.getClassName(), '[x, h]');
    return tf.tidy(() => {
      const kernel = tf.reshape(this.generateKernel(code as tf.Tensor2D), [
        -1,
        x.shape[1]!,
        this.options.units,
      ]);
      const bias = this.generateBias(code as tf.Tensor2D);
      const product = tf.squeeze(tf.matMul(tf.expandDims(x, 1), kernel), [1]);
      return activate(bias ? tf.add(product, bias) : product, this.options.activation ?? 'linear');
    });
  }

  override computeOutputShape(shapes: Shapes): Shape {
    const [xShape] = requireShapePair(shapes, this.getClassName(), '[x, h]');
    return [xShape[0], this.options.units];
  }
}

tf.serialization.registerClass(HyperDenseFromDense);
