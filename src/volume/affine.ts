import type {Triple} from './volume.js';

/** A 4x4 matrix, row-major, sixteen numbers; the last row is 0 0 0 1. */
export type Matrix4 = readonly number[];
/** A 3x3 matrix, row-major, nine numbers. */
export type Matrix3 = readonly number[];
export type {Triple};

/** A matrix whose determinant is below this share of the product of its column lengths is flat. */
const FLAT = 1e-9;

/** The matrix that moves nothing. */
export function identityMatrix(): Matrix4 {
  return [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1];
}

/**
 * The product of affine matrices: `multiply(a, b)` applies b first, then a.
 *
 * @param matrices - One or more 4x4 matrices whose last row is 0 0 0 1.
 */
export function multiply(...matrices: readonly Matrix4[]): Matrix4 {
  return matrices.reduce(multiplyTwo, identityMatrix());
}

function multiplyTwo(a: Matrix4, b: Matrix4): Matrix4 {
  const product = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
  for (let row = 0; row < 12; row += 4) {
    for (let column = 0; column < 4; column++) {
      product[row + column] =
        a[row] * b[column] + a[row + 1] * b[4 + column] + a[row + 2] * b[8 + column];
    }
    product[row + 3] += a[row + 3];
  }
  return product;
}

/**
 * The inverse of an affine matrix.
 *
 * @throws {RangeError} If the matrix is flat or not finite; check `isUsable` where a file could be the reason.
 */
export function invert(matrix: Matrix4): Matrix4 {
  const inverse = invertLinear(linearPart(matrix));
  const [x, y, z] = applyToDirection(inverse, [matrix[3], matrix[7], matrix[11]]);
  return fromLinearAndOffset(inverse, [-x, -y, -z]);
}

/** The inverse of a 3x3 matrix; throws a RangeError where there is none. */
export function invertLinear(linear: Matrix3): Matrix3 {
  const [a, b, c, d, e, f, g, h, i] = linear;
  const det = determinantOfLinear(linear);
  if (!Number.isFinite(det) || det === 0) {
    throw new RangeError(`invertLinear: the determinant must not be 0, got ${det}.`);
  }
  const cofactors = [
    e * i - f * h,
    c * h - b * i,
    b * f - c * e,
    f * g - d * i,
    a * i - c * g,
    c * d - a * f,
    d * h - e * g,
    b * g - a * h,
    a * e - b * d,
  ];
  return cofactors.map((value) => value / det);
}

/** The product of two 3x3 matrices. */
export function multiplyLinear(a: Matrix3, b: Matrix3): Matrix3 {
  const product = [0, 0, 0, 0, 0, 0, 0, 0, 0];
  for (let row = 0; row < 9; row += 3) {
    for (let column = 0; column < 3; column++) {
      product[row + column] =
        a[row] * b[column] + a[row + 1] * b[3 + column] + a[row + 2] * b[6 + column];
    }
  }
  return product;
}

/** Where the matrix takes a point. */
export function applyToPoint(matrix: Matrix4, [x, y, z]: Triple): Triple {
  return [
    matrix[0] * x + matrix[1] * y + matrix[2] * z + matrix[3],
    matrix[4] * x + matrix[5] * y + matrix[6] * z + matrix[7],
    matrix[8] * x + matrix[9] * y + matrix[10] * z + matrix[11],
  ];
}

/** Where a 3x3 matrix takes a direction (no offset). */
export function applyToDirection(linear: Matrix3, [x, y, z]: Triple): Triple {
  return [
    linear[0] * x + linear[1] * y + linear[2] * z,
    linear[3] * x + linear[4] * y + linear[5] * z,
    linear[6] * x + linear[7] * y + linear[8] * z,
  ];
}

/** The upper left 3x3 part. */
export function linearPart(m: Matrix4): Matrix3 {
  return [m[0], m[1], m[2], m[4], m[5], m[6], m[8], m[9], m[10]];
}

/** The last column: where voxel (0, 0, 0) lies. */
export function offsetOf(matrix: Matrix4): Triple {
  return [matrix[3], matrix[7], matrix[11]];
}

export function fromLinearAndOffset(l: Matrix3, [x, y, z]: Triple): Matrix4 {
  return [l[0], l[1], l[2], x, l[3], l[4], l[5], y, l[6], l[7], l[8], z, 0, 0, 0, 1];
}

/** The determinant of the 3x3 part: signed volume of a voxel, negative for a left-handed grid. */
export function determinant(matrix: Matrix4): number {
  return determinantOfLinear(linearPart(matrix));
}

export function determinantOfLinear([a, b, c, d, e, f, g, h, i]: Matrix3): number {
  return a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g);
}

/** The distance between neighbouring voxels along i, j, k: the lengths of the columns. */
export function spacingOf(matrix: Matrix4): Triple {
  return spacingOfLinear(linearPart(matrix));
}

function spacingOfLinear(l: Matrix3): Triple {
  return [Math.hypot(l[0], l[3], l[6]), Math.hypot(l[1], l[4], l[7]), Math.hypot(l[2], l[5], l[8])];
}

/** Whether the matrix places voxels in space: finite, and no axis missing or parallel to the others. */
export function isUsable(matrix: Matrix4): boolean {
  if (!matrix.every((value) => Number.isFinite(value))) {
    return false;
  }
  const [x, y, z] = spacingOf(matrix);
  const volume = x * y * z;
  return volume > 0 && Math.abs(determinant(matrix)) >= FLAT * volume;
}

/** The 3x3 part with columns of length 1: the directions of the voxel axes in the world. */
export function directionsOf(matrix: Matrix4): Matrix3 {
  const linear = linearPart(matrix);
  const spacing = spacingOfLinear(linear);
  return linear.map((value, index) => value / spacing[index % 3]);
}

/** The largest cosine between two voxel axes: 0 for an orthogonal grid. */
export function shearOf(matrix: Matrix4): number {
  const d = directionsOf(matrix);
  const cosine = (a: number, b: number): number =>
    Math.abs(d[a] * d[b] + d[a + 3] * d[b + 3] + d[a + 6] * d[b + 6]);
  return Math.max(cosine(0, 1), cosine(0, 2), cosine(1, 2));
}

/**
 * The orthogonal matrix nearest to a 3x3 matrix: the iteration R <- (R + R^-T) / 2 of the polar decomposition.
 *
 * The determinant keeps its sign.
 *
 * @see Higham, "Computing the polar decomposition, with applications", 1986, equation 2.1.
 */
export function nearestOrthogonal(linear: Matrix3): Matrix3 {
  const MAX_STEPS = 60; // Converges quadratically; this many are needed only for nearly flat matrices.
  let current = linear;
  for (let step = 0; step < MAX_STEPS; step++) {
    const t = invertLinear(current);
    const transposed = [t[0], t[3], t[6], t[1], t[4], t[7], t[2], t[5], t[8]];
    const next = current.map((value, index) => (value + transposed[index]) / 2);
    const change = Math.max(...next.map((value, index) => Math.abs(value - current[index])));
    current = next;
    if (change < 1e-15) {
      break;
    }
  }
  return current;
}

/**
 * The orientation code of a grid: which anatomical direction each voxel axis grows towards, such as 'RAS' or 'LIA'.
 *
 * For reports; nothing is computed from it. Ambiguous (oblique) axes are assigned strongest first, as nibabel's
 * `io_orientation` does.
 *
 * @param matrix - Voxel -> RAS mm, usable.
 */
export function orientationOf(matrix: Matrix4): string {
  const rotation = nearestOrthogonal(directionsOf(matrix));
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

/** The eight outermost voxel centres of a grid, as voxel indices. */
export function cornersOf(shape: Triple): readonly Triple[] {
  const [i, j, k] = shape.map((length) => length - 1);
  const ends = (last: number): readonly number[] => [0, last];
  return ends(i).flatMap((x) => ends(j).flatMap((y) => ends(k).map((z): Triple => [x, y, z])));
}
