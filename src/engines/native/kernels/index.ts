import type {GradConfig, KernelFunc} from '@tensorflow/tfjs-core';
import {convGradient, convKernel, convUpGradient, convUpKernel} from './conv.js';
import {leakyReluKernel} from './leaky-relu.js';

/** A kernel of the native backend; `kernelFunc` gets a NativeBackend. */
export interface NativeKernel {
  readonly kernelName: string;
  readonly kernelFunc: KernelFunc;
}

/** Every kernel the addon replaces or adds. */
export const NATIVE_KERNELS: readonly NativeKernel[] = [leakyReluKernel, convKernel, convUpKernel];

/** Gradients of the kernels that TensorFlow.js does not know, registered once for every backend. */
export const NATIVE_GRADIENTS: readonly GradConfig[] = [convGradient, convUpGradient];
