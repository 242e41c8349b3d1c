import {writeFileSync} from 'node:fs';
import {encodePng} from '../../../src/formats/png.js';
import {Affine} from '../../../src/geometry/affine.js';
import {PORTABLE} from '../../../src/kernels/voxel-operation.js';
import {gridLinesOf} from '../../../src/pictures/grid-lines.js';
import {Canvas, greyOf} from '../../../src/pictures/picture.js';
import {AS_PLACED, layPlanes, type PlaneStack} from '../../../src/pictures/planes.js';
import {windowOf} from '../../../src/pictures/window.js';
import {sample} from '../../../src/transforms/apply.js';
import type {DisplacementTransform, Transform} from '../../../src/transforms/transform.js';
import type {Volume} from '../../../src/volume/volume.js';

/** Pixels between pictures. */
const GAP = 6;

/** The middle slice of a plane. */
function middleOf(plane: PlaneStack): PlaneStack {
  const {shape, affine} = plane.grid;
  const [width, height, slices] = shape;
  const toMiddle = Affine.translation([0, 0, slices >> 1]);
  return {
    ...plane,
    grid: {shape: [width, height, 1], affine: Affine.compose(affine, toMiddle)},
  };
}

/** An image through a transform; NaN is beyond it. */
function sliceOf(image: Volume, through: Transform, {grid}: PlaneStack): Float32Array {
  return sample(image, through, grid, {outside: NaN}).data as Float32Array;
}

/**
 * Draw what warps do to an image, and write it as PNG: a column for the fixed image, one for the moving one, and one for each warp.
 *
 * One row per plane, axial, coronal and sagittal, as on the page of a registration; and under each warp its axial grid.
 *
 * @param warps - Displacements on the fixed grid.
 */
export async function drawWarps(
  path: string,
  {fixed, moving}: {readonly fixed: Volume; readonly moving: Volume},
  warps: readonly DisplacementTransform[],
): Promise<void> {
  const planes = layPlanes(fixed, PORTABLE).map(middleOf);
  const still = planes.map((plane) => sliceOf(fixed, AS_PLACED, plane));
  // A warp says nothing beyond the fixed image.
  const throughWarp = (warp: Transform) =>
    planes.map((plane, row) =>
      sliceOf(moving, warp, plane).map((value, n) => (Number.isNaN(still[row][n]) ? NaN : value)),
    );
  const moved = [
    planes.map((plane) => sliceOf(moving, AS_PLACED, plane)),
    ...warps.map(throughWarp),
  ];
  const window = windowOf(moved.flat());
  const columns = [
    still.map((slice) => greyOf(slice, windowOf(still))),
    ...moved.map((slices) => slices.map((slice) => greyOf(slice, window))),
  ];
  const shapes = planes.map(({grid}) => grid.shape);
  const cell = Math.max(...shapes.map(([width]) => width)) + GAP;
  const tops = [...shapes, shapes[0]].reduce(
    (places, [, height]) => [...places, places[places.length - 1] + height + GAP],
    [GAP],
  );
  const canvas = new Canvas(GAP + columns.length * cell, tops[tops.length - 1], [90, 90, 90, 255]);
  const paste = (data: Uint8Array, plane: number, [column, row]: readonly [number, number]) => {
    const [width, height] = shapes[plane];
    const left = GAP + column * cell + Math.floor((cell - GAP - width) / 2);
    const whole = {x: 0, y: 0, width, height};
    canvas.paint({width, height, data, palette: null}, whole, left, tops[row]);
  };
  columns.forEach((slices, column) =>
    slices.forEach((grey, plane) => paste(grey, plane, [column, plane])),
  );
  warps.forEach((warp, n) =>
    paste(gridLinesOf(warp, planes[0], PORTABLE), 0, [2 + n, planes.length]),
  );
  writeFileSync(path, await encodePng(canvas));
}
