import {applyToPoint, type Matrix4} from '../../src/volume/affine.js';
import type {Grid, Triple, Volume} from '../../src/volume/volume.js';

/** A rotation by angles (degrees) about x, then y, then z, with a spacing per voxel axis and an offset. */
export function obliqueAffine(
  degrees: Triple,
  spacing: Triple,
  offset: Triple = [0, 0, 0],
): Matrix4 {
  const [a, b, c] = degrees.map((value) => (value * Math.PI) / 180);
  const [ca, sa, cb, sb, cc, sc] = [a, b, c].flatMap((angle) => [Math.cos(angle), Math.sin(angle)]);
  const rotation = [
    cc * cb,
    cc * sb * sa - sc * ca,
    cc * sb * ca + sc * sa,
    sc * cb,
    sc * sb * sa + cc * ca,
    sc * sb * ca - cc * sa,
    -sb,
    cb * sa,
    cb * ca,
  ];
  const row = (n: number) => [0, 1, 2].map((axis) => rotation[3 * n + axis] * spacing[axis]);
  return [...row(0), offset[0], ...row(1), offset[1], ...row(2), offset[2], 0, 0, 0, 1];
}

/** An affine whose grid of this shape is centred on a world point. */
export function centredAffine(affine: Matrix4, shape: Triple, centre: Triple): Matrix4 {
  const middle = applyToPoint(affine, [(shape[0] - 1) / 2, (shape[1] - 1) / 2, (shape[2] - 1) / 2]);
  const moved = [...affine];
  for (let axis = 0; axis < 3; axis++) moved[4 * axis + 3] += centre[axis] - middle[axis];
  return moved;
}

/** Three blobs of different size and height around the world origin, about 40 mm across: a head without symmetry. */
export function blobs([x, y, z]: Triple): number {
  const blob = (cx: number, cy: number, cz: number, sigma: number) =>
    Math.exp(-((x - cx) ** 2 + (y - cy) ** 2 + (z - cz) ** 2) / (2 * sigma ** 2));
  return 100 * blob(0, 0, 0, 10) + 60 * blob(9, -5, 4, 5) - 50 * blob(-6, 7, -5, 4);
}

/** A function of world points, seen by an image. */
export function imageOf(grid: Grid, value: (point: Triple) => number): Volume {
  const [lengthI, lengthJ, lengthK] = grid.shape;
  const data = new Float32Array(lengthI * lengthJ * lengthK);
  for (let k = 0, n = 0; k < lengthK; k++) {
    for (let j = 0; j < lengthJ; j++) {
      for (let i = 0; i < lengthI; i++, n++) data[n] = value(applyToPoint(grid.affine, [i, j, k]));
    }
  }
  return {...grid, data};
}

/** The same image stored with its axes permuted and turned: new axis n is old axis `order[n]`, counted backwards where `flips[n]`. */
export function reoriented(
  volume: Volume,
  order: Triple,
  flips: readonly [boolean, boolean, boolean],
): Volume {
  const shape = order.map((axis) => volume.shape[axis]) as unknown as Triple;
  const strides = [1, volume.shape[0], volume.shape[0] * volume.shape[1]];
  const affine = [...volume.affine];
  for (let row = 0; row < 3; row++) {
    for (let n = 0; n < 3; n++) {
      const column = volume.affine[4 * row + order[n]];
      affine[4 * row + n] = flips[n] ? -column : column;
      if (flips[n]) affine[4 * row + 3] += column * (shape[n] - 1);
    }
  }
  const data = new Float32Array(volume.data.length);
  let target = 0;
  for (let k = 0; k < shape[2]; k++) {
    for (let j = 0; j < shape[1]; j++) {
      for (let i = 0; i < shape[0]; i++) {
        let source = 0;
        [i, j, k].forEach((index, n) => {
          source += strides[order[n]] * (flips[n] ? shape[n] - 1 - index : index);
        });
        data[target++] = volume.data[source];
      }
    }
  }
  return {shape, affine, data};
}

/** All 48 ways to store an image. */
export function allOrientations(): readonly {order: Triple; flips: [boolean, boolean, boolean]}[] {
  const orders: Triple[] = [
    [0, 1, 2],
    [0, 2, 1],
    [1, 0, 2],
    [1, 2, 0],
    [2, 0, 1],
    [2, 1, 0],
  ];
  return orders.flatMap((order) =>
    Array.from({length: 8}, (_, bits): {order: Triple; flips: [boolean, boolean, boolean]} => ({
      order,
      flips: [(bits & 1) > 0, (bits & 2) > 0, (bits & 4) > 0],
    })),
  );
}

/** The largest difference between two arrays, and an error where their lengths differ. */
export function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) throw new Error(`lengths ${a.length} and ${b.length} differ`);
  let largest = 0;
  for (let n = 0; n < a.length; n++) {
    const difference = Math.abs(a[n] - b[n]);
    if (!(difference <= largest)) largest = difference; // NaN stays
  }
  return largest;
}
