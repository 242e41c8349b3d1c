import type {Volume} from './volume.js';

/** A mask whose voxels are 0 or 1. */
export interface Mask extends Volume {
  readonly data: Float32Array;
}

/**
 * The least of a mask's voxels up to `reach` away along every axis: what is left counts with all of the window around it.
 *
 * @param mask - Not 0 where a voxel counts.
 */
export function erodeMask(mask: Volume, reach: number): Mask {
  const [lengthI, lengthJ] = mask.shape;
  const strides = [1, lengthI, lengthI * lengthJ];
  const whole = Float32Array.from(mask.data, (value) => (value !== 0 ? 1 : 0));
  const data = strides.reduce((from, stride, axis) => {
    const length = mask.shape[axis];
    return from.map((_, n) => {
      const at = Math.floor(n / stride) % length;
      let least = 1;
      for (let x = Math.max(-reach, -at); x <= Math.min(reach, length - 1 - at); x++)
        least = Math.min(least, from[n + x * stride]);
      return least;
    });
  }, whole);
  return {shape: mask.shape, affine: mask.affine, data};
}
