import * as tf from '@tensorflow/tfjs-core';
import {HypermorphError} from '../errors.js';
import {runTensors, type TensorOperation} from '../kernels/tensor-operation.js';
import {interpolateLinear, interpolateNearest, type Positions} from './interpolate.js';
import {likeRank, toVolumetric, toVolumetricField} from './planar.js';
import {formatShape, requireField, requireSpatial} from './shapes.js';

export type Interpolation = 'linear' | 'nearest';

/** How an image is looked up. */
export interface WarpOptions {
  readonly interpolation?: Interpolation;
  /** Value where a position lies outside the image along any axis; null repeats the edge. */
  readonly fill?: number | null;
}

/** See `warpTensor`, for [N, A, B, D, C] and [N, I, J, K, 3]. */
export const WARP: TensorOperation<
  {readonly image: tf.Tensor5D; readonly displacement: tf.Tensor5D},
  {readonly interpolation: Interpolation; readonly fill: number | null},
  tf.Tensor5D,
  'image' | 'displacement'
> = {
  name: 'warp',
  saves: ['image', 'displacement'],
  portable: ({image, displacement}, {interpolation, fill}) =>
    warpPortably(image, displacement, interpolation, fill),
};

/**
 * Sample an image through a displacement: moved(x) = image(x + u(x)).
 *
 * @param image - [N, A, B, D, C] or [N, A, B, C]; its size may differ from the field's.
 * @param displacement - [N, I, J, K, 3] or [N, I, J, 2], voxels; channel c moves along axis c. Batch size N or 1.
 * @returns [N, I, J, K, C] or [N, I, J, C]. The caller disposes it.
 * @throws {HypermorphError} E_SHAPE if the field has another rank or other channels than the image has axes.
 * @see Jaderberg et al., NIPS 2015, section 3.3; edges as in VoxelMorph's SpatialTransformer.
 * @example
 * import * as tf from '@tensorflow/tfjs-core';
 * import {warpTensor} from 'hypermorph';
 * const image = tf.tensor([0, 1, 2, 3], [1, 4, 1, 1, 1]);
 * const oneVoxel = tf.tile(tf.tensor([1, 0, 0], [1, 1, 1, 1, 3]), [1, 4, 1, 1, 1]);
 * warpTensor(image, oneVoxel).dataSync(); // [1, 2, 3, 3]
 */
export function warpTensor(
  image: tf.Tensor,
  displacement: tf.Tensor,
  options: WarpOptions = {},
): tf.Tensor {
  const {interpolation = 'linear', fill = null} = options;
  requireSpatial(image, 'warpTensor', 'image');
  requireField(displacement, 'warpTensor', 'displacement');
  if (image.rank !== displacement.rank || image.shape[0] !== displacement.shape[0]) {
    throw new HypermorphError(
      'E_SHAPE',
      `warpTensor: image and displacement must have one batch size and rank, got ${formatShape(image.shape)} and ${formatShape(displacement.shape)}.`,
    );
  }
  return tf.tidy(() => {
    const inputs = {image: toVolumetric(image), displacement: toVolumetricField(displacement)};
    const moved = runTensors(WARP, inputs, {interpolation, fill});
    return likeRank(moved, image);
  });
}

function warpPortably(
  image: tf.Tensor5D,
  displacement: tf.Tensor5D,
  interpolation: Interpolation,
  fill: number | null,
): tf.Tensor5D {
  const positions = displacedPositions(displacement);
  const moved =
    interpolation === 'linear'
      ? interpolateLinear(image, positions)
      : withoutGradientOf(displacement, interpolateNearest(image, positions));
  return fill === null ? moved : fillOutside(moved, positions, image, fill);
}

/** A field that only picks voxels has a gradient of zero, which automatic differentiation would call missing. */
function withoutGradientOf(displacement: tf.Tensor5D, moved: tf.Tensor5D): tf.Tensor5D {
  return tf.customGrad((_, voxels) => ({
    value: tf.clone(voxels as tf.Tensor5D),
    gradFunc: (dy) => [tf.zeros(displacement.shape), dy],
  }))(displacement, moved) as tf.Tensor5D;
}

/** Put `fill` where any position is outside the image; nothing flows back from there. */
function fillOutside(
  moved: tf.Tensor5D,
  positions: Positions,
  image: tf.Tensor5D,
  fill: number,
): tf.Tensor5D {
  const isOutside = positions
    .map((position, axis) =>
      tf.logicalOr(tf.less(position, 0), tf.greater(position, image.shape[axis + 1] - 1)),
    )
    .reduce((a, b) => tf.logicalOr(a, b));
  const mask = tf.broadcastTo(tf.expandDims(isOutside, 4), moved.shape);
  return tf.customGrad((voxels, save) => {
    (save as tf.GradSaveFunc)([mask]);
    return {
      value: tf.where(mask, tf.fill(moved.shape, fill), voxels as tf.Tensor5D),
      gradFunc: (dy, saved) => [tf.where(saved[0], tf.zerosLike(dy), dy)],
    };
  })(moved) as tf.Tensor5D;
}

/** x + u(x) for every voxel x, one tensor [N, I, J, K] per axis. */
function displacedPositions(displacement: tf.Tensor5D): Positions {
  const components = tf.unstack(displacement, 4);
  return components.map((component, axis) => {
    const shape = [1, 1, 1, 1];
    shape[axis + 1] = displacement.shape[axis + 1];
    return tf.add(component, tf.reshape(tf.range(0, displacement.shape[axis + 1]), shape));
  }) as [tf.Tensor, tf.Tensor, tf.Tensor];
}
