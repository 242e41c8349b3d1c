import type {Augmentation} from '../config/training-config.js';
import type {Random} from '../random.js';
import {fromLinearAndOffset, multiplyLinear, type Matrix3, type Matrix4} from '../volume/affine.js';
import type {Triple} from '../volume/volume.js';
import {smoothNoise} from './smooth-noise.js';

/** Voxels between the points at which a random deformation is computed. */
export const FIELD_SPACING = 4;
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
 * @param shape - I, J, K; an axis of one voxel stays as it is.
 */
export function drawTransform(shape: Triple, amounts: Geometry, random: Random): RandomTransform {
  const linear = drawLinear(shape, amounts, random);
  const centre = shape.map((length) => (length - 1) / 2);
  const offset = [0, 1, 2].map((row) => {
    const shift = shape[row] === 1 ? 0 : random.normal(amounts.translationVox);
    const turned = [0, 1, 2].reduce((sum, n) => sum + linear[3 * row + n] * centre[n], 0);
    return centre[row] - turned + shift;
  }) as unknown as Triple;
  return {
    affine: fromLinearAndOffset(linear, offset),
    ...drawDisplacement(shape, amounts, random),
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
  shape: Triple,
  {deformationVox, deformationScaleVox}: Geometry,
  random: Random,
): Pick<RandomTransform, 'field' | 'fieldShape'> {
  if (deformationVox === 0) return {field: null, fieldShape: [1, 1, 1]};
  const fieldShape = shape.map((length) =>
    length === 1 ? 1 : Math.ceil((length - 1) / FIELD_SPACING) + 1,
  ) as unknown as Triple;
  const points = fieldShape[0] * fieldShape[1] * fieldShape[2];
  const field = new Float32Array(3 * points);
  for (let axis = 0; axis < 3; axis++) {
    if (shape[axis] === 1) continue;
    const noise = smoothNoise(fieldShape, deformationScaleVox / FIELD_SPACING, random);
    // In field voxels, divided for scaling and squaring.
    const factor = deformationVox / FIELD_SPACING / 2 ** INTEGRATION_STEPS;
    for (let n = 0; n < points; n++) field[3 * n + axis] = factor * noise[n];
  }
  let displacement = field;
  for (let step = 0; step < INTEGRATION_STEPS; step++) {
    displacement = composeWithItself(displacement, fieldShape);
  }
  return {field: displacement.map((value) => value * FIELD_SPACING), fieldShape};
}

/** u + u o (id + u), the edge repeated. */
function composeWithItself(u: Float32Array, shape: Triple): Float32Array<ArrayBuffer> {
  const result = new Float32Array(u.length);
  const [lengthI, lengthJ, lengthK] = shape;
  const sample = new Float64Array(3);
  for (let i = 0, n = 0; i < lengthI; i++) {
    for (let j = 0; j < lengthJ; j++) {
      for (let k = 0; k < lengthK; k++, n += 3) {
        sampleAt(sample, u, shape, [i + u[n], j + u[n + 1], k + u[n + 2]]);
        for (let c = 0; c < 3; c++) result[n + c] = u[n + c] + sample[c];
      }
    }
  }
  return result;
}

function sampleAt(sample: Float64Array, u: Float32Array, shape: Triple, position: Triple): void {
  const low = [0, 0, 0];
  const part = [0, 0, 0];
  for (let axis = 0; axis < 3; axis++) {
    const inside = Math.min(Math.max(position[axis], 0), shape[axis] - 1);
    low[axis] = Math.min(Math.floor(inside), Math.max(shape[axis] - 2, 0));
    part[axis] = inside - low[axis];
  }
  sample.fill(0);
  for (let corner = 0; corner < 8; corner++) {
    let weight = 1;
    let index = 0;
    for (let axis = 0; axis < 3; axis++) {
      const upper = (corner >> axis) & 1;
      weight *= upper === 1 ? part[axis] : 1 - part[axis];
      index = index * shape[axis] + Math.min(low[axis] + upper, shape[axis] - 1);
    }
    if (weight === 0) continue;
    for (let c = 0; c < 3; c++) sample[c] += weight * u[3 * index + c];
  }
}
