import * as tf from '@tensorflow/tfjs-core';
import {NATIVE_BACKEND, type NativeBackend} from '../../../src/engines/native/backend.js';
import {inheritedKernel} from '../../../src/engines/native/kernels/arithmetic.js';
import {planConv} from '../../../src/engines/native/kernels/conv-shape.js';
import type {ConvAttributes} from '../../../src/ops/convolve.js';

/*
 * Convolution and pooling have names of their own in this engine. So that TensorFlow.js' expectations reach
 * them, its names are registered here, for tests only, as thin layers over the same addon functions. What those do not cover,
 * such as padding by numbers or windows that overlap, stays with the inherited kernel.
 */

/** How often each name was computed by the addon. */
export const nativeCalls = new Map<string, number>();

type Shape = readonly number[];
type Call = Parameters<tf.KernelFunc>[0];
type Inputs = Readonly<Record<string, tf.TensorInfo>>;

interface PoolOrConvAttributes {
  readonly strides: number | Shape;
  readonly dilations?: number | Shape | null;
  readonly pad: unknown;
  readonly dataFormat?: string;
  readonly dimRoundingMode?: string | null;
  readonly filterSize: number | Shape;
  readonly filterShape: Shape;
  readonly inputShape: Shape;
}

/** One number for all axes, or one per axis, as three; a plane has one voxel along the third. */
function triple(value: number | Shape, axes: number): [number, number, number] {
  const lengths = typeof value === 'number' ? new Array<number>(axes).fill(value) : value;
  return [lengths[0], lengths[1], axes === 3 ? lengths[2] : 1];
}

/** [N, I, J, K, C] of [N, I, J, C]; a batch of one where it is missing. */
function volumetric(shape: Shape): number[] {
  return shape.length === 4 ? [...shape.slice(0, 3), 1, shape[3]] : [...shape];
}

/** [1, FI, FJ, FK, C, O]. */
function kernelShape(shape: Shape): number[] {
  return shape.length === 4 ? [1, ...shape.slice(0, 2), 1, ...shape.slice(2)] : [1, ...shape];
}

function paddingOf(pad: unknown): 'same' | 'valid' | null {
  if (pad === 'same' || pad === 'valid') return pad;
  return pad === 0 ? 'valid' : null;
}

function convAttributes(attributes: PoolOrConvAttributes, axes: number): ConvAttributes | null {
  const padding = paddingOf(attributes.pad);
  const isChannelsLast = !/^NC/.test(attributes.dataFormat ?? '');
  if (padding === null || !isChannelsLast) return null;
  return {
    strides: triple(attributes.strides, axes),
    dilations: triple(attributes.dilations ?? 1, axes),
    padding,
    activation: 'linear',
  };
}

/** A kernel that answers with null for what it does not cover. */
type Layer = (
  native: NativeBackend,
  inputs: Inputs,
  attributes: PoolOrConvAttributes,
) => tf.TensorInfo | null;

const forward: Layer = (native, {x, filter}, attributes) => {
  const options = convAttributes(attributes, x.shape.length - 2);
  if (options === null) return null;
  const shapes = {x: volumetric(x.shape), kernel: kernelShape(filter.shape)};
  const {shape, outputShape} = planConv(shapes, options);
  const {info, values} = native.allocateOutput(
    x.shape.length === 4 ? outputShape.filter((_, axis) => axis !== 3) : outputShape,
  );
  native.addon.conv(shape, 1, native.floats(x), null, native.floats(filter), null, values);
  return info;
};

const byInput: Layer = (native, {dy, filter}, attributes) => {
  const options = convAttributes(attributes, dy.shape.length - 2);
  if (options === null) return null;
  const shapes = {x: volumetric(attributes.inputShape), kernel: kernelShape(filter.shape)};
  const {shape, outputShape} = planConv(shapes, options);
  // One spec asks for what is no convolution's gradient.
  if (!tf.util.arraysEqual(outputShape, volumetric(dy.shape))) return null;
  const {info, values} = native.allocateOutput(attributes.inputShape);
  const g = native.floats(dy);
  native.addon.convInputGradient(shape, 1, native.floats(filter), g, g, values, null);
  return info;
};

const byFilter: Layer = (native, {x, dy}, attributes) => {
  const options = convAttributes(attributes, dy.shape.length - 2);
  if (options === null) return null;
  const shapes = {x: volumetric(x.shape), kernel: kernelShape(attributes.filterShape)};
  const {shape} = planConv(shapes, options);
  const {info, values} = native.allocateOutput(attributes.filterShape);
  const g = native.floats(dy);
  native.addon.convFilterGradient(shape, 1, native.floats(x), null, g, g, values, null);
  return info;
};

/** Sizes for the addon; null where windows overlap or reach over the edge. */
function poolSizes(x: Shape, {filterSize, strides, pad}: PoolOrConvAttributes): number[] | null {
  const axes = x.length - 2;
  const window = triple(filterSize, axes);
  const padding = paddingOf(pad);
  const fine = volumetric(x);
  const isCovered =
    padding !== null &&
    triple(strides, axes).every((stride, axis) => stride === window[axis]) &&
    window.every((length, axis) => fine[axis + 1] >= length) &&
    (padding === 'valid' || window.every((length, axis) => fine[axis + 1] % length === 0));
  return isCovered ? [...fine, ...window] : null;
}

const pool: Layer = (native, {x}, attributes) => {
  const sizes = poolSizes(x.shape, attributes);
  if (sizes === null) return null;
  const axes = x.shape.length - 2;
  const window = triple(attributes.filterSize, axes);
  const coarse = x.shape.map((length, axis) =>
    axis === 0 || axis > axes ? length : Math.floor(length / window[axis - 1]),
  );
  const {info, values} = native.allocateOutput(coarse);
  native.addon.maxPool(Int32Array.from(sizes), native.floats(x), values);
  return info;
};

const poolGradient: Layer = (native, {dy, input, output}, attributes) => {
  const sizes = poolSizes(input.shape, attributes);
  if (sizes === null) return null;
  const {info, values} = native.allocateOutput(input.shape);
  native.addon.maxPoolGradient(
    Int32Array.from(sizes),
    native.floats(input),
    native.floats(output),
    native.floats(dy),
    values,
  );
  return info;
};

const LAYERS: Readonly<Record<string, Layer>> = {
  Conv2D: forward,
  Conv2DBackpropInput: byInput,
  Conv2DBackpropFilter: byFilter,
  Conv3D: forward,
  Conv3DBackpropInputV2: byInput,
  Conv3DBackpropFilterV2: byFilter,
  MaxPool: pool,
  MaxPoolGrad: poolGradient,
  MaxPool3D: pool,
  MaxPool3DGrad: poolGradient,
};

/** Register all of them on the native backend. */
export function registerTensorflowNames(): void {
  for (const [kernelName, layer] of Object.entries(LAYERS)) {
    nativeCalls.set(kernelName, 0);
    tf.unregisterKernel(kernelName, NATIVE_BACKEND);
    tf.registerKernel({
      kernelName,
      backendName: NATIVE_BACKEND,
      kernelFunc: (call: Call) => {
        const inputs = call.inputs as Inputs;
        const isFloat = Object.values(inputs).every(
          ({dtype, shape}) => dtype === 'float32' && !shape.includes(0),
        );
        const attributes = call.attrs as unknown as PoolOrConvAttributes;
        const backend: unknown = call.backend;
        const result = isFloat ? layer(backend as NativeBackend, inputs, attributes) : null;
        if (result === null) return inheritedKernel(kernelName)(call);
        nativeCalls.set(kernelName, nativeCalls.get(kernelName)! + 1);
        return result;
      },
    });
  }
}
