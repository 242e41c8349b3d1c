import '../../src/ops/gradients.js';
import * as tf from '@tensorflow/tfjs-core';
import {SAMPLE_GRID, SAMPLE_MAP, MAP_OFFSETS, MEASURE_LENGTHS} from '../../src/kernels/sampling.js';
import {SUM_MOMENTS, MEASURE_DETERMINANTS} from '../../src/kernels/measures.js';
import type {Engine} from '../../src/engines/select.js';
import {gzipBytes} from '../../src/formats/gzip.js';
import {isImplemented, kernelNameOf} from '../../src/kernels/tensor-operation.js';
import {CONV, CONV_JOINED, convolve, convolveJoined} from '../../src/ops/convolve.js';
import {dense} from '../../src/ops/dense.js';
import {integrateVelocity} from '../../src/ops/integrate.js';
import {jacobianDeterminant} from '../../src/ops/jacobian.js';
import {lncc} from '../../src/ops/lncc.js';
import {maxPool} from '../../src/ops/max-pool.js';
import {rescaleField} from '../../src/ops/rescale.js';
import {smoothness} from '../../src/ops/smoothness.js';
import {squaredError} from '../../src/ops/squared-error.js';
import {warpTensor} from '../../src/ops/warp.js';
import {Affine} from '../../src/geometry/affine.js';
import {Adam} from '../../src/optimisers/adam.js';
import type {Work} from './cases.js';
import {networkCall} from './network-calls.js';
import {noise, waves, waveTensor} from './tensors.js';

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
      return volumeCall(work, engine);
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
  const [f, variables] = operationOf(operation, size, channels);
  if (!gradient) return disposing(() => f(...variables));
  const differentiated = tf.valueAndGrads(f);
  return () => {
    tf.tidy(() => differentiated([...variables]));
  };
}

/** A function of the tensors by which it is differentiated. */
function operationOf(
  operation: WorkOf<'operation'>['operation'],
  size: readonly number[],
  channels: number,
): readonly [f: (...variables: tf.Tensor[]) => tf.Tensor, variables: readonly tf.Tensor[]] {
  const image = () => waveTensor(size, channels, 1);
  const field = (shape = size) => waveTensor(shape, 3, 4);
  switch (operation) {
    case 'maxPool':
      return [maxPool, [noise([1, ...size, channels])]];
    case 'warp':
      return [(moving, u) => warpTensor(moving, u), [image(), field()]];
    case 'integrate':
      return [(velocity) => integrateVelocity(velocity, {steps: 7}), [field()]];
    case 'rescale':
      return [(u) => rescaleField(u, 2), [field(size.map((length) => length / 2))]];
    case 'jacobian':
      return [jacobianDeterminant, [field()]];
    case 'lncc': {
      const fixed = noise([1, ...size, 1]);
      return [(moved) => lncc(fixed, moved), [image()]];
    }
    case 'squaredError': {
      const fixed = noise([1, ...size, 1]);
      return [(moved) => squaredError(fixed, moved), [image()]];
    }
    case 'smoothness':
      return [(u) => smoothness(u, 'l2'), [field()]];
  }
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

function volumeCall({operation, size}: WorkOf<'volume'>, engine: Engine): Call {
  const shape = [size[0], size[1], size[2]] as const;
  const data = waves(size, 1, 100);
  const field = waves(size, 3, 4);
  const turned = Affine.fromMatrix([1, 0.1, 0, -3, -0.1, 1, 0, 4, 0, 0, 1, 0.5]);
  const turn = [1, 0.1, 0, -0.1, 1, 0, 0, 0, 1] as const;
  const nowhere = Affine.scaling([0, 0, 0]);
  const displacement = {toField: Affine.identity, linear: turn, field, fieldShape: shape};
  const moved = [{base: turned, displacement}];
  const displaced = [{base: nowhere, displacement}];
  switch (operation) {
    case 'sampleOnGrid':
      return () =>
        engine.run(SAMPLE_GRID, {data, shape}, turned, shape, {
          interpolation: 'linear',
          outside: 0,
        });
    case 'sampleThroughMap':
      return () => engine.run(SAMPLE_MAP, {data, shape}, moved, shape, {outside: 0});
    case 'mapOffsets':
      return () => engine.run(MAP_OFFSETS, displaced, nowhere, shape);
    case 'similarityMoments': {
      const images = {fixed: data, before: data.slice(), after: data.slice()};
      return () => engine.run(SUM_MOMENTS, images, {fixed: 0.01, moving: 0.01});
    }
    case 'measureLengths':
      return () => engine.run(MEASURE_LENGTHS, displaced, nowhere, shape);
    case 'determinantStatistics':
      return () => engine.run(MEASURE_DETERMINANTS, data, shape, null, 1e-9);
    case 'gzip': {
      const warp = engine.run(MAP_OFFSETS, displaced, nowhere, shape);
      return () => gzipBytes(new Uint8Array(warp.buffer));
    }
  }
}

function disposing(run: () => tf.Tensor): Call {
  return () => {
    run().dispose();
  };
}
