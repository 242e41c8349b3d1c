import type {GradConfig} from '@tensorflow/tfjs-core';
import {adamKernel} from './adam.js';
import {addKernel, addNKernel, multiplyKernel, negKernel, subKernel} from './arithmetic.js';
import {padKernel, sliceKernel} from './box.js';
import {concatKernel} from './concat.js';
import {convGradient, convKernel, convPoolKernel, convUpGradient, convUpKernel} from './conv.js';
import {denseGradient, denseKernel} from './dense.js';
import {jacobianGradient, jacobianKernel} from './jacobian.js';
import {leakyReluKernel} from './leaky-relu.js';
import {lnccGradient, lnccKernel} from './lncc.js';
import {maxPoolGradient, maxPoolKernel, upsampleGradient, upsampleKernel} from './pool.js';
import type {NativeKernel} from './native-kernel.js';
import {rescaleGradient, rescaleKernel} from './rescale.js';
import {smoothnessGradient, smoothnessKernel} from './smoothness.js';
import {squaredErrorGradient, squaredErrorKernel} from './squared-error.js';
import {selfComposeGradient, selfComposeKernel, warpGradient, warpKernel} from './warp.js';

/** Every kernel the addon replaces or adds. */
export const NATIVE_KERNELS: readonly NativeKernel[] = [
  leakyReluKernel,
  convKernel,
  convPoolKernel,
  convUpKernel,
  maxPoolKernel,
  upsampleKernel,
  warpKernel,
  selfComposeKernel,
  rescaleKernel,
  jacobianKernel,
  squaredErrorKernel,
  smoothnessKernel,
  lnccKernel,
  denseKernel,
  adamKernel,
  addKernel,
  addNKernel,
  subKernel,
  multiplyKernel,
  negKernel,
  concatKernel,
  sliceKernel,
  padKernel,
];

/** Gradients of the kernels that TensorFlow.js does not know, registered once for every backend. */
export const NATIVE_GRADIENTS: readonly GradConfig[] = [
  convGradient,
  convUpGradient,
  maxPoolGradient,
  upsampleGradient,
  warpGradient,
  selfComposeGradient,
  rescaleGradient,
  jacobianGradient,
  squaredErrorGradient,
  smoothnessGradient,
  lnccGradient,
  denseGradient,
];
