import type {Augmentation} from '../config/training-config.js';
import {Affine} from '../geometry/affine.js';
import {middleOf} from '../geometry/grid.js';
import {mapTriple, type Triple} from '../geometry/triple.js';
import {INTEGRATE_NOISE} from '../kernels/noise.js';
import {FIELD_SPACING, type GridTransform} from '../kernels/transform-image.js';
import type {Random} from '../random.js';
import {smoothNoise, type GridContext} from './smooth-noise.js';

/** Squarings; a velocity is at most a few field voxels. */
const INTEGRATION_STEPS = 5;

type Geometry = Pick<
  Augmentation,
  'rotationDegrees' | 'translationVox' | 'scale' | 'deformationVox' | 'deformationScaleVox'
>;

/**
 * Draw a map from the voxels of an image to places in it: a small affine map about its centre, then a smooth displacement
 * that is the integral of a random velocity, so that nothing folds.
 *
 * An axis of one voxel stays as it is.
 */
export function drawTransform(
  context: GridContext,
  amounts: Geometry,
  random: Random,
): GridTransform {
  const {shape} = context;
  const turn = drawTurn(shape, amounts, random).taking(middleOf(shape));
  const shift = mapTriple(shape, (length) =>
    length === 1 ? 0 : random.normal(amounts.translationVox),
  );
  return {
    affine: Affine.compose(Affine.translation(shift), turn),
    ...drawDisplacement(context, amounts, random),
  };
}

/** Whether a transform with these amounts moves anything. */
export function isStill(amounts: Geometry): boolean {
  const {rotationDegrees, translationVox, scale, deformationVox} = amounts;
  return rotationDegrees + translationVox + scale + deformationVox === 0;
}

/** The same map into the mirror image along the first axis of so many voxels. */
export function mirrored(transform: GridTransform, length: number): GridTransform {
  const mirror = Affine.scaling([-1, 1, 1]).withOffset([length - 1, 0, 0]);
  return {...transform, affine: Affine.compose(mirror, transform.affine)};
}

/** Rotations about the three axes and a factor along each, about voxel 0. */
function drawTurn(shape: Triple, amounts: Geometry, random: Random): Affine {
  let turn = Affine.identity;
  for (const axis of [0, 1, 2] as const) {
    const angle = random.normal(amounts.rotationDegrees);
    if (shape.some((length, n) => n !== axis && length === 1)) continue;
    turn = Affine.compose(Affine.rotation(axis, axis === 1 ? -angle : angle), turn);
  }
  const factors = mapTriple(shape, (length) => {
    const factor = Math.exp(random.normal(amounts.scale));
    return length === 1 ? 1 : factor;
  });
  return Affine.compose(turn, Affine.scaling(factors));
}

function drawDisplacement(
  {shape, engine}: GridContext,
  {deformationVox, deformationScaleVox}: Geometry,
  random: Random,
): Pick<GridTransform, 'field' | 'fieldShape'> {
  if (deformationVox === 0) return {field: null, fieldShape: [1, 1, 1]};
  const fieldShape = mapTriple(shape, (length) =>
    length === 1 ? 1 : Math.ceil((length - 1) / FIELD_SPACING) + 1,
  );
  const noise = shape.map((length) =>
    length === 1
      ? null
      : smoothNoise({shape: fieldShape, engine}, deformationScaleVox / FIELD_SPACING, random),
  );
  const field = engine.run(INTEGRATE_NOISE, noise, fieldShape, {
    // In field voxels, divided for scaling and squaring.
    factor: deformationVox / FIELD_SPACING / 2 ** INTEGRATION_STEPS,
    steps: INTEGRATION_STEPS,
    spacing: FIELD_SPACING,
  });
  return {field, fieldShape};
}
