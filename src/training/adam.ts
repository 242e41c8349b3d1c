import * as tf from '@tensorflow/tfjs-core';

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
      tf.tidy(() => {
        first.assign(tf.add(tf.mul(first, beta1), tf.mul(gradient, 1 - beta1)));
        second.assign(tf.add(tf.mul(second, beta2), tf.mul(tf.square(gradient), 1 - beta2)));
        const change = tf.div(tf.mul(first, rate), tf.add(tf.sqrt(second), epsilon));
        weight.assign(tf.sub(weight, change));
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
