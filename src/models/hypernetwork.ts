import * as tf from '@tensorflow/tfjs-core';
import {dense} from '../ops/dense.js';
import {listConvolutions, type Architecture, type UnetArchitecture} from './architecture.js';
import {KERNEL_SIZE} from './weight-specs.js';

/** Weights by their canonical names, see `listWeights`. */
export type Weights = ReadonlyMap<string, tf.Tensor>;

/** What one convolution is run with: B is 1 (shared by the batch) or N (one per item). */
export interface ConvolutionKernel {
  /** [B, 3.., C, O]. */
  readonly kernel: tf.Tensor;
  /** [B, O]. */
  readonly bias: tf.Tensor2D;
}

/** Kernels by the convolution's name. */
export type UnetKernels = ReadonlyMap<string, ConvolutionKernel>;

/**
 * Turn hyperparameters into all the kernels of the U-Net: a few dense layers, a linear one where a rank is set, then one linear map per kernel and bias.
 *
 * @param hyperparameters - [B, hyperparameters]; every row gives one set of kernels. Equal rows may be given once.
 * @returns Kernels and biases. The caller disposes them.
 * @see Hoopes et al., IPMI 2021 (HyperMorph), section 3; Ha et al., ICLR 2017 (hypernetworks).
 */
export function generateKernels(
  weights: Weights,
  architecture: Architecture,
  hyperparameters: tf.Tensor2D,
): UnetKernels {
  const code = encodeHyperparameters(weights, architecture, hyperparameters); // [B, code]
  const generate = (layer: string, what: 'hyperkernel' | 'hyperbias') =>
    dense(
      code,
      weights.get(`unet_${layer}/${what}_kernel`) as tf.Tensor2D,
      weights.get(`unet_${layer}/${what}_bias`) as tf.Tensor1D,
    );
  const window = new Array<number>(architecture.dimensions).fill(KERNEL_SIZE);
  return new Map(
    listConvolutions(architecture).map(({name, inputChannels, outputChannels}) => [
      name,
      {
        kernel: tf.reshape(generate(name, 'hyperkernel'), [
          -1,
          ...window,
          inputChannels,
          outputChannels,
        ]),
        bias: generate(name, 'hyperbias'),
      },
    ]),
  );
}

function encodeHyperparameters(
  weights: Weights,
  architecture: Architecture,
  hyperparameters: tf.Tensor2D,
): tf.Tensor2D {
  let code = hyperparameters;
  for (let n = 1; n <= architecture.hypernetwork.layers; n++) {
    const layer = `hypernetwork_dense_${n}`;
    code = dense(
      code,
      weights.get(`${layer}/kernel`) as tf.Tensor2D,
      weights.get(`${layer}/bias`) as tf.Tensor1D,
      'relu',
    );
  }
  if (architecture.hypernetwork.rank === null) return code;
  return dense(
    code,
    weights.get('hypernetwork_code/kernel') as tf.Tensor2D,
    weights.get('hypernetwork_code/bias') as tf.Tensor1D,
  );
}

/** The kernels that a U-Net without a hypernetwork holds itself, under names that begin with its own. */
export function ownKernels(
  weights: Weights,
  architecture: UnetArchitecture,
  unet: 'unet' | 'labeller' = 'unet',
): UnetKernels {
  return new Map(
    listConvolutions(architecture).map(({name}) => [name, ownKernel(weights, `${unet}_${name}`)]),
  );
}

/** The kernel and bias of one layer that are weights themselves. */
export function ownKernel(weights: Weights, layer: string): ConvolutionKernel {
  return {
    kernel: tf.expandDims(weights.get(`${layer}/kernel`)!, 0),
    bias: tf.expandDims<tf.Tensor2D>(weights.get(`${layer}/bias`)!, 0),
  };
}
