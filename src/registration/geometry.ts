import {Affine} from '../geometry/affine.js';
import {isSameGrid, type Grid} from '../geometry/grid.js';
import type {Triple} from '../geometry/triple.js';
import type {NetworkGrid} from '../volume/conform.js';
import type {
  ComposedMap,
  Outside,
  VoxelKernels,
  Voxels,
  WorldMap,
} from '../volume/voxel-kernels.js';

/**
 * Where everything lies: F, M and N are the voxel -> RAS mm matrices of `fixed`, `moving` and `network`.
 *
 * For a fixed voxel i: p = F i; x = N^-1 p; d = N u(x) (linear part); q = A (p + d); m = M^-1 q.
 */
export interface RegistrationGeometry {
  readonly fixed: Grid;
  readonly moving: Grid;
  readonly network: NetworkGrid;
  /** A: fixed points -> moving points, RAS mm, applied after the displacement. */
  readonly alignment: Affine;
}

/** A displacement on the network grid: [I, J, K, 3] in tensor order, voxels of that grid. */
export type NetworkField = Float32Array;

/** Millimetres along left, posterior, superior: the convention of ITK's displacement files. */
const RAS_TO_LPS = Affine.scaling([-1, -1, 1]);

/** (k, j, i) -> (i, j, k): tensor order of the one index is disk order of the other. */
const REVERSED_INDEX = Affine.fromLinear([0, 0, 1, 0, 1, 0, 1, 0, 0]);

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

/**
 * The map with which an image on the moving side is sampled, once: m = B i + C u(D i).
 *
 * @param image - The grid of that image; the moving image's own, or that of a label map beside it.
 */
export function composeMap(
  geometry: RegistrationGeometry,
  field: NetworkField,
  image: Grid = geometry.moving,
): ComposedMap {
  const {fixed, network, alignment} = geometry;
  const toImage = Affine.compose(image.affine.inverse(), alignment);
  return {
    voxelToMoving: Affine.compose(toImage, fixed.affine),
    fieldToMoving: Affine.compose(toImage, network.affine).linear,
    voxelToField: fixedToNetwork(geometry),
    field,
    fieldShape: network.shape,
  };
}

/** The map of the warp file, on the fixed grid: L (q - p), LPS mm. */
export function composeWarp(geometry: RegistrationGeometry, field: NetworkField): WorldMap {
  const {fixed, network, alignment} = geometry;
  const moved = Affine.compose(alignment, fixed.affine);
  return {
    voxelToOffset: Affine.compose(RAS_TO_LPS, subtract(moved, fixed.affine)),
    fieldToOffset: Affine.compose(RAS_TO_LPS, alignment, network.affine).linear,
    voxelToField: fixedToNetwork(geometry),
    field,
    fieldShape: network.shape,
  };
}

/**
 * The map of the inverse warp file, on the moving grid: for a moving point q, L (p - q) with q' = A^-1 q and
 * p = q' + N u_inv(N^-1 q'), LPS mm.
 *
 * @param inverseField - The inverse displacement: the integral of the negated velocity.
 */
export function composeInverseWarp(
  geometry: RegistrationGeometry,
  inverseField: NetworkField,
): WorldMap {
  const {moving, network, alignment} = geometry;
  const aligned = Affine.compose(alignment.inverse(), moving.affine);
  return {
    voxelToOffset: Affine.compose(RAS_TO_LPS, subtract(aligned, moving.affine)),
    fieldToOffset: Affine.compose(RAS_TO_LPS, network.affine).linear,
    voxelToField: Affine.compose(network.affine.inverse(), aligned),
    field: inverseField,
    fieldShape: network.shape,
  };
}

/**
 * The velocity in LPS mm on the network grid, component slowest, disk order.
 *
 * @param velocity - [I, J, K, 3] in tensor order, voxels of the network grid.
 */
export function velocityInMm(
  network: Grid,
  velocity: NetworkField,
  kernels: VoxelKernels,
): Float32Array {
  const map: WorldMap = {
    voxelToOffset: Affine.scaling([0, 0, 0]),
    fieldToOffset: Affine.compose(RAS_TO_LPS, network.affine).linear,
    voxelToField: Affine.identity,
    field: velocity,
    fieldShape: network.shape,
  };
  return kernels.worldDisplacement(map, network.shape);
}

/**
 * Bring a scalar from the network grid to the fixed grid, trilinearly.
 *
 * @param scalar - [I, J, K] in tensor order.
 * @returns Disk order of the fixed grid; `outside` beyond the network grid.
 */
export function scalarOnFixed(
  geometry: RegistrationGeometry,
  scalar: Float32Array,
  options: {readonly outside: number; readonly kernels: VoxelKernels},
): Float32Array {
  // An array in tensor order is one in disk order with its axes reversed, on both sides.
  const {fixed, network} = geometry;
  const toNetwork = Affine.compose(REVERSED_INDEX, fixedToNetwork(geometry), REVERSED_INDEX);
  const image = {data: scalar, shape: reversed(network.shape)};
  return options.kernels.sampleOnGrid(image, toNetwork, reversed(fixed.shape), {
    interpolation: 'linear',
    outside: options.outside,
  });
}

/**
 * The moving image on the fixed grid as the headers (or the alignment) place it, without any displacement.
 *
 * @returns Disk order of the fixed grid.
 */
export function movingOnFixed(
  geometry: RegistrationGeometry,
  moving: Voxels,
  options: {readonly outside: Outside; readonly kernels: VoxelKernels},
): Float32Array {
  const {fixed, moving: grid, alignment} = geometry;
  const toMoving = Affine.compose(grid.affine.inverse(), alignment, fixed.affine, REVERSED_INDEX);
  return options.kernels.sampleOnGrid(moving, toMoving, reversed(fixed.shape), {
    interpolation: 'linear',
    outside: options.outside,
  });
}

/** Whether fixed, moving and network grid are one, voxel by voxel, as in the original's own scripts. */
export function isOneGrid({fixed, moving, network, alignment}: RegistrationGeometry): boolean {
  return network.isFixedGrid && isSameGrid(moving, fixed) && alignment.equals(Affine.identity);
}

function fixedToNetwork({fixed, network}: RegistrationGeometry): Affine {
  return network.isFixedGrid
    ? Affine.identity
    : Affine.compose(network.affine.inverse(), fixed.affine);
}

function subtract(a: Affine, b: Affine): Affine {
  return Affine.fromMatrix(a.rows.map((value, n) => value - b.rows[n]));
}

function reversed([i, j, k]: Triple): Triple {
  return [k, j, i];
}
