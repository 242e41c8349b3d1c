import type {Augmentation} from '../config/training-config.js';
import type {Random} from '../random.js';
import {fromLinearAndOffset, multiplyLinear, type Matrix3, type Matrix4} from '../volume/affine.js';
import type {Triple} from '../volume/volume.js';
import {smoothNoise} from './smooth-noise.js';
import {FIELD_SPACING, type Workbench} from './training-kernels.js';

/** Squarings; a velocity is at most a few field voxels. */
const INTEGRATION_STEPS = 5;

type Geometry = Pick<
  Augmentation,
  'rotationDegrees' | 'translationVox' | 'scale' | 'deformationVox' | 'deformationScaleVox'
>;

/** A map from the voxels x of the training grid to places in an image on it: A (x + u(x)) + t. */
export interface RandomTransform {
  readonly affine: Matrix4;
  /** Null: nowhere displaced. [FI, FJ, FK, 3], voxels of the training grid, on points FIELD_SPACING voxels apart. */
  readonly field: Float32Array | null;
  readonly fieldShape: Triple;
}

/**
 * Draw a map from the voxels of an image to places in it: a small affine map about its centre, then a smooth displacement
 * that is the integral of a random velocity, so that nothing folds.
 *
 * An axis of one voxel stays as it is.
 */
export function drawTransform(
  bench: Workbench,
  amounts: Geometry,
  random: Random,
): RandomTransform {
  const {shape} = bench;
  const linear = drawLinear(shape, amounts, random);
  const centre = shape.map((length) => (length - 1) / 2);
  const offset = [0, 1, 2].map((row) => {
    const shift = shape[row] === 1 ? 0 : random.normal(amounts.translationVox);
    const turned = [0, 1, 2].reduce((sum, n) => sum + linear[3 * row + n] * centre[n], 0);
    return centre[row] - turned + shift;
  }) as unknown as Triple;
  return {
    affine: fromLinearAndOffset(linear, offset),
    ...drawDisplacement(bench, amounts, random),
  };
}

/** Whether a transform with these amounts moves anything. */
export function isStill(amounts: Geometry): boolean {
  const {rotationDegrees, translationVox, scale, deformationVox} = amounts;
  return rotationDegrees + translationVox + scale + deformationVox === 0;
}

/** The same map into the mirror image along the first axis of so many voxels. */
export function mirrored(transform: RandomTransform, length: number): RandomTransform {
  const affine = transform.affine.map((value, n) => (n < 4 ? -value : value));
  affine[3] += length - 1;
  return {...transform, affine};
}

function drawLinear(shape: Triple, amounts: Geometry, random: Random): Matrix3 {
  let linear: Matrix3 = [1, 0, 0, 0, 1, 0, 0, 0, 1];
  for (const [a, b] of [
    [1, 2],
    [0, 2],
    [0, 1],
  ]) {
    const angle = (random.normal(amounts.rotationDegrees) * Math.PI) / 180;
    if (shape[a] === 1 || shape[b] === 1) continue;
    const turn = [1, 0, 0, 0, 1, 0, 0, 0, 1];
    turn[4 * a] = turn[4 * b] = Math.cos(angle);
    turn[3 * a + b] = -Math.sin(angle);
    turn[3 * b + a] = Math.sin(angle);
    linear = multiplyLinear(turn, linear);
  }
  const factors = shape.map((length) => {
    const factor = Math.exp(random.normal(amounts.scale));
    return length === 1 ? 1 : factor;
  });
  return linear.map((value, n) => value * factors[n % 3]);
}

function drawDisplacement(
  {shape, kernels}: Workbench,
  {deformationVox, deformationScaleVox}: Geometry,
  random: Random,
): Pick<RandomTransform, 'field' | 'fieldShape'> {
  if (deformationVox === 0) return {field: null, fieldShape: [1, 1, 1]};
  const fieldShape = shape.map((length) =>
    length === 1 ? 1 : Math.ceil((length - 1) / FIELD_SPACING) + 1,
  ) as unknown as Triple;
  const noise = shape.map((length) =>
    length === 1
      ? null
      : smoothNoise({shape: fieldShape, kernels}, deformationScaleVox / FIELD_SPACING, random),
  );
  const field = kernels.integrateNoise(noise, fieldShape, {
    // In field voxels, divided for scaling and squaring.
    factor: deformationVox / FIELD_SPACING / 2 ** INTEGRATION_STEPS,
    steps: INTEGRATION_STEPS,
    spacing: FIELD_SPACING,
  });
  return {field, fieldShape};
}
