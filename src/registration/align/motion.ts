import {Affine} from '../../geometry/affine.js';
import {mapTriple, type Triple} from '../../geometry/triple.js';
import type {Plane} from './plane.js';

/** What a motion may change. */
export type MotionKind = 'rigid' | 'similarity' | 'affine';

/** Directions in the space of the twelve entries of a generator (3 x 4, row-major), orthonormal rows. */
export type MotionBasis = readonly (readonly number[])[];

/**
 * The directions in which a kind of motion may go.
 *
 * @param plane - Two orthonormal directions: motions stay in their plane. Null for all of space.
 */
export function basisOf(kind: MotionKind, plane: Plane | null): MotionBasis {
  const axes: readonly Triple[] = plane ?? [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ];
  const translations = axes.map((axis) =>
    generator((row, column) => (column === 3 ? axis[row] : 0)),
  );
  const pairs = axes.flatMap((a, n) => axes.slice(n + 1).map((b) => [a, b] as const));
  const rotations = pairs.map(([a, b]) =>
    generator((r, c) => (c === 3 ? 0 : (a[r] * b[c] - b[r] * a[c]) / Math.SQRT2)),
  );
  const scale = generator((r, c) =>
    c === 3 ? 0 : axes.reduce((sum, a) => sum + a[r] * a[c], 0) / Math.sqrt(axes.length),
  );
  if (kind === 'rigid') return [...translations, ...rotations];
  if (kind === 'similarity') return [...translations, ...rotations, scale];
  const linear = axes.flatMap((a) =>
    axes.map((b) => generator((r, c) => (c === 3 ? 0 : a[r] * b[c]))),
  );
  return [...translations, ...linear];
}

function generator(entry: (row: number, column: number) => number): number[] {
  return Array.from({length: 12}, (_, n) => entry(n >> 2, n & 3));
}

/** exp of the generator [3 x 4; 0], by scaling and squaring of its Taylor series. */
export function exponential(entries: ArrayLike<number>): Affine {
  const SQUARINGS = 5;
  const TERMS = 8; // the next one is below the last bit where the entries are around 1
  const small = Array.from(IDENTITY, (_, n) => entries[n] / 2 ** SQUARINGS);
  let sum: readonly number[] = IDENTITY;
  for (let n = TERMS; n >= 1; n--) {
    const next = product(small, sum);
    for (let i = 0; i < next.length; i++) next[i] = IDENTITY[i] + next[i] / n;
    sum = next;
  }
  for (let n = 0; n < SQUARINGS; n++) sum = product(sum, sum);
  return Affine.fromMatrix(sum);
}

const IDENTITY = Affine.identity.rows;

/** The product of 3 x 4 matrices, the second one with 0 0 0 1 below; in plain loops, as a search begins before anything is compiled. */
function product(a: readonly number[], b: readonly number[]): number[] {
  const result = [0, 0, 0, a[3], 0, 0, 0, a[7], 0, 0, 0, a[11]];
  for (let row = 0; row < 12; row += 4) {
    for (let x = 0; x < 3; x++) {
      for (let column = 0; column < 4; column++)
        result[row + column] += a[row + x] * b[4 * x + column];
    }
  }
  return result;
}

/** A sphere around what moves: motions are measured in its radius from its centre. */
export interface Body {
  readonly centre: Triple;
  /** mm. */
  readonly radius: number;
}

/** World -> coordinates of the body: its centre is 0, and its radius 1. */
export function bodyCoordinates({centre, radius}: Body): Affine {
  const shrink = Affine.scaling([1 / radius, 1 / radius, 1 / radius]);
  return shrink.taking(centre, [0, 0, 0]);
}

/** A motion of the body's coordinates as one of the world. */
export function motionOf(motion: Affine, body: Body): Affine {
  const toBody = bodyCoordinates(body);
  return Affine.compose(toBody.inverse(), motion, toBody);
}

/** The largest distance between the places that two maps give the same end of the body's axes, mm. */
export function distanceOverBody(a: Affine, b: Affine, {centre, radius}: Body): number {
  const ends = [0, 1, 2].flatMap((axis) =>
    [-radius, radius].map((r) => mapTriple(centre, (x, n) => (n === axis ? x + r : x))),
  );
  return Math.max(
    ...ends.map((end) => {
      const [p, q] = [a.apply(end), b.apply(end)];
      return Math.hypot(p[0] - q[0], p[1] - q[1], p[2] - q[2]);
    }),
  );
}
