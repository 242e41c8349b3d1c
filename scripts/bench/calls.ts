import '../../src/ops/gradients.js';
import * as tf from '@tensorflow/tfjs-core';
import type {Engine} from '../../src/engines/select.js';
import {isImplemented, kernelNameOf} from '../../src/kernels/tensor-operation.js';
import {CONV, CONV_JOINED, convolve, convolveJoined} from '../../src/ops/convolve.js';
import {dense} from '../../src/ops/dense.js';
import {Adam} from '../../src/optimisers/adam.js';
import type {Work} from './cases.js';
import {networkCall} from './network-calls.js';
import {TENSOR_OPERATIONS, VOXEL_OPERATIONS, type Differentiable} from './operations.js';
import {noise} from './tensors.js';

type WorkOf<K extends Work['kind']> = Extract<Work, {kind: K}>;

/** A piece of work, ready to be timed; null where this engine cannot do it. */
export type Call = (() => unknown) | null;

/** Make the inputs of a piece of work, so that calling the result does nothing but the work. */
export async function prepareCall(work: Work, engine: Engine, model: string): Promise<Call> {
  switch (work.kind) {
    case 'convolution':
      return convolutionCall(work, [work.inputs]);
    case 'joinedConvolution':
      return convolutionCall(work, [work.coarse, work.skip]);
    case 'operation':
      return operationCall(work);
    case 'dense':
      return denseCall(work);
    case 'adam':
      return adamCall(work);
    case 'volume':
      return VOXEL_OPERATIONS[work.operation](work.size, engine);
    case 'network':
      return networkCall(work, model);
    case 'command':
      return null;
  }
}

const STRAIGHT = {
  strides: [1, 1, 1],
  dilations: [1, 1, 1],
  padding: 'same',
  activation: 'linear',
} as const;

/** `channels`: of x alone, or of the coarse input and the skip. */
function convolutionCall(
  work: WorkOf<'convolution'> | WorkOf<'joinedConvolution'>,
  channels: readonly number[],
): Call {
  const {size, outputs, what} = work;
  const inputs = channels.reduce((sum, count) => sum + count);
  const isJoined = channels.length === 2;
  const x = noise([1, ...size, channels[channels.length - 1]]);
  const coarse = isJoined ? noise([1, ...size.map((length) => length / 2), channels[0]]) : null;
  const kernel = noise([1, 3, 3, 3, inputs, outputs], 0.05);
  const bias = noise([1, outputs]) as tf.Tensor2D;
  const run = () =>
    coarse
      ? convolveJoined(coarse, x, kernel, bias, 'leakyRelu')
      : convolve(x, kernel, bias, {activation: 'leakyRelu'});
  if (what === 'forward') return disposing(run);
  const y = noise([1, ...size, outputs]);
  const dy = noise([1, ...size, outputs]);
  const gradient = tf.getGradient(kernelNameOf(isJoined ? CONV_JOINED : CONV));
  if (gradient === undefined || !isImplemented(CONV)) {
    return isJoined ? null : stockGradient(what, {x, kernel, dy});
  }
  const saved = coarse ? [coarse, x, kernel, y] : [x, kernel, y];
  const names =
    what === 'filterGradient' ? ['kernel', 'bias'] : isJoined ? ['coarse', 'skip'] : ['x'];
  return () => {
    tf.tidy(() => {
      // As a tape does, which hands over tensors of its own.
      const copies = saved.map((tensor) => tf.keep(tf.clone(tensor)));
      const gradients = gradient.gradFunc(dy, copies, STRAIGHT);
      for (const name of names) gradients[name]();
    });
  };
}

/** Gradients of TensorFlow.js' own convolution. */
function stockGradient(
  what: 'inputGradient' | 'filterGradient',
  {x, kernel, dy}: Readonly<Record<'x' | 'kernel' | 'dy', tf.Tensor>>,
): Call {
  const filter = tf.squeeze(kernel, [0]);
  const attributes = {strides: [1, 1, 1], pad: 'same'};
  return disposing(() =>
    what === 'inputGradient'
      ? tf
          .engine()
          .runKernel<tf.Tensor>(
            'Conv3DBackpropInputV2',
            {dy, filter},
            {...attributes, inputShape: x.shape},
          )
      : tf
          .engine()
          .runKernel<tf.Tensor>(
            'Conv3DBackpropFilterV2',
            {x, dy},
            {...attributes, filterShape: filter.shape},
          ),
  );
}

function operationCall({operation, size, channels, gradient}: WorkOf<'operation'>): Call {
  const [f, variables]: Differentiable = TENSOR_OPERATIONS[operation](size, channels);
  if (!gradient) return disposing(() => f(...variables));
  const differentiated = tf.valueAndGrads(f);
  return () => {
    tf.tidy(() => differentiated([...variables]));
  };
}

function denseCall({inputs, outputs, gradient}: WorkOf<'dense'>): Call {
  const x = noise([1, inputs]) as tf.Tensor2D;
  const kernel = noise([inputs, outputs], 0.1) as tf.Tensor2D;
  const bias = noise([outputs]) as tf.Tensor1D;
  if (!gradient) return disposing(() => dense(x, kernel, bias));
  const differentiated = tf.valueAndGrads((a, b, c) =>
    dense(a as tf.Tensor2D, b as tf.Tensor2D, c as tf.Tensor1D),
  );
  return () => {
    tf.tidy(() => differentiated([x, kernel, bias]));
  };
}

function adamCall({parameters}: WorkOf<'adam'>): Call {
  const optimiser = new Adam({learningRate: 1e-4});
  const weights = new Map([['all', tf.variable(noise([parameters], 0.1))]]);
  const gradients = {all: noise([parameters], 0.01)};
  return () => {
    optimiser.update(weights, gradients);
  };
}

function disposing(run: () => tf.Tensor): Call {
  return () => {
    run().dispose();
  };
}
