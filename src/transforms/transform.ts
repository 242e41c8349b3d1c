import {Affine} from '../geometry/affine.js';
import {inTensorOrder, requireVectors, type FieldUnit, type VectorField} from './vector-field.js';

/** Points go through a matrix. */
export interface AffineTransform {
  readonly kind: 'affine';
  readonly affine: Affine;
}

/** Points are displaced, x -> x + u(x): u is trilinear between the voxels of its grid and zero more than half a voxel beyond. */
export interface DisplacementTransform {
  readonly kind: 'displacement';
  readonly field: VectorField<FieldUnit, 'tensor'>;
  /** The stationary velocity that the displacement is the integral of, where it is known: its negative leads back. */
  readonly velocity: StationaryVelocity | null;
}

/** A velocity that `integrateVelocity` turns into a displacement on the same grid by so many squarings. */
export interface StationaryVelocity {
  readonly field: VectorField<'voxels', 'tensor'>;
  readonly steps: number;
}

/**
 * Points are displaced, x -> x + u(x): u is the cubic B-spline of these coefficients where four of them along each axis reach, from the
 * second point of their grid to the last but one, and zero elsewhere.
 */
export interface SplineTransform {
  readonly kind: 'spline';
  readonly coefficients: VectorField<FieldUnit, 'tensor'>;
}

/** One transform after another: the last one of the list acts first. */
export interface ChainTransform {
  readonly kind: 'chain';
  readonly transforms: readonly SimpleTransform[];
}

export type SimpleTransform = AffineTransform | DisplacementTransform | SplineTransform;

/**
 * A map of points of one image, the fixed one, to points of another, the moving one; both in RAS mm.
 *
 * It carries points forward and images back: the moved image at a fixed point x is the moving image at T(x).
 */
export type Transform = SimpleTransform | ChainTransform;

/**
 * The transform of an affine map.
 *
 * @example
 * import {Affine, affineTransform, mapPoints} from 'hypermorph';
 * const shift = affineTransform(Affine.translation([1, 2, 3]));
 * mapPoints(shift, [[0, 0, 0]]); // [[1, 2, 3]]
 */
export function affineTransform(affine: Affine): AffineTransform {
  return {kind: 'affine', affine};
}

/**
 * The transform of a displacement field, x -> x + u(x).
 *
 * @param field - In mm (RAS) or voxels of its grid. Kept, not copied, where it is in the order of tensors.
 * @param velocity - What the field is the integral of, so that it can be inverted without a search.
 * @throws {HypermorphError} E_SHAPE unless the field holds three numbers for each voxel.
 *
 * @example
 * import {Affine, displacementTransform, mapPoints} from 'hypermorph';
 * const grid = {shape: [2, 2, 2], affine: Affine.scaling([4, 4, 4])} as const;
 * const values = new Float32Array(24).fill(0.5);
 * const half = displacementTransform({grid, unit: 'voxels', order: 'tensor', values});
 * mapPoints(half, [[1, 1, 1]]); // [[3, 3, 3]]
 */
export function displacementTransform(
  field: VectorField,
  velocity: StationaryVelocity | null = null,
): DisplacementTransform {
  requireVectors(field, 'displacementTransform');
  return {kind: 'displacement', field: inTensorOrder(field), velocity};
}

/**
 * The transform of a cubic B-spline, x -> x + u(x).
 *
 * @param coefficients - In mm (RAS) or voxels of their grid. Kept, not copied, where they are in the order of tensors.
 * @throws {HypermorphError} E_SHAPE unless there are three numbers for each point of the grid.
 *
 * @example
 * import {Affine, mapPoints, splineTransform} from 'hypermorph';
 * const grid = {shape: [4, 4, 4], affine: Affine.scaling([10, 10, 10])} as const;
 * const values = new Float32Array(192).fill(2);
 * const shift = splineTransform({grid, unit: 'mm', order: 'tensor', values});
 * mapPoints(shift, [[15, 15, 15]])[0].map(Math.round); // [17, 17, 17]
 */
export function splineTransform(coefficients: VectorField): SplineTransform {
  requireVectors(coefficients, 'splineTransform');
  return {kind: 'spline', coefficients: inTensorOrder(coefficients)};
}

/**
 * One transform for several: `compose(a, b)` takes x to a(b(x)), the last one acts first.
 *
 * Affine maps next to each other become one, and those that move nothing vanish; fields are kept as they are, so that a point,
 * or an image, goes through the whole chain at once.
 *
 * @returns The identity, an affine transform, if there is nothing to compose.
 *
 * @example
 * import {Affine, affineTransform, compose, mapPoints} from 'hypermorph';
 * const double = affineTransform(Affine.scaling([2, 2, 2]));
 * const shift = affineTransform(Affine.translation([1, 0, 0]));
 * mapPoints(compose(double, shift), [[0, 0, 0]]); // [[2, 0, 0]]
 * mapPoints(compose(shift, double), [[0, 0, 0]]); // [[1, 0, 0]]
 */
export function compose(...transforms: readonly Transform[]): Transform {
  const joined: SimpleTransform[] = [];
  for (const next of transforms.flatMap(partsOf)) {
    const last = joined.at(-1);
    if (next.kind === 'affine' && last?.kind === 'affine') {
      joined[joined.length - 1] = affineTransform(Affine.compose(last.affine, next.affine));
    } else {
      joined.push(next);
    }
  }
  const parts = joined.filter((part) => !isIdentity(part));
  if (parts.length === 0) return affineTransform(Affine.identity);
  return parts.length === 1 ? parts[0] : {kind: 'chain', transforms: parts};
}

/** The affine maps, fields and splines of a transform; the last one acts first. */
export function partsOf(transform: Transform): readonly SimpleTransform[] {
  return transform.kind === 'chain' ? transform.transforms : [transform];
}

/** Whether a transform is the affine map that moves nothing. */
export function isIdentity(transform: Transform): boolean {
  return transform.kind === 'affine' && transform.affine.equals(Affine.identity);
}
