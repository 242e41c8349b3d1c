import {HypermorphError} from '../../../errors.js';
import {ACTIVATION_SLOPE} from '../../../ops/activation.js';
import type {ConvAttributes} from '../../../ops/convolve.js';

type Triple = readonly [number, number, number];

/** A convolution, and what may be done with its result before it is written. */
export interface PooledConvAttributes extends ConvAttributes {
  /** Windows, without overlap, of whose values only the largest is kept; 1 or 2 along each axis. */
  readonly window?: Triple;
}

/** What a convolution reads: x [N, I, J, K, C2] and, in a decoder, the coarse input [N, i, j, k, C1] before it. */
export interface ConvInputs {
  readonly x: readonly number[];
  readonly coarse?: readonly number[];
  readonly kernel: readonly number[];
}

/** A convolution as the addon reads it, and the shape of its result. */
export interface ConvPlan {
  readonly shape: Int32Array;
  readonly window: Int32Array;
  readonly outputShape: [number, number, number, number, number];
  readonly slope: number;
}

interface Axis {
  readonly size: number;
  readonly up: number;
  readonly filter: number;
  readonly out: number;
  readonly stride: number;
  readonly dilation: number;
  readonly pad: number;
  readonly window: number;
}

function describe(inputs: ConvInputs): string {
  const coarse = inputs.coarse === undefined ? '' : `, coarse [${inputs.coarse.join(', ')}]`;
  return `x [${inputs.x.join(', ')}]${coarse}, kernel [${inputs.kernel.join(', ')}]`;
}

function planAxis(axis: number, inputs: ConvInputs, attributes: PooledConvAttributes): Axis {
  const size = inputs.x[axis + 1];
  const filter = inputs.kernel[axis + 1];
  const stride = attributes.strides[axis];
  const dilation = attributes.dilations[axis];
  const reach = (filter - 1) * dilation;
  const window = attributes.window?.[axis] ?? 1;
  const up = inputs.coarse === undefined ? 1 : size / inputs.coarse[axis + 1];
  if (attributes.padding === 'valid') {
    const out = Math.ceil((size - reach) / stride);
    return {size, up, filter, out, stride, dilation, pad: 0, window};
  }
  const out = Math.ceil(size / stride);
  const total = Math.max((out - 1) * stride + reach + 1 - size, 0);
  return {size, up, filter, out, stride, dilation, pad: Math.floor(total / 2), window};
}

/**
 * Sizes of a convolution in the order of `ConvShape` in src/native/kernels/conv.h.
 *
 * A plane (K = 1) is handed over as [1, I, J], because the kernels are fastest along a long last axis.
 *
 * @throws {HypermorphError} E_SHAPE if the shapes do not belong together.
 */
export function planConv(inputs: ConvInputs, attributes: PooledConvAttributes): ConvPlan {
  const {x, coarse, kernel} = inputs;
  const coarseChannels = coarse?.[4] ?? 0;
  const axes = [0, 1, 2].map((axis) => planAxis(axis, inputs, attributes));
  const isSound =
    x.length === 5 &&
    kernel.length === 6 &&
    kernel[4] === x[4] + coarseChannels &&
    (kernel[0] === 1 || kernel[0] === x[0]) &&
    (coarse === undefined || (coarse.length === 5 && coarse[0] === x[0])) &&
    axes.every(({out, up}) => out >= 1 && Number.isInteger(up));
  if (!isSound) {
    throw new HypermorphError(
      'E_SHAPE',
      `convolve: x, coarse and kernel must belong together, got ${describe(inputs)}.`,
    );
  }
  const outputs = kernel[5];
  const lengths = axes.map(({out, window}) => Math.floor(out / window)) as [number, number, number];
  const outputShape: ConvPlan['outputShape'] = [x[0], ...lengths, outputs];
  const last = axes[2];
  const isPlane = last.size === 1 && last.filter === 1 && last.out === 1 && last.up === 1;
  const [i, j, k] = isPlane ? [last, axes[0], axes[1]] : [axes[0], axes[1], last];
  const along = (field: keyof Axis) => [i[field], j[field], k[field]];
  const shape = Int32Array.of(
    x[0],
    ...along('size'),
    coarseChannels,
    ...along('up'),
    x[4],
    ...along('filter'),
    ...along('out'),
    outputs,
    ...along('stride'),
    ...along('dilation'),
    ...along('pad'),
    kernel[0],
  );
  const window = Int32Array.from(along('window'));
  return {shape, window, outputShape, slope: ACTIVATION_SLOPE[attributes.activation]};
}
