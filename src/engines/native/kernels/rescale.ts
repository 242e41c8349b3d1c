import type * as tf from '@tensorflow/tfjs-core';
import type {NativeBackend} from '../backend.js';
import {asNative} from './as-native.js';
import {currentNative, gradientLike} from './gradient.js';
import type {NativeKernel} from './native-kernel.js';

interface RescaleAttributes {
  readonly factor: number;
  /** Result along I, J, K. */
  readonly size: readonly number[];
}

interface RescalePlan {
  readonly sizes: Int32Array;
  readonly lower: Int32Array;
  readonly fraction: Float32Array;
  readonly begin: Int32Array;
  readonly end: Int32Array;
}

/** Where every output index reads along one axis (corners aligned), and which outputs read every input index. */
function planAxis(from: number, to: number) {
  const lower = new Array<number>(to);
  const fraction = new Array<number>(to);
  const begin = new Array<number>(from).fill(to);
  const end = new Array<number>(from).fill(0);
  for (let x = 0; x < to; x++) {
    const position = Math.fround((x * (from - 1)) / Math.max(to - 1, 1));
    lower[x] = Math.max(0, Math.min(Math.floor(position), from - 2));
    fraction[x] = position - lower[x];
    for (let read = lower[x]; read <= Math.min(lower[x] + 1, from - 1); read++) {
      begin[read] = Math.min(begin[read], x);
      end[read] = x + 1;
    }
  }
  return {lower, fraction, begin, end};
}

/** Tables and sizes; a plane (K = 1) is handed over as [1, I, J], because the kernel is fastest along a long last axis. */
function planRescale(field: readonly number[], size: readonly number[]): RescalePlan {
  const order = field[3] === 1 && size[2] === 1 ? [2, 0, 1] : [0, 1, 2];
  const from = order.map((axis) => field[axis + 1]);
  const to = order.map((axis) => size[axis]);
  const axes = from.map((length, axis) => planAxis(length, to[axis]));
  return {
    sizes: Int32Array.of(field[0], ...from, field[4], ...to),
    lower: Int32Array.from(axes.flatMap(({lower}) => lower)),
    fraction: Float32Array.from(axes.flatMap(({fraction}) => fraction)),
    begin: Int32Array.from(axes.flatMap(({begin}) => begin)),
    end: Int32Array.from(axes.flatMap(({end}) => end)),
  };
}

function runRescale(
  native: NativeBackend,
  {sizes, lower, fraction, begin, end}: RescalePlan,
  factor: number,
  isGradient: boolean,
  from: Float32Array,
  to: Float32Array,
): void {
  const direction = isGradient ? 1 : 0;
  native.addon.rescale(sizes, factor, lower, fraction, begin, end, direction, from, to);
}

export const rescaleKernel: NativeKernel = {
  kernelName: 'HmRescale',
  kernelFunc: ({inputs, backend, attrs}) => {
    const native = asNative(backend);
    const field = inputs['field'] as tf.TensorInfo;
    const {factor, size} = attrs as unknown as RescaleAttributes;
    const {info, values} = native.allocateOutput([field.shape[0], ...size, field.shape[4]]);
    const plan = planRescale(field.shape, size);
    runRescale(native, plan, factor, false, native.floats(field), values);
    return info;
  },
};

export const rescaleGradient: tf.GradConfig = {
  kernelName: 'HmRescale',
  inputsToSave: ['field'],
  gradFunc: (dy, [field], attrs) => {
    const native = currentNative();
    const {factor, size} = attrs as unknown as RescaleAttributes;
    return {
      field: gradientLike(native, field.shape, (out) => {
        const plan = planRescale(field.shape, size);
        runRescale(native, plan, factor, true, native.floats(dy as tf.Tensor), out);
      }),
    };
  },
};
