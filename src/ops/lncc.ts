import * as tf from '@tensorflow/tfjs-core';
import {HypermorphError} from '../errors.js';
import {runTensors, type TensorOperation} from '../kernels/tensor-operation.js';
import {toVolumetric} from './planar.js';
import {requireInteger, requireSameShape, requireSpatial, spatialRank} from './shapes.js';

export interface LnccOptions {
  /** Window length in voxels, one number or one per axis. */
  readonly window?: number | readonly number[];
  /** Lower bound of covariance and variances. */
  readonly epsilon?: number;
  /** Report the correlation itself instead of its square. */
  readonly signed?: boolean;
}

/** Window and bound of the original. */
export const LNCC_DEFAULTS = {window: 9, epsilon: 1e-5, signed: false} as const;

type Window = [number, number, number];

/** See `lncc`, for [N, I, J, K, 1]; the window along I, J, K. */
export const LNCC: TensorOperation<
  {readonly fixed: tf.Tensor5D; readonly moved: tf.Tensor5D},
  {readonly window: Window; readonly epsilon: number; readonly signed: boolean},
  tf.Tensor1D,
  'fixed' | 'moved'
> = {
  name: 'lncc',
  saves: ['fixed', 'moved'],
  portable: ({fixed, moved}, {window, epsilon, signed}) =>
    tf.mean(correlate(fixed, moved, window, epsilon, signed), [1, 2, 3, 4]),
};

/**
 * Local normalised cross-correlation, averaged per item.
 *
 * With sums over a window of n voxels (zeros outside the image): cross = max(sum(IJ) - sum(I) sum(J) / n, eps), the
 * variances likewise; cc = (cross / var_I)(cross / var_J), which a bound of eps on all three keeps from exploding.
 *
 * @param fixed - [N, I, J, K, 1] or [N, I, J, 1].
 * @param moved - Same shape.
 * @returns [N], mean of cc: 1 for identical images. The caller disposes it.
 * @throws {HypermorphError} E_SHAPE if the shapes differ or there are several channels; E_RANGE for a window below 1.
 * @see Avants et al., Medical Image Analysis 2008, equation 6; VoxelMorph's `NCC` for bounds and borders.
 */
export function lncc(fixed: tf.Tensor, moved: tf.Tensor, options: LnccOptions = {}): tf.Tensor1D {
  const {epsilon, signed} = {...LNCC_DEFAULTS, ...options};
  return withWindow('lncc', fixed, moved, options, (a, b, window) =>
    runTensors(LNCC, {fixed: a, moved: b}, {window, epsilon, signed}),
  );
}

/** The map that `lncc` averages: [N, I, J, K, 1] or [N, I, J, 1]. */
export function lnccMap(fixed: tf.Tensor, moved: tf.Tensor, options: LnccOptions = {}): tf.Tensor {
  const {epsilon, signed} = {...LNCC_DEFAULTS, ...options};
  return withWindow('lnccMap', fixed, moved, options, (a, b, window) =>
    tf.reshape(correlate(a, b, window, epsilon, signed), fixed.shape),
  );
}

function withWindow<T extends tf.Tensor>(
  where: string,
  fixed: tf.Tensor,
  moved: tf.Tensor,
  options: LnccOptions,
  compute: (fixed: tf.Tensor5D, moved: tf.Tensor5D, window: Window) => T,
): T {
  requireSpatial(fixed, where, 'fixed');
  requireSameShape(fixed, moved, where, 'fixed and moved');
  if (fixed.shape[fixed.rank - 1] !== 1) {
    throw new HypermorphError(
      'E_SHAPE',
      `${where}: images must have one channel, got ${fixed.shape[fixed.rank - 1]}.`,
    );
  }
  const {window = LNCC_DEFAULTS.window} = options;
  const rank = spatialRank(fixed);
  const lengths = typeof window === 'number' ? new Array<number>(rank).fill(window) : window;
  for (const length of lengths) requireInteger(length, 1, where, 'window');
  const window3: Window = [lengths[0], lengths[1], rank === 3 ? lengths[2] : 1];
  return tf.tidy(() => compute(toVolumetric(fixed), toVolumetric(moved), window3));
}

/** Means and centred second moments over windows that grow axis by axis. */
interface Moments {
  readonly meanI: tf.Tensor5D;
  readonly meanJ: tf.Tensor5D;
  readonly cross: tf.Tensor5D;
  readonly varianceI: tf.Tensor5D;
  readonly varianceJ: tf.Tensor5D;
}

function correlate(
  fixed: tf.Tensor5D,
  moved: tf.Tensor5D,
  window: Window,
  epsilon: number,
  signed: boolean,
): tf.Tensor5D {
  const nothing = tf.zerosLike(fixed);
  let moments: Moments = {
    meanI: padForWindow(fixed, window),
    meanJ: padForWindow(moved, window),
    cross: padForWindow(nothing, window),
    varianceI: padForWindow(nothing, window),
    varianceJ: padForWindow(nothing, window),
  };
  let voxels = 1;
  for (const [axis, length] of window.entries()) {
    moments = growWindow(moments, axis + 1, length, voxels);
    voxels *= length;
  }
  const cross = tf.maximum(moments.cross, epsilon);
  const varianceI = tf.maximum(moments.varianceI, epsilon);
  const varianceJ = tf.maximum(moments.varianceJ, epsilon);
  return signed
    ? tf.div(cross, tf.sqrt(tf.add(tf.mul(varianceI, varianceJ), epsilon)))
    : tf.mul(tf.div(cross, varianceI), tf.div(cross, varianceJ));
}

function padForWindow(image: tf.Tensor5D, window: Window): tf.Tensor5D {
  const before = window.map((length) => Math.floor((length - 1) / 2));
  return tf.pad(image, [
    [0, 0],
    ...window.map((length, axis) => [before[axis], length - 1 - before[axis]] as [number, number]),
    [0, 0],
  ]);
}

/**
 * Merge `length` neighbouring windows along an axis (Chan, Golub & LeVeque 1979, pairwise combination of moments).
 *
 * Every term is a product of differences, so nothing cancels where an image is nearly constant; sums of squares would
 * lose all their digits there in float32.
 */
function growWindow(moments: Moments, axis: number, length: number, voxels: number): Moments {
  const shifts = (image: tf.Tensor5D): tf.Tensor5D[] => {
    const size = [...image.shape];
    size[axis] -= length - 1;
    return Array.from({length}, (_, start) => {
      const begin: [number, number, number, number, number] = [0, 0, 0, 0, 0];
      begin[axis] = start;
      return tf.slice(image, begin, size);
    });
  };
  const sum = (terms: tf.Tensor5D[]): tf.Tensor5D => tf.addN(terms);
  const [partsI, partsJ] = [shifts(moments.meanI), shifts(moments.meanJ)];
  const meanI = tf.div<tf.Tensor5D>(sum(partsI), length);
  const meanJ = tf.div<tf.Tensor5D>(sum(partsJ), length);
  const offI = partsI.map((part) => tf.sub<tf.Tensor5D>(part, meanI));
  const offJ = partsJ.map((part) => tf.sub<tf.Tensor5D>(part, meanJ));
  const between = (a: tf.Tensor5D[], b: tf.Tensor5D[]) =>
    tf.mul<tf.Tensor5D>(sum(a.map((part, n) => tf.mul<tf.Tensor5D>(part, b[n]))), voxels);
  return {
    meanI,
    meanJ,
    cross: tf.add(sum(shifts(moments.cross)), between(offI, offJ)),
    varianceI: tf.add(sum(shifts(moments.varianceI)), between(offI, offI)),
    varianceJ: tf.add(sum(shifts(moments.varianceJ)), between(offJ, offJ)),
  };
}
