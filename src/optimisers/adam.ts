import * as tf from '@tensorflow/tfjs-core';
import {runTensors, type TensorOperation} from '../kernels/tensor-operation.js';

export interface AdamOptions {
  readonly learningRate: number;
  readonly beta1?: number;
  readonly beta2?: number;
  readonly epsilon?: number;
}

/** Constants of Keras' Adam, which the original trains with. */
export const ADAM_DEFAULTS = {beta1: 0.9, beta2: 0.999, epsilon: 1e-7} as const;

/** First and second moment of each weight's gradient, by name. */
export interface AdamMoments {
  readonly first: tf.Variable;
  readonly second: tf.Variable;
}

/**
 * One update of a weight by its gradient: the new weight, first moment and second moment, which may lie in the memory of the old
 * ones. `rate` holds the corrections for the first steps.
 */
export const ADAM: TensorOperation<
  {
    readonly weight: tf.Tensor;
    readonly first: tf.Tensor;
    readonly second: tf.Tensor;
    readonly gradient: tf.Tensor;
  },
  {
    readonly rate: number;
    readonly beta1: number;
    readonly beta2: number;
    readonly epsilon: number;
  },
  tf.Tensor[]
> = {
  name: 'adam',
  portable: ({weight, first, second, gradient}, {rate, beta1, beta2, epsilon}) => {
    const newFirst = tf.add(tf.mul(first, beta1), tf.mul(gradient, 1 - beta1));
    const newSecond = tf.add(tf.mul(second, beta2), tf.mul(tf.square(gradient), 1 - beta2));
    const change = tf.div(tf.mul(newFirst, rate), tf.add(tf.sqrt(newSecond), epsilon));
    return [tf.sub(weight, change), newFirst, newSecond];
  },
};

/**
 * Adam in Keras' form: w -= lr sqrt(1 - b2^t) / (1 - b1^t) · m / (sqrt(v) + eps), with eps beside the uncorrected sqrt(v).
 *
 * `tf.train.adam` adds eps after the correction; for small gradients the two walk apart.
 *
 * @see Kingma & Ba, ICLR 2015, section 2, the reordered form at the end of the section ("epsilon hat").
 */
export class Adam {
  readonly #options: Required<AdamOptions>;
  readonly #moments = new Map<string, AdamMoments>();
  #step = 0;

  constructor(options: AdamOptions) {
    this.#options = {...ADAM_DEFAULTS, ...options};
  }

  /** Number of updates done. */
  get step(): number {
    return this.#step;
  }

  /** Moments by weight name, for checkpoints; owned by the optimiser. */
  get moments(): ReadonlyMap<string, AdamMoments> {
    return this.#moments;
  }

  /** Go on from a checkpoint. */
  restore(step: number, moments: ReadonlyMap<string, {first: tf.Tensor; second: tf.Tensor}>): void {
    this.#step = step;
    for (const [name, {first, second}] of moments) {
      this.#moments.set(name, {
        first: tf.variable(first, false),
        second: tf.variable(second, false),
      });
    }
  }

  /**
   * Update weights in place.
   *
   * @param weights - By name.
   * @param gradients - Same names and shapes. Not modified, not disposed.
   * @param learningRate - For this update, where a schedule changes it.
   */
  update(
    weights: ReadonlyMap<string, tf.Variable>,
    gradients: Readonly<Record<string, tf.Tensor>>,
    learningRate = this.#options.learningRate,
  ): void {
    this.#step++;
    const {beta1, beta2, epsilon} = this.#options;
    const rate = (learningRate * Math.sqrt(1 - beta2 ** this.#step)) / (1 - beta1 ** this.#step);
    for (const [name, weight] of weights) {
      const gradient = gradients[name];
      const {first, second} = this.#momentsOf(name, weight);
      const constants = {rate, beta1, beta2, epsilon};
      tf.tidy(() => {
        const [newWeight, newFirst, newSecond] = runTensors(
          ADAM,
          {weight, first, second, gradient},
          constants,
        );
        first.assign(newFirst);
        second.assign(newSecond);
        weight.assign(newWeight);
      });
    }
  }

  dispose(): void {
    for (const {first, second} of this.#moments.values()) {
      first.dispose();
      second.dispose();
    }
    this.#moments.clear();
  }

  #momentsOf(name: string, weight: tf.Variable): AdamMoments {
    const known = this.#moments.get(name);
    if (known) return known;
    const created = tf.tidy(() => ({
      first: tf.variable(tf.zerosLike(weight), false),
      second: tf.variable(tf.zerosLike(weight), false),
    }));
    this.#moments.set(name, created);
    return created;
  }
}
