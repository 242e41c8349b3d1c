import {Affine} from '../../src/geometry/affine.js';
import {rotationFromQuaternion} from '../../src/geometry/rotations.js';

/**
 * Any rotation (every fourth one close to half a turn), spacings of 0.5 to 3 mm, both handednesses, offsets up to 100 mm.
 */
export function randomAffine(
  random: () => number,
  {sheared = false}: {readonly sheared?: boolean} = {},
): Affine {
  const axis = [random() - 0.5, random() - 0.5, random() - 0.5];
  const angle = random() < 0.25 ? Math.PI - 1e-3 * random() : Math.PI * random();
  const scale = Math.sin(angle / 2) / Math.hypot(...axis);
  const rotation = rotationFromQuaternion([scale * axis[0], scale * axis[1], scale * axis[2]]);
  const spacing = (): number => 0.5 + 2.5 * random();
  const flip = random() < 0.5 ? -1 : 1;
  const skew = sheared ? 0.3 : 0;
  const scaling = [spacing(), skew, 0, 0, spacing(), -skew, 0, 0, flip * spacing()] as const;
  const offset = (): number => 200 * random() - 100;
  return Affine.compose(rotation, Affine.fromLinear(scaling)).withOffset([
    offset(),
    offset(),
    offset(),
  ]);
}
