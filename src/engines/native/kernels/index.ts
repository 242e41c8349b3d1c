import type {CheckedKernel} from '../../../kernels/tensor-operation.js';
import {ARITHMETIC_KERNELS} from './arithmetic.js';
import {ARRAY_KERNELS} from './arrays.js';
import {CONV_KERNELS} from './conv.js';
import {FIELD_KERNELS} from './fields.js';
import {IMAGE_KERNELS} from './images.js';
import {WEIGHT_KERNELS} from './weights.js';

/** What the addon computes on tensors: operations of its own, and some of TensorFlow.js'. */
export const NATIVE_KERNELS: readonly CheckedKernel[] = [
  ...CONV_KERNELS,
  ...IMAGE_KERNELS,
  ...FIELD_KERNELS,
  ...WEIGHT_KERNELS,
  ...ARITHMETIC_KERNELS,
  ...ARRAY_KERNELS,
];
