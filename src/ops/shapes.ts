import * as tf from '@tensorflow/tfjs-core';
import {HypermorphError} from '../errors.js';

/** Number of spatial axes of a channels-last tensor. */
export function spatialRank(tensor: tf.Tensor): 2 | 3 {
  return tensor.rank === 5 ? 3 : 2;
}

/** Print a shape as the errors do: `[1, 64, 64, 64, 3]`. */
export function formatShape(shape: readonly number[]): string {
  return `[${shape.join(', ')}]`;
}

/**
 * Check a tensor's shape against a pattern of axis names and lengths.
 *
 * @param pattern - Axes separated by spaces; a number must match exactly, a name matches any length, e.g. `N I J K 3`.
 * @throws {HypermorphError} E_SHAPE naming the pattern and the shape that was given.
 */
export function requireShape(
  tensor: tf.Tensor,
  pattern: string,
  where: string,
  what: string,
): void {
  const axes = pattern.split(' ');
  const matches =
    tensor.rank === axes.length &&
    axes.every((axis, index) => !/^\d+$/.test(axis) || tensor.shape[index] === Number(axis));
  if (!matches) {
    throw new HypermorphError(
      'E_SHAPE',
      `${where}: ${what} must have shape [${axes.join(', ')}], got ${formatShape(tensor.shape)}.`,
    );
  }
}

/** Check that a tensor is [N, I, J, C] or [N, I, J, K, C]. */
export function requireSpatial(tensor: tf.Tensor, where: string, what: string): void {
  if (tensor.rank !== 4 && tensor.rank !== 5) {
    throw new HypermorphError(
      'E_SHAPE',
      `${where}: ${what} must have shape [N, I, J, C] or [N, I, J, K, C], got ${formatShape(tensor.shape)}.`,
    );
  }
}

/** Check that a tensor is a field: spatial, with one channel per spatial axis. */
export function requireField(tensor: tf.Tensor, where: string, what: string): void {
  requireSpatial(tensor, where, what);
  requireShape(tensor, tensor.rank === 5 ? 'N I J K 3' : 'N I J 2', where, what);
}

/** Check that two tensors have one shape. */
export function requireSameShape(a: tf.Tensor, b: tf.Tensor, where: string, what: string): void {
  if (a.rank !== b.rank || a.shape.some((length, axis) => length !== b.shape[axis])) {
    throw new HypermorphError(
      'E_SHAPE',
      `${where}: ${what} must have one shape, got ${formatShape(a.shape)} and ${formatShape(b.shape)}.`,
    );
  }
}

/** Check that a number is an integer of at least `minimum`. */
export function requireInteger(value: number, minimum: number, where: string, what: string): void {
  if (!Number.isInteger(value) || value < minimum) {
    throw new HypermorphError(
      'E_RANGE',
      `${where}: ${what} must be an integer of at least ${minimum}, got ${value}.`,
    );
  }
}

/** A batch with all spatial axes as one: [N, ...space, C] as [N, V, C]. */
export function flattenSpace(map: tf.Tensor): tf.Tensor3D {
  return tf.reshape(map, [map.shape[0], -1, map.shape[map.rank - 1]]);
}
