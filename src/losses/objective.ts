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

/** The weighted terms and their sum, each the mean over the batch. */
export interface Objective {
  readonly total: tf.Scalar;
  readonly similarity: tf.Scalar;
  /** Undefined where no pair has label maps. */
  readonly labels: tf.Scalar | undefined;
  readonly smoothness: tf.Scalar;
  /** What a labeller has still to learn; absent where the network has none or no pair has label maps. */
  readonly labelling?: tf.Scalar | undefined;
}

/** How well the label maps of a batch overlap, and how much that counts. */
export interface LabelTerm {
  /** [N], in [0, 1]: of `labelOverlap`. */
  readonly overlap: tf.Tensor1D;
  /** [N]: share of the overlap in what stands against the smoothness; 0 for a pair without label maps. */
  readonly weight: tf.Tensor1D;
}

/**
 * The HyperMorph objective: (1 - lambda) · similarity + lambda · smoothness, lambda per item; with label maps
 * (1 - lambda) · ((1 - weight) · similarity - weight · overlap) + lambda · smoothness.
 *
 * @param lambda - [N].
 * @returns Scalars. The caller disposes them.
 * @see Hoopes et al., IPMI 2021, equation 2; Balakrishnan et al., IEEE TMI 2019 (overlap of label maps).
 */
export function registrationObjective(
  images: {readonly fixed: tf.Tensor; readonly moved: tf.Tensor},
  velocity: tf.Tensor,
  lambda: tf.Tensor1D,
  options: ObjectiveOptions & {readonly labels?: LabelTerm | undefined},
): Objective {
  return tf.tidy(() => {
    const unlike = options.similarity(images.fixed, images.moved); // [N]
    const fit = tf.sub(1, lambda);
    const rough = tf.mul(smoothness(velocity, options.penalty), options.smoothnessScale); // [N]
    const smoothnessTerm: tf.Scalar = tf.mean(tf.mul(lambda, rough));
    if (options.labels === undefined) {
      const similarity: tf.Scalar = tf.mean(tf.mul(fit, unlike));
      const total = tf.add<tf.Scalar>(similarity, smoothnessTerm);
      return {total, similarity, labels: undefined, smoothness: smoothnessTerm};
    }
    const {overlap, weight} = options.labels;
    const similarity: tf.Scalar = tf.mean(tf.mul(tf.mul(fit, tf.sub(1, weight)), unlike));
    const labels: tf.Scalar = tf.neg(tf.mean(tf.mul(tf.mul(fit, weight), overlap)));
    const total = tf.addN<tf.Scalar>([similarity, labels, smoothnessTerm]);
    return {total, similarity, labels, smoothness: smoothnessTerm};
  });
}
