import {writeFileSync} from 'node:fs';
import {encode} from 'fast-png';
import {Affine} from '../../../src/geometry/affine.js';
import {centreOf, cornersOf, type Grid} from '../../../src/geometry/grid.js';
import type {Triple} from '../../../src/geometry/triple.js';
import type {Volume} from '../../../src/volume/volume.js';
import {PORTABLE} from '../../../src/kernels/voxel-operation.js';
import {displacementOn, sample} from '../../../src/transforms/apply.js';
import {
  affineTransform,
  type DisplacementTransform,
  type Transform,
} from '../../../src/transforms/transform.js';
import {intensityRange} from '../../../src/volume/intensity-range.js';

/** Edge of a picture, pixels; every plane is scaled to fit. */
const TILE = 160;
const GAP = 6;
/** Distance of the lines of the grid, mm. */
const LINES_MM = 8;
/** World axes that run to the right and up in a picture, and their signs. */
const PLANES: readonly (readonly [right: number, rightSign: number, up: number])[] = [
  [1, 1, 2],
  [0, -1, 2],
  [0, -1, 1],
];

/** An image as its header places it. */
const AS_PLACED = affineTransform(Affine.identity);

interface Canvas {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** A plane through the middle of a grid, as a grid of TILE x TILE x 1 voxels. */
function planeOf(grid: Grid, [right, rightSign, up]: (typeof PLANES)[number]): Grid {
  const corners = cornersOf(grid.shape).map((corner) => grid.affine.apply(corner));
  const extents = [0, 1, 2].map((axis) => {
    const values = corners.map((corner) => corner[axis]);
    return Math.max(...values) - Math.min(...values);
  });
  const mm = Math.max(...extents) / TILE;
  const linear = new Array<number>(9).fill(0);
  linear[3 * right] = rightSign * mm;
  linear[3 * up + 1] = -mm; // rows run down
  const through = [0, 1, 2].find((axis) => axis !== right && axis !== up) ?? 0;
  linear[3 * through + 2] = mm;
  const [a, b, c, d, e, f, g, h, i] = linear;
  const middle: Triple = [(TILE - 1) / 2, (TILE - 1) / 2, 0];
  const affine = Affine.fromLinear([a, b, c, d, e, f, g, h, i]).taking(middle, centreOf(grid));
  return {shape: [TILE, TILE, 1], affine};
}

/** Intensities of a slice as grey values; what is no number is black. */
function greyOf(slice: ArrayLike<number>, [low, high]: readonly [number, number]): Uint8Array {
  return Uint8Array.from(slice, (value) =>
    Number.isFinite(value)
      ? Math.round(255 * Math.min(Math.max((value - low) / (high - low), 0), 1))
      : 0,
  );
}

/** The 1st and the 99.5th percentile of an image. */
function windowOf({data}: Volume): readonly [number, number] {
  const range = intensityRange(PORTABLE, data, {low: 1, high: 99.5});
  return [range.low, range.high > range.low ? range.high : range.maximum];
}

/** Where each pixel comes from, in the moving image: lines of equal coordinates make the deformed grid. */
function gridLines(
  plane: Grid,
  warp: DisplacementTransform,
  [right, , up]: (typeof PLANES)[number],
): Uint8Array {
  const [x, y, z] = [0, 1, 2].map((axis) => {
    const place = {...warp.field.grid, data: coordinateOf(warp, axis)};
    return sample(place, AS_PLACED, plane, {outside: NaN}).data;
  });
  const coordinates = [x, y, z];
  const lineOf = (axis: number, n: number) => Math.floor(coordinates[axis][n] / LINES_MM);
  return Uint8Array.from({length: TILE * TILE}, (_, n) => {
    if (!Number.isFinite(x[n])) return 0;
    const isLine = [right, up].some((axis) =>
      [n + 1, n + TILE].some(
        (next) =>
          Number.isFinite(coordinates[axis][next]) && lineOf(axis, n) !== lineOf(axis, next),
      ),
    );
    return isLine ? 230 : 30;
  });
}

/** One coordinate of x + u(x) for every voxel of a warp, RAS mm. */
function coordinateOf(warp: DisplacementTransform, axis: number): Float32Array {
  const {shape, affine} = warp.field.grid;
  const displacement = displacementOn(warp, warp.field.grid).values;
  const voxels = shape[0] * shape[1] * shape[2];
  const coordinates = new Float32Array(voxels);
  for (let k = 0, n = 0; k < shape[2]; k++) {
    for (let j = 0; j < shape[1]; j++) {
      for (let i = 0; i < shape[0]; i++, n++) {
        coordinates[n] = affine.apply([i, j, k])[axis] + displacement[n + axis * voxels];
      }
    }
  }
  return coordinates;
}

function paste(canvas: Canvas, tile: Uint8Array, column: number, row: number): void {
  const left = GAP + column * (TILE + GAP);
  const top = GAP + row * (TILE + GAP);
  for (let y = 0; y < TILE; y++) {
    const line = tile.subarray(y * TILE, (y + 1) * TILE);
    canvas.data.set(line, (top + y) * canvas.width + left);
  }
}

/**
 * Draw what warps do to an image, and write it as PNG: a column for the fixed image, one for the moving one, and one for each warp.
 *
 * One row per plane through the middle: sagittal (the front on the right), coronal and axial (the left of the person on the right);
 * and under each warp its axial grid.
 *
 * @param warps - Displacements on the fixed grid.
 */
export function drawWarps(
  path: string,
  {fixed, moving}: {readonly fixed: Volume; readonly moving: Volume},
  warps: readonly DisplacementTransform[],
): void {
  const [width, height] = [2 + warps.length, PLANES.length + 1].map((n) => GAP + n * (TILE + GAP));
  const canvas: Canvas = {width, height, data: new Uint8Array(width * height).fill(90)};
  for (const [row, axes] of PLANES.entries()) {
    const plane = planeOf(fixed, axes);
    const slice = (image: Volume, through: Transform = AS_PLACED) =>
      sample(image, through, plane, {outside: NaN}).data;
    const still = slice(fixed);
    // A warp says nothing beyond the fixed image.
    const moved = (warp: Transform) =>
      slice(moving, warp).map((value, n) => (Number.isNaN(still[n]) ? NaN : value));
    const tiles = [
      greyOf(still, windowOf(fixed)),
      ...[slice(moving), ...warps.map(moved)].map((values) => greyOf(values, windowOf(moving))),
    ];
    tiles.forEach((tile, column) => paste(canvas, tile, column, row));
  }
  const axial = PLANES[PLANES.length - 1];
  const plane = planeOf(fixed, axial);
  for (const [n, warp] of warps.entries())
    paste(canvas, gridLines(plane, warp, axial), 2 + n, PLANES.length);
  writeFileSync(path, encode({width, height, data: canvas.data, channels: 1, depth: 8}));
}
