import {Affine} from './affine.js';
import type {Triple} from './triple.js';

/** Below this, a quaternion's scalar part counts as 0: a rotation by 180 degrees, stored in float32. */
const HALF_TURN = 1e-7;

/**
 * The rotation of a unit quaternion from its vector part; the scalar part is the square root of what is missing to 1.
 *
 * A vector part of length 1 or more is scaled to length 1 (rotations by 180 degrees come out so after rounding to float32).
 *
 * @see nifti1.h, "QUATERNION REPRESENTATION OF ROTATION MATRIX (METHOD 2)", and `nifti_quatern_to_mat44`.
 */
export function rotationFromQuaternion(vector: Triple): Affine {
  let [b, c, d] = vector;
  const squared = b * b + c * c + d * d;
  let a = 0;
  if (1 - squared < HALF_TURN) {
    const length = Math.sqrt(squared);
    [b, c, d] = [b / length, c / length, d / length];
  } else {
    a = Math.sqrt(1 - squared);
  }
  return Affine.fromLinear([
    a * a + b * b - c * c - d * d,
    2 * (b * c - a * d),
    2 * (b * d + a * c),
    2 * (b * c + a * d),
    a * a + c * c - b * b - d * d,
    2 * (c * d - a * b),
    2 * (b * d - a * c),
    2 * (c * d + a * b),
    a * a + d * d - b * b - c * c,
  ]);
}

/**
 * The vector part (b, c, d) of the unit quaternion of a rotation, with a scalar part >= 0.
 *
 * Starts from the largest of the four squared parts, so that nothing small is divided by.
 *
 * @param rotation - Orthogonal, determinant +1.
 */
export function quaternionFromRotation(rotation: Affine): Triple {
  const [m00, m01, m02, m10, m11, m12, m20, m21, m22] = rotation.linear;
  const candidates: readonly (readonly [number, number, number, number])[] = [
    [1 + m00 + m11 + m22, m21 - m12, m02 - m20, m10 - m01],
    [m21 - m12, 1 + m00 - m11 - m22, m01 + m10, m02 + m20],
    [m02 - m20, m01 + m10, 1 - m00 + m11 - m22, m12 + m21],
    [m10 - m01, m02 + m20, m12 + m21, 1 - m00 - m11 + m22],
  ];
  // Row n is 4 q[n] (a, b, c, d): its own entry is 4 q[n]^2.
  const squares = candidates.map((candidate, index) => candidate[index]);
  const row = candidates[squares.indexOf(Math.max(...squares))];
  const length = Math.hypot(...row);
  const sign = row[0] < 0 ? -1 : 1;
  return [(sign * row[1]) / length, (sign * row[2]) / length, (sign * row[3]) / length];
}

/** A grid as the qform of NIfTI can say it: a rotation, spacings, and a flip of the third axis. */
export interface RigidPlacement {
  readonly quaternion: Triple;
  readonly spacing: Triple;
  /** -1 flips the third axis. */
  readonly flip: 1 | -1;
}

/**
 * The rigid placement nearest to an affine map: exact without shear.
 *
 * @param affine - Voxel -> world, usable.
 * @returns Null if the map is not usable.
 */
export function toRigidPlacement(affine: Affine): RigidPlacement | null {
  if (!affine.isUsable) return null;
  const {directions, spacing} = affine;
  const flip = directions.determinant > 0 ? 1 : -1;
  const proper = Affine.compose(directions, Affine.scaling([1, 1, flip]));
  return {quaternion: quaternionFromRotation(proper.nearestOrthogonal()), spacing, flip};
}
