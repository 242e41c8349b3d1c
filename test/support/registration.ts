import {PORTABLE} from '../../src/kernels/voxel-operation.js';
import {
  registerPair,
  type NamedVolume,
  type RegisterPairOptions,
  type Registration,
} from '../../src/registration/register-pair.js';
import type {VelocityNetwork} from '../../src/registration/velocity.js';
import type {NetworkGridSpec} from '../../src/volume/conform.js';
import type {Grid} from '../../src/geometry/grid.js';
import type {Triple} from '../../src/geometry/triple.js';
import type {Volume} from '../../src/volume/volume.js';
import {blobs, centredAffine, imageOf, obliqueAffine} from './volumes.js';

export const LIA_3MM: NetworkGridSpec = {
  orientation: 'LIA',
  spacingMm: [3, 3, 3],
  multiple: [4, 4, 4],
};
export const OWN_AXES: NetworkGridSpec = {orientation: null, spacingMm: null, multiple: [4, 4, 4]};

/** Oblique, anisotropic, odd sizes; about 50 mm. */
export const FIXED_SHAPE: Triple = [19, 25, 13];
export const FIXED: Grid = {
  shape: FIXED_SHAPE,
  affine: centredAffine(obliqueAffine([12, -9, 17], [2.5, 2, 4]), FIXED_SHAPE, [0, 0, 0]),
};
/** Left-handed, other angles and spacing, larger: covers the fixed image and 20 mm more. */
export const MOVING_SHAPE: Triple = [51, 35, 45];
export const MOVING: Grid = {
  shape: MOVING_SHAPE,
  affine: centredAffine(obliqueAffine([-20, 8, 5], [-2, 3, 2.2]), MOVING_SHAPE, [2, -1, 1]),
};

export const named = (volume: Volume, name: string): NamedVolume => ({
  ...volume,
  name,
  orientationKnown: true,
});
/** An image whose intensity is linear in world space: sampled trilinearly it is exact everywhere inside. */
export const tilt = ([x, y, z]: Triple) => 100 + 2 * x - 3 * y + 0.5 * z;

/** Register the moving to the fixed image with a network of the test's choice; anything else can be given, too. */
export function register(
  network: VelocityNetwork,
  overrides: Partial<Omit<RegisterPairOptions, 'model'>> & {
    grid?: NetworkGridSpec;
    labelWeight?: number;
  } = {},
): Promise<Registration> {
  const {grid = LIA_3MM, labelWeight = 0.5, ...rest} = overrides;
  return registerPair({
    fixed: named(imageOf(FIXED, blobs), 'fixed.nii'),
    moving: named(imageOf(MOVING, tilt), 'moving.nii'),
    model: {network, grid, normalisation: {kind: 'minmax'}, labelWeight},
    engine: PORTABLE,
    hyperparameters: [],
    ...rest,
  });
}

/** Relative to intensities of about 300 in float32. */
export const EXACT = 1e-3;
