import type * as tf from '@tensorflow/tfjs-core';
import {asNative} from './as-native.js';
import {currentNative, displacementGradient, gradientLike} from './gradient.js';
import type {NativeKernel} from './native-kernel.js';

interface WarpAttributes {
  readonly interpolation: 'linear' | 'nearest';
  readonly fill: number | null;
}

/** The first arguments of every warp of the addon. */
function warpArguments(
  image: readonly number[],
  displacement: readonly number[],
  attrs: unknown,
): [sizes: Int32Array, isLinear: number, fill: number] {
  const {interpolation, fill} = attrs as WarpAttributes;
  const sizes = Int32Array.of(...image, ...displacement.slice(1, 4));
  return [sizes, interpolation === 'linear' ? 1 : 0, fill ?? NaN];
}

export const warpKernel: NativeKernel = {
  kernelName: 'HmWarp',
  kernelFunc: ({inputs, backend, attrs}) => {
    const native = asNative(backend);
    const {image, displacement} = inputs as {image: tf.TensorInfo; displacement: tf.TensorInfo};
    const {info, values} = native.allocateOutput([
      ...displacement.shape.slice(0, 4),
      image.shape[4],
    ]);
    native.addon.warp(
      ...warpArguments(image.shape, displacement.shape, attrs),
      native.floats(image),
      native.floats(displacement),
      values,
    );
    return info;
  },
};

export const warpGradient: tf.GradConfig = {
  kernelName: 'HmWarp',
  inputsToSave: ['image', 'displacement'],
  gradFunc: (dy, saved, attrs) => {
    const [image, displacement] = saved;
    const native = currentNative();
    const first = warpArguments(image.shape, displacement.shape, attrs);
    const gradient = dy as tf.Tensor;
    return {
      image: gradientLike(native, image.shape, (dimage) => {
        const [u, g] = [native.floats(displacement), native.floats(gradient)];
        native.addon.warpImageGradient(...first, u, g, dimage);
      }),
      displacement: gradientLike(native, displacement.shape, (ddisplacement) => {
        native.addon.warpDisplacementGradient(
          ...first,
          native.floats(image),
          native.floats(displacement),
          native.floats(gradient),
          ddisplacement,
        );
      }),
    };
  },
};

export const selfComposeKernel: NativeKernel = {
  kernelName: 'HmSelfCompose',
  kernelFunc: ({inputs, backend}) => {
    const native = asNative(backend);
    const displacement = inputs['displacement'] as tf.TensorInfo;
    const {info, values} = native.allocateOutput(displacement.shape);
    const sizes = Int32Array.from(displacement.shape.slice(0, 4));
    native.addon.selfCompose(sizes, native.floats(displacement), values);
    return info;
  },
};

export const selfComposeGradient = displacementGradient('HmSelfCompose', 'selfComposeGradient');
