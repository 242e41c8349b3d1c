import assert from 'node:assert/strict';
import {decodeItkText} from '../../src/formats/transforms/itk-text.js';
import {Affine} from '../../src/geometry/affine.js';
import {countVoxels, type Grid} from '../../src/geometry/grid.js';
import {mapTriple, type Triple} from '../../src/geometry/triple.js';
import {mapPoints} from '../../src/transforms/apply.js';
import {
  affineTransform,
  displacementTransform,
  splineTransform,
  type DisplacementTransform,
  type SplineTransform,
  type Transform,
} from '../../src/transforms/transform.js';
import {centredAffine, obliqueAffine} from './volumes.js';

const SHAPE: Triple = [23, 19, 21];
/** An oblique, anisotropic, left-handed grid of about 60 mm around the origin. */
export const FIELD_GRID: Grid = {
  shape: SHAPE,
  affine: centredAffine(obliqueAffine([15, -10, 20], [2.5, -3.5, 3]), SHAPE, [0, 0, 0]),
};

/** A smooth displacement of a few mm, that changes by less than half a mm per mm, on that grid. */
export function waves(sizeMm = 4): DisplacementTransform {
  const [lengthI, lengthJ, lengthK] = SHAPE;
  const values = new Float32Array(3 * lengthI * lengthJ * lengthK);
  let n = 0;
  for (let i = 0; i < lengthI; i++) {
    for (let j = 0; j < lengthJ; j++) {
      for (let k = 0; k < lengthK; k++) {
        values[n++] = sizeMm * Math.sin(j / 4);
        values[n++] = sizeMm * Math.cos((i + k) / 6);
        values[n++] = sizeMm * Math.sin((i - j) / 5);
      }
    }
  }
  return displacementTransform({grid: FIELD_GRID, unit: 'mm', order: 'tensor', values});
}

/** A turn, a stretch and a shift. */
export const TURN = affineTransform(
  Affine.fromParameters({
    translation: [3, -2, 1],
    rotationDegrees: [5, -8, 12],
    scale: [1.1, 0.95, 1],
  }),
);
/** Another one, with a shear. */
export const SHEAR = affineTransform(
  Affine.fromParameters({translation: [-1, 2, 4], shear: [0.1, -0.05, 0.08]}),
);

/** The affine map in an ITK text file. */
export function affineOfText(text: string): Affine {
  const transform = decodeItkText(text);
  assert.ok(transform.kind === 'affine');
  return transform.affine;
}

/** A smooth spline of a few mm, on an oblique, left-handed grid that it displaces 48 mm of. */
export function ripples(sizeMm = 4): SplineTransform {
  const shape: Triple = [10, 9, 9];
  const grid = {
    shape,
    affine: centredAffine(obliqueAffine([-10, 5, 25], [-7, 8, 8.5]), shape, [0, 0, 0]),
  };
  const values = Float32Array.from(
    {length: 3 * countVoxels(shape)},
    (_, n) => sizeMm * Math.sin(n / 4 + (n % 3)),
  );
  return splineTransform({grid, unit: 'mm', order: 'disk', values});
}

/** Points within so many mm of the origin. */
export function somePoints(count: number, reach: number, random: () => number): Triple[] {
  const at = () => reach * (2 * random() - 1);
  return Array.from({length: count}, () => [at(), at(), at()]);
}

/** The largest distance between points of the same place in two lists. */
export function largestDistance(a: readonly Triple[], b: readonly Triple[]): number {
  return Math.max(
    ...a.map((point, n) => Math.hypot(...mapTriple(point, (value, axis) => value - b[n][axis]))),
  );
}

/** Which voxels of a grid, i fastest, a transform takes into an image, no further out than its outermost voxel centres. */
export function coveredVoxels(grid: Grid, transform: Transform, image: Grid): boolean[] {
  const [lengthI, lengthJ] = grid.shape;
  const centres = Array.from({length: countVoxels(grid.shape)}, (_, n) =>
    grid.affine.apply([
      n % lengthI,
      Math.floor(n / lengthI) % lengthJ,
      Math.floor(n / (lengthI * lengthJ)),
    ]),
  );
  const toVoxel = image.affine.inverse();
  return mapPoints(transform, centres).map((point) =>
    toVoxel.apply(point).every((value, axis) => value >= 0 && value <= image.shape[axis] - 1),
  );
}
