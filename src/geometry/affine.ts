import {HypermorphError} from '../errors.js';
import type {Triple} from './triple.js';

/** The numbers of a 3x4 matrix, row by row: three of the linear part, then one of the offset. */
// prettier-ignore
export type Rows = readonly [
  number, number, number, number,
  number, number, number, number,
  number, number, number, number,
];

/** The numbers of a 3x3 matrix, row by row. */
// prettier-ignore
export type LinearRows = readonly [
  number, number, number,
  number, number, number,
  number, number, number,
];

/** What an affine map is made of; what is left out changes nothing. */
export interface AffineParameters {
  readonly translation?: Triple;
  /** Angles about the first, second and third axis, right-handed. */
  readonly rotationDegrees?: Triple;
  readonly scale?: Triple;
  /** The entries (0, 1), (0, 2) and (1, 2) of a matrix with ones on its diagonal. */
  readonly shear?: Triple;
}

/** A thousand kilometres in mm: nothing lies farther, and float32 has no place for it. */
const FARTHEST = 1e9;
/** A matrix whose determinant is below this share of the product of its column lengths is flat. */
const FLAT = 1e-9;
/** An entry this close to 0, 1 or -1 is that; over a thousand voxels it adds up to a hundredth of a voxel. */
const PERMUTATION_TOLERANCE = 1e-5;
/** A volume of a voxel, mm^3, whose inverse is still a number to compute with. */
const SMALLEST_VOLUME = 1e-30;
const NOTHING = [0, 0, 0] as const;

/**
 * An affine map of points in space, x -> L x + t: where the voxels of an image lie, or how two images lie to each other.
 *
 * A value: nothing changes it, and everything about it is derived from its twelve numbers. As the place of a grid it takes
 * voxel (i, j, k) to RAS mm; its columns are then the voxel axes in the world.
 *
 * @example
 * import {Affine} from 'hypermorph';
 * const voxelToWorld = Affine.fromMatrix([-2, 0, 0, 90, 0, 2, 0, -126, 0, 0, 2, -72]);
 * voxelToWorld.apply([45, 63, 36]); // [0, 0, 0]
 * voxelToWorld.orientation; // 'LAS'
 * Affine.compose(voxelToWorld.inverse(), voxelToWorld).equals(Affine.identity); // true
 */
export class Affine {
  /** The map that moves nothing. (`this`, as the compiler's name for the class has no value yet.) */
  static readonly identity = new this([1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0]);

  /** [L | t], row by row. */
  readonly rows: Rows;
  #inverse: Affine | undefined;

  private constructor(rows: Rows) {
    this.rows = Object.freeze(rows);
  }

  /**
   * The map of a 4x4 matrix, row by row; its last row, 0 0 0 1, may be left out.
   *
   * Any numbers are taken, as a damaged file may hold them: see `isUsable`.
   *
   * @throws {HypermorphError} E_SHAPE unless there are 12 or 16 numbers, E_RANGE if the last row is another one.
   */
  static fromMatrix(matrix: readonly number[]): Affine {
    if (matrix.length !== 12 && matrix.length !== 16) {
      throw new HypermorphError(
        'E_SHAPE',
        `Affine.fromMatrix: matrix must hold 12 or 16 numbers, got ${matrix.length}.`,
      );
    }
    const [a, b, c, d, e, f, g, h, i, j, k, l, ...last] = matrix;
    if (last.length > 0 && last.join() !== '0,0,0,1') {
      throw new HypermorphError(
        'E_RANGE',
        `Affine.fromMatrix: the last row must be 0 0 0 1, got ${last.join(' ')}.`,
      );
    }
    return new Affine([a, b, c, d, e, f, g, h, i, j, k, l]);
  }

  /** x -> L x + t. */
  static fromLinear(linear: LinearRows, [x, y, z]: Triple = [0, 0, 0]): Affine {
    const [a, b, c, d, e, f, g, h, i] = linear;
    return new Affine([a, b, c, x, d, e, f, y, g, h, i, z]);
  }

  /** x -> x + t. */
  static translation([x, y, z]: Triple): Affine {
    return new Affine([1, 0, 0, x, 0, 1, 0, y, 0, 0, 1, z]);
  }

  /** Each axis times its factor, about the origin. */
  static scaling([x, y, z]: Triple): Affine {
    return new Affine([x, 0, 0, 0, 0, y, 0, 0, 0, 0, z, 0]);
  }

  /** The right-handed rotation about one of the axes 0, 1, 2, through the origin. */
  static rotation(axis: 0 | 1 | 2, degrees: number): Affine {
    const radians = (degrees * Math.PI) / 180;
    const [c, s] = [Math.cos(radians), Math.sin(radians)];
    if (axis === 0) return new Affine([1, 0, 0, 0, 0, c, -s, 0, 0, s, c, 0]);
    if (axis === 1) return new Affine([c, 0, s, 0, 0, 1, 0, 0, -s, 0, c, 0]);
    return new Affine([c, -s, 0, 0, s, c, 0, 0, 0, 0, 1, 0]);
  }

  /**
   * x -> Rx Ry Rz S H x + t: shear H first, then scale S, then the rotations about the third, second and first axis, then
   * the translation t. About the origin; `taking` moves the centre.
   */
  static fromParameters(parameters: AffineParameters): Affine {
    const {translation = NOTHING, rotationDegrees = NOTHING, scale = [1, 1, 1]} = parameters;
    const [h01, h02, h12] = parameters.shear ?? NOTHING;
    return Affine.compose(
      Affine.translation(translation),
      Affine.rotation(0, rotationDegrees[0]),
      Affine.rotation(1, rotationDegrees[1]),
      Affine.rotation(2, rotationDegrees[2]),
      Affine.scaling(scale),
      Affine.fromLinear([1, h01, h02, 0, 1, h12, 0, 0, 1]),
    );
  }

  /**
   * One map for several, the last one applied first: `compose(a, b)` takes x to a(b(x)).
   *
   * @returns The identity if there are none.
   */
  static compose(...affines: readonly Affine[]): Affine {
    return affines.length === 0 ? Affine.identity : affines.reduce((a, b) => a.#after(b));
  }

  #after({rows: b}: Affine): Affine {
    const a = this.rows;
    const row = (n: 0 | 4 | 8): readonly [number, number, number, number] => {
      const [x, y, z] = [a[n], a[n + 1], a[n + 2]];
      return [
        x * b[0] + y * b[4] + z * b[8],
        x * b[1] + y * b[5] + z * b[9],
        x * b[2] + y * b[6] + z * b[10],
        x * b[3] + y * b[7] + z * b[11] + a[n + 3],
      ];
    };
    return new Affine([...row(0), ...row(4), ...row(8)]);
  }

  /**
   * The map that undoes this one; made once.
   *
   * @throws {HypermorphError} E_RANGE if the map is flat or not finite; check `isUsable` where a file could be the reason.
   */
  inverse(): Affine {
    this.#inverse ??= this.#invert();
    return this.#inverse;
  }

  #invert(): Affine {
    const [a, b, c, , d, e, f, , g, h, i] = this.rows;
    const {determinant} = this;
    if (!Number.isFinite(determinant) || determinant === 0) {
      throw new HypermorphError(
        'E_RANGE',
        `Affine.inverse: the determinant must be finite and not 0, got ${determinant}.`,
      );
    }
    const inverse = Affine.fromLinear([
      (e * i - f * h) / determinant,
      (c * h - b * i) / determinant,
      (b * f - c * e) / determinant,
      (f * g - d * i) / determinant,
      (a * i - c * g) / determinant,
      (c * d - a * f) / determinant,
      (d * h - e * g) / determinant,
      (b * g - a * h) / determinant,
      (a * e - b * d) / determinant,
    ]);
    const [x, y, z] = inverse.applyToDirection(this.offset);
    return inverse.withOffset([-x, -y, -z]);
  }

  /** Where a point goes. */
  apply([x, y, z]: Triple): Triple {
    const r = this.rows;
    return [
      r[0] * x + r[1] * y + r[2] * z + r[3],
      r[4] * x + r[5] * y + r[6] * z + r[7],
      r[8] * x + r[9] * y + r[10] * z + r[11],
    ];
  }

  /** Where a direction, the difference of two points, goes: without the offset. */
  applyToDirection([x, y, z]: Triple): Triple {
    const r = this.rows;
    return [
      r[0] * x + r[1] * y + r[2] * z,
      r[4] * x + r[5] * y + r[6] * z,
      r[8] * x + r[9] * y + r[10] * z,
    ];
  }

  /** L: nine numbers, row by row. */
  get linear(): LinearRows {
    const r = this.rows;
    return [r[0], r[1], r[2], r[4], r[5], r[6], r[8], r[9], r[10]];
  }

  /** t: where the origin, voxel (0, 0, 0), goes. */
  get offset(): Triple {
    return [this.rows[3], this.rows[7], this.rows[11]];
  }

  /** The same linear part with another offset. */
  withOffset(offset: Triple): Affine {
    return Affine.fromLinear(this.linear, offset);
  }

  /** The same linear part with the offset that takes a point to a place; without one, that keeps it where it is. */
  taking(point: Triple, to: Triple = point): Affine {
    const [x, y, z] = this.applyToDirection(point);
    return this.withOffset([to[0] - x, to[1] - y, to[2] - z]);
  }

  /** Lengths of the columns: the distance between neighbouring voxels along i, j, k. */
  get spacing(): Triple {
    const r = this.rows;
    return [
      Math.hypot(r[0], r[4], r[8]),
      Math.hypot(r[1], r[5], r[9]),
      Math.hypot(r[2], r[6], r[10]),
    ];
  }

  /** The determinant of L: the signed volume of a voxel, negative for a left-handed grid. */
  get determinant(): number {
    const [a, b, c, , d, e, f, , g, h, i] = this.rows;
    return a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g);
  }

  /** Columns of length 1 and no offset: the directions of the voxel axes in the world. */
  get directions(): Affine {
    const [a, b, c, d, e, f, g, h, i] = this.linear;
    const [x, y, z] = this.spacing;
    return Affine.fromLinear([a / x, b / y, c / z, d / x, e / y, f / z, g / x, h / y, i / z]);
  }

  /** The largest cosine between two voxel axes: 0 for an orthogonal grid. */
  get shear(): number {
    const d = this.directions.linear;
    const cosine = (a: number, b: number): number =>
      Math.abs(d[a] * d[b] + d[a + 3] * d[b + 3] + d[a + 6] * d[b + 6]);
    return Math.max(cosine(0, 1), cosine(0, 2), cosine(1, 2));
  }

  /** Whether the map places voxels in space: all numbers within 1e9, and no axis missing or parallel to the others. */
  get isUsable(): boolean {
    if (!this.rows.every((value) => Math.abs(value) <= FARTHEST)) return false;
    const [x, y, z] = this.spacing;
    const volume = x * y * z;
    return volume > SMALLEST_VOLUME && Math.abs(this.determinant) >= FLAT * volume;
  }

  /** Whether L only permutes and flips axes, to 1e-5: voxel centres can then coincide with those of the other grid. */
  get isSignedPermutation(): boolean {
    const sizes = this.linear.map((value) => Math.abs(value));
    const ones = sizes.filter((size) => Math.abs(size - 1) < PERMUTATION_TOLERANCE).length;
    const zeros = sizes.filter((size) => size <= PERMUTATION_TOLERANCE).length;
    return ones === 3 && zeros === 6;
  }

  /**
   * The orientation code of a grid: which anatomical direction each voxel axis grows towards, such as 'RAS' or 'LIA'.
   *
   * For reports; nothing is computed from it. Ambiguous (oblique) axes are assigned strongest first, as nibabel's
   * `io_orientation` does. The map must be usable.
   */
  get orientation(): string {
    const rotation = this.directions.nearestOrthogonal().linear;
    const strength = (axis: number): number =>
      Math.max(...[0, 3, 6].map((row) => Math.abs(rotation[row + axis])));
    const strongestFirst = [0, 1, 2].sort((a, b) => strength(b) - strength(a));
    const letters = ['', '', ''];
    const free = new Set([0, 1, 2]);
    for (const axis of strongestFirst) {
      const world = [...free].reduce((best, row) =>
        Math.abs(rotation[3 * row + axis]) > Math.abs(rotation[3 * best + axis]) ? row : best,
      );
      free.delete(world);
      letters[axis] = (rotation[3 * world + axis] > 0 ? 'RAS' : 'LPI')[world];
    }
    return letters.join('');
  }

  /**
   * The orthogonal map nearest to L, without an offset: the iteration R <- (R + R^-T) / 2 of the polar decomposition.
   *
   * The determinant keeps its sign: -1 where the grid is left-handed.
   *
   * @throws {HypermorphError} E_RANGE if the map is flat or not finite.
   * @see Higham, "Computing the polar decomposition, with applications", 1986, equation 2.1.
   */
  nearestOrthogonal(): Affine {
    const MAX_STEPS = 60; // Converges quadratically; this many are needed only for nearly flat matrices.
    let current = this.withOffset([0, 0, 0]);
    for (let step = 0; step < MAX_STEPS; step++) {
      const [a, b, c, d, e, f, g, h, i] = current.linear;
      const t = current.inverse().linear; // transposed below
      const next = Affine.fromLinear([
        (a + t[0]) / 2,
        (b + t[3]) / 2,
        (c + t[6]) / 2,
        (d + t[1]) / 2,
        (e + t[4]) / 2,
        (f + t[7]) / 2,
        (g + t[2]) / 2,
        (h + t[5]) / 2,
        (i + t[8]) / 2,
      ]);
      const change = next.largestDifference(current);
      current = next;
      if (change < 1e-15) break;
    }
    return current;
  }

  /** The largest difference between two numbers of the same place. */
  largestDifference(other: Affine): number {
    return Math.max(...this.rows.map((value, n) => Math.abs(value - other.rows[n])));
  }

  /** Whether all numbers are the same. */
  equals(other: Affine): boolean {
    return this.rows.every((value, n) => value === other.rows[n]);
  }
}
