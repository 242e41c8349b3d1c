import type {CheckedKernel} from '../../../kernels/tensor-operation.js';
import type {VoxelKernel} from '../../../kernels/voxel-operation.js';
import {ALIGNMENT_KERNELS} from './alignment.js';
import {ARITHMETIC_KERNELS} from './arithmetic.js';
import {ARRAY_KERNELS} from './arrays.js';
import {CONV_KERNELS} from './conv.js';
import {FIELD_KERNELS} from './fields.js';
import {IMAGE_KERNELS} from './images.js';
import {LABEL_KERNELS} from './labels.js';
import {MEASURE_KERNELS} from './measures.js';
import {REFINEMENT_KERNELS} from './refinement.js';
import {SAMPLING_KERNELS} from './sampling.js';
import {SYNTHESIS_KERNELS} from './synthesis.js';
import {WEIGHT_KERNELS} from './weights.js';

/** What the addon computes on tensors: operations of its own, and some of TensorFlow.js'. */
export const TENSOR_KERNELS: readonly CheckedKernel[] = [
  ...CONV_KERNELS,
  ...IMAGE_KERNELS,
  ...FIELD_KERNELS,
  ...LABEL_KERNELS,
  ...WEIGHT_KERNELS,
  ...ARITHMETIC_KERNELS,
  ...ARRAY_KERNELS,
];

/** What the addon computes on voxels. */
export const VOXEL_KERNELS: readonly VoxelKernel[] = [
  ...SAMPLING_KERNELS,
  ...MEASURE_KERNELS,
  ...SYNTHESIS_KERNELS,
  ...ALIGNMENT_KERNELS,
  ...REFINEMENT_KERNELS,
];
