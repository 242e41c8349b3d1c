import {SAMPLE_GRID} from '../../kernels/sampling.js';
import {SAMPLE_SPLINE, SPLINE_COEFFICIENTS} from '../../kernels/spline.js';
import {FILL_MISSING, MARK_FINITE} from '../../kernels/intensities.js';
import type {KernelRunner} from '../../kernels/voxel-operation.js';
import {Affine} from '../../geometry/affine.js';
import type {Triple} from '../../geometry/triple.js';
import {conformImage} from '../../volume/conform.js';
import {normaliseInPlace} from '../../volume/intensity.js';
import type {Mask} from '../../volume/mask.js';
import {REVERSED, type ImageInterpolation} from '../../transforms/apply.js';
import {networkToFixed, networkToMoving} from '../geometry.js';
import {WITHOUT_NETWORK, type PreparedPair} from '../prepare.js';
import type {Voxels} from '../../kernels/voxels.js';
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
  const moved =
    interpolation === 'cubic'
      ? sampleCubic(moving, toMoving, shape, engine)
      : engine.run(SAMPLE_GRID, moving, toMoving, shape, {interpolation, outside: NaN});
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

/** The cubic B-spline through the voxels of an image, as `SAMPLE_GRID` looks it up; NaN outside. */
function sampleCubic(
  image: Voxels,
  toVoxel: Affine,
  [i, j, k]: Triple,
  engine: KernelRunner,
): Float32Array {
  const spline = {shape: image.shape, data: engine.run(SPLINE_COEFFICIENTS, image)};
  const map = [{base: Affine.compose(toVoxel, REVERSED), displacement: null}];
  return engine.run(SAMPLE_SPLINE, spline, map, [k, j, i], {outside: NaN});
}
