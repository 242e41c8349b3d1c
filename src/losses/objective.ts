import * as tf from '@tensorflow/tfjs-core';
import {smoothness, type Penalty} from '../ops/smoothness.js';
import type {SimilarityLoss} from './similarity.js';

export interface ObjectiveOptions {
  readonly similarity: SimilarityLoss;
  /** Penalty on differences of the velocity on its integration grid; the original trains with l2. */
  readonly penalty: Penalty;
  /** Factor of the smoothness; the original takes the integration resolution. */
  readonly smoothnessScale: number;
}

/** The two weighted terms and their sum, each the mean over the batch. */
export interface Objective {
  readonly total: tf.Scalar;
  readonly similarity: tf.Scalar;
  readonly smoothness: tf.Scalar;
}

/**
 * The HyperMorph objective: (1 - lambda) · similarity + lambda · smoothness, lambda per item.
 *
 * @param lambda - [N].
 * @returns Scalars. The caller disposes them.
 * @see Hoopes et al., IPMI 2021, equation 2.
 */
export function registrationObjective(
  images: {readonly fixed: tf.Tensor; readonly moved: tf.Tensor},
  velocity: tf.Tensor,
  lambda: tf.Tensor1D,
  options: ObjectiveOptions,
): Objective {
  return tf.tidy(() => {
    const unlike = options.similarity(images.fixed, images.moved); // [N]
    const rough = tf.mul(smoothness(velocity, options.penalty), options.smoothnessScale); // [N]
    const similarity: tf.Scalar = tf.mean(tf.mul(tf.sub(1, lambda), unlike));
    const smoothnessTerm: tf.Scalar = tf.mean(tf.mul(lambda, rough));
    const total = tf.add<tf.Scalar>(similarity, smoothnessTerm);
    return {total, similarity, smoothness: smoothnessTerm};
  });
}
