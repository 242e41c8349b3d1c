import {Affine} from '../geometry/affine.js';
import {isSameGrid, type Grid} from '../geometry/grid.js';
import {
  affineTransform,
  compose,
  displacementTransform,
  type Transform,
} from '../transforms/transform.js';
import type {VectorField} from '../transforms/vector-field.js';
import type {NetworkGrid} from '../volume/conform.js';

/** Where everything lies: the two images, the network's grid on the fixed one, and the map that brings them together. */
export interface RegistrationGeometry {
  readonly fixed: Grid;
  readonly moving: Grid;
  readonly network: NetworkGrid;
  /** A: fixed points -> moving points, RAS mm, applied after the displacement. */
  readonly alignment: Affine;
}

/** The values of a field on the network grid: [I, J, K, 3] in the order of tensors, voxels of that grid. */
export type NetworkField = Float32Array;

/** Network grid index -> fixed voxel. */
export function networkToFixed({fixed, network}: RegistrationGeometry): Affine {
  return network.isFixedGrid
    ? Affine.identity
    : Affine.compose(fixed.affine.inverse(), network.affine);
}

/** Network grid index -> moving voxel, without the displacement. */
export function networkToMoving({moving, network, alignment}: RegistrationGeometry): Affine {
  return Affine.compose(moving.affine.inverse(), alignment, network.affine);
}

/** Vectors of the network with the grid they lie on. */
export function onNetwork(
  {shape, affine}: Grid,
  values: NetworkField,
): VectorField<'voxels', 'tensor'> {
  return {grid: {shape, affine}, unit: 'voxels', order: 'tensor', values};
}

/** Fixed -> moving: A(x + u(x)). */
export function forwardTransform(geometry: RegistrationGeometry, field: NetworkField): Transform {
  const {network, alignment} = geometry;
  return compose(affineTransform(alignment), displacementTransform(onNetwork(network, field)));
}

/**
 * Moving -> fixed: y + v(y), y = A^-1 x.
 *
 * @param inverseField - v, the integral of the negated velocity.
 */
export function backwardTransform(
  {network, alignment}: RegistrationGeometry,
  inverseField: NetworkField,
): Transform {
  return compose(
    displacementTransform(onNetwork(network, inverseField)),
    affineTransform(alignment.inverse()),
  );
}

/** Whether fixed, moving and network grid are one, voxel by voxel, as in the original's own scripts. */
export function isOneGrid({fixed, moving, network, alignment}: RegistrationGeometry): boolean {
  return network.isFixedGrid && isSameGrid(moving, fixed) && alignment.equals(Affine.identity);
}
