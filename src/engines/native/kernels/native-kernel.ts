import type {KernelFunc} from '@tensorflow/tfjs-core';

/** A kernel of the native backend; `kernelFunc` gets a NativeBackend. */
export interface NativeKernel {
  readonly kernelName: string;
  readonly kernelFunc: KernelFunc;
}
