import * as tf from '@tensorflow/tfjs-core';
import {convolve, convolveJoined} from '../ops/convolve.js';
import {convolvePooled} from '../ops/convolve-pooled.js';
import {maxPool} from '../ops/max-pool.js';
import {upsample} from '../ops/upsample.js';
import {planUnet, type ConvolutionSpec, type UnetArchitecture} from './architecture.js';
import type {UnetKernels} from './hypernetwork.js';

/**
 * Run the U-Net: encoder with skips, decoder, final convolutions, LeakyReLU after each.
 *
 * An up-sampled result and its skip go to the next convolution as they are; only that convolution joins them.
 *
 * @param image - [N, I, J, K, C] or [N, I, J, C]: the moving image's channels, then the fixed one's. Disposed.
 * @returns Features at the velocity's resolution. The caller disposes them.
 */
export function runUnet(
  architecture: UnetArchitecture,
  kernels: UnetKernels,
  image: tf.Tensor,
): tf.Tensor {
  const plan = planUnet(architecture);
  let features: Features = {image};
  // Large images go as soon as they are used, so that their memory serves the next; a gradient tape keeps what it needs itself.
  const replaceFeatures = (next: tf.Tensor, keptImage?: tf.Tensor) => {
    for (const used of [features.image, features.skip]) {
      if (used !== undefined && used !== keptImage) used.dispose();
    }
    features = {image: next};
  };
  const convolutions = (specs: readonly ConvolutionSpec[]) => {
    for (const {name} of specs) replaceFeatures(convolveFeatures(features, kernels, name));
  };

  const levels = plan.joinsSkip.length;
  const skips: tf.Tensor[] = [];
  for (const [level, specs] of plan.encoder.entries()) {
    if (plan.joinsSkip[levels - 1 - level]) {
      convolutions(specs);
      skips[level] = features.image;
      replaceFeatures(maxPool(features.image), features.image);
    } else {
      convolutions(specs.slice(0, -1));
      const {kernel, bias} = kernels.get(specs[specs.length - 1].name)!;
      replaceFeatures(convolvePooled(features.image, kernel, bias, 'leakyRelu'));
    }
  }
  for (const [index, level] of plan.decoder.entries()) {
    convolutions(level);
    if (plan.joinsSkip[index]) features = {image: features.image, skip: skips[levels - 1 - index]};
  }
  convolutions(plan.final);
  return joinFeatures(features);
}

/** An image, or a coarse one that is to be up-sampled and joined with a skip. */
interface Features {
  readonly image: tf.Tensor;
  readonly skip?: tf.Tensor;
}

function convolveFeatures({image, skip}: Features, kernels: UnetKernels, name: string): tf.Tensor {
  const {kernel, bias} = kernels.get(name)!;
  return skip
    ? convolveJoined(image, skip, kernel, bias, 'leakyRelu')
    : convolve(image, kernel, bias, {activation: 'leakyRelu'});
}

/** Only where no convolution follows the last skip. */
function joinFeatures({image, skip}: Features): tf.Tensor {
  if (!skip) return image;
  const factors = skip.shape.slice(1, -1).map((length, axis) => length / image.shape[axis + 1]);
  return tf.concat([upsample(image, factors), skip], image.rank - 1);
}
