import {Affine} from '../../geometry/affine.js';
import {mapTriple, type Triple} from '../../geometry/triple.js';
import type {KernelRunner} from '../../kernels/voxel-operation.js';
import type {Volume} from '../../volume/volume.js';
import {alignmentFor} from '../alignment.js';
import {exponential} from './motion.js';
import {normalOf, type Plane} from './plane.js';

/** Where the search for an alignment begins. */
export interface Start {
  /** For people. */
  readonly name: 'headers' | 'centres of mass' | 'centres of view';
  readonly found: 'headers' | 'centre' | 'fov';
  readonly affine: Affine;
}

const STEP_DEGREES = 30;
const PLANE_STEP_DEGREES = 15;
const WIDEST_DEGREES = 45;
/** The scales that are tried; closed under inversion. */
export const SCALES: readonly number[] = [1, 0.85, 1 / 0.85];

/** Two starts nearer than this share of the contents' spread are one. */
const NEAR = 0.05;

/**
 * The ways to bring two images together without comparing their contents; different ones only, headers first.
 *
 * @param options.spread - Of the moving image's contents, mm.
 */
export function placements(
  fixed: Volume,
  moving: Volume,
  {spread, engine}: {readonly spread: number; readonly engine: KernelRunner},
): Start[] {
  const starts = (
    [
      ['headers', 'headers'],
      ['centres of mass', 'centre'],
      ['centres of view', 'fov'],
    ] as const
  ).map(([name, found]): Start => {
    return {name, found, affine: alignmentFor(found, fixed, moving, engine)};
  });
  return starts.filter(({affine}, n) =>
    starts
      .slice(0, n)
      .every((other) => distance(affine.offset, other.affine.offset) > NEAR * spread),
  );
}

/**
 * A start turned and scaled about the points that it brings together, the unchanged one first: closed under inversion, so
 * that exchanging the images changes nothing.
 *
 * @param centre - A point of the fixed image; the one that the start brings it onto stays in place.
 * @param options.plane - Rotations and scales stay in this plane; null for all of space.
 */
export function variantsOf(
  {affine}: Start,
  centre: Triple,
  {plane, scales}: {readonly plane: Plane | null; readonly scales: readonly number[]},
): Affine[] {
  const to = affine.apply(centre);
  return rotations(plane).flatMap((rotation) =>
    scales.map((scale) => Affine.compose(scalingBy(scale, plane), rotation).taking(centre, to)),
  );
}

/** Rotations up to 45 degrees, the steps apart. */
function rotations(plane: Plane | null): Affine[] {
  const radians = (degrees: number) => (degrees * Math.PI) / 180;
  if (plane !== null) {
    const step = radians(PLANE_STEP_DEGREES);
    const most = Math.floor(WIDEST_DEGREES / PLANE_STEP_DEGREES);
    return Array.from({length: 2 * most + 1}, (_, n) =>
      rotationBy(mapTriple(normalOf(plane), (x) => x * (n - most) * step)),
    );
  }
  const ends = [0, 1, -1];
  const widest = WIDEST_DEGREES / STEP_DEGREES;
  return ends
    .flatMap((x) => ends.flatMap((y) => ends.map((z): Triple => [x, y, z])))
    .filter((vector) => Math.hypot(...vector) <= widest)
    .map((vector) => rotationBy(mapTriple(vector, (x) => x * radians(STEP_DEGREES))));
}

/** Rotation about a vector by its length in radians. */
function rotationBy([x, y, z]: Triple): Affine {
  return exponential([0, -z, y, 0, z, 0, -x, 0, -y, x, 0, 0]);
}

/** The same scale along all axes, or along those of a plane. */
function scalingBy(scale: number, plane: Plane | null): Affine {
  if (plane === null) return Affine.scaling([scale, scale, scale]);
  return exponential(
    Array.from({length: 12}, (_, n) => {
      const [row, column] = [n >> 2, n & 3];
      if (column === 3) return 0;
      return Math.log(scale) * plane.reduce((sum, axis) => sum + axis[row] * axis[column], 0);
    }),
  );
}

function distance(a: Triple, b: Triple): number {
  return Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
}
