import {SAMPLE_GRID} from '../../kernels/sampling.js';
import {FILL_MISSING, MARK_FINITE} from '../../kernels/intensities.js';
import type {KernelRunner} from '../../kernels/voxel-operation.js';
import type {Affine} from '../../geometry/affine.js';
import {conformImage} from '../../volume/conform.js';
import {normaliseInPlace} from '../../volume/intensity.js';
import type {Mask} from '../../volume/mask.js';
import {sample, turnedRound, type ImageInterpolation} from '../../transforms/apply.js';
import {affineTransform} from '../../transforms/transform.js';
import {networkToFixed, networkToMoving} from '../geometry.js';
import {WITHOUT_NETWORK, type PreparedPair} from '../prepare.js';
import type {RefinementPair} from './pair.js';

/** The pair with the fixed image's grid in the place of the network's. */
export function onFixedGrid(pair: PreparedPair): PreparedPair {
  const {fixed, geometry} = pair;
  const network = {shape: fixed.shape, affine: fixed.affine, isFixedGrid: true};
  return {...pair, geometry: {...geometry, network}, model: WITHOUT_NETWORK, conformed: null};
}

/**
 * Both images on the fixed grid, as the alignment places them, and where each counts.
 *
 * @param interpolation - Of the moving image; `cubic` keeps detail that `linear` blurs.
 */
export function imagesOf(
  pair: PreparedPair,
  engine: KernelRunner,
  interpolation: ImageInterpolation = 'linear',
): RefinementPair {
  const {geometry, fixed, moving, masks, scales} = pair;
  const {shape, affine} = geometry.network;
  const toMoving = networkToMoving(geometry);
  const placed = sample(
    moving,
    affineTransform(geometry.alignment),
    turnedRound(geometry.network),
    {interpolation, outside: NaN, engine},
  );
  const moved = placed.data as Float32Array;
  const covered = engine.run(MARK_FINITE, moved);
  engine.run(FILL_MISSING, moved, scales.moving.outside);
  normaliseInPlace(moved, scales.moving, engine);
  const toFixed = networkToFixed(geometry);
  const maskOf = (mask: Mask | null, toVoxel: Affine) =>
    mask && engine.run(SAMPLE_GRID, mask, toVoxel, shape, {interpolation: 'nearest', outside: 0});
  return {
    ...{shape, spacing: affine.spacing},
    fixed: conformImage(fixed, toFixed, {shape, scale: scales.fixed, engine}),
    moving: moved,
    fixedMask: maskOf(masks.fixed, toFixed),
    movingMask: maskOf(masks.moving, toMoving) ?? covered,
  };
}
