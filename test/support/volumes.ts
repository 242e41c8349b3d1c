import {Affine} from '../../src/geometry/affine.js';
import {middleOf, type Grid} from '../../src/geometry/grid.js';
import {mapTriple, type Triple} from '../../src/geometry/triple.js';
import type {Volume} from '../../src/volume/volume.js';

/** A rotation by angles (degrees) about x, then y, then z, with a spacing per voxel axis and an offset. */
export function obliqueAffine(
  degrees: Triple,
  spacing: Triple,
  offset: Triple = [0, 0, 0],
): Affine {
  return Affine.compose(
    Affine.rotation(2, degrees[2]),
    Affine.rotation(1, degrees[1]),
    Affine.rotation(0, degrees[0]),
    Affine.scaling(spacing),
  ).withOffset(offset);
}

/** An affine whose grid of this shape is centred on a world point. */
export function centredAffine(affine: Affine, shape: Triple, centre: Triple): Affine {
  return affine.taking(middleOf(shape), centre);
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
      for (let i = 0; i < lengthI; i++, n++) data[n] = value(grid.affine.apply([i, j, k]));
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
  const shape = mapTriple(order, (axis) => volume.shape[axis]);
  const strides = [1, volume.shape[0], volume.shape[0] * volume.shape[1]];
  const toOld = new Array<number>(12).fill(0);
  order.forEach((axis, n) => {
    toOld[4 * axis + n] = flips[n] ? -1 : 1;
    toOld[4 * axis + 3] = flips[n] ? shape[n] - 1 : 0;
  });
  const affine = Affine.compose(volume.affine, Affine.fromMatrix(toOld));
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
