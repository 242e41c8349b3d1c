import type {KernelRunner} from '../kernels/voxel-operation.js';
import {countVoxels, type Grid} from '../geometry/grid.js';
import type {Triple} from '../geometry/triple.js';
import {displacementOn} from '../transforms/apply.js';
import type {Transform} from '../transforms/transform.js';
import {LONGEST, type PlaneStack} from './planes.js';

/** Lines that cross the longest edge of a slice, about. */
const LINES = 18;
/** Half the width of a line, pixels. */
const HALF_WIDTH = 0.45;

/**
 * The lines of a grid that a deformation has bent: how strongly each pixel is covered by one, 0 to 255.
 *
 * The lines are straight and evenly spaced where points come from; a pixel is on one where the deformation takes it to one.
 */
export function gridLinesOf(
  deformation: Transform,
  {grid}: PlaneStack,
  engine: KernelRunner,
): Uint8Array {
  const lines = new Uint8Array(countVoxels(grid.shape));
  for (const places of placesOf(deformation, grid, engine)) drawLines(lines, places, grid.shape);
  return lines;
}

/** Where the deformation takes each pixel: how far along the rows, and how far down the columns, in pixels. */
function placesOf(
  deformation: Transform,
  grid: Grid,
  engine: KernelRunner,
): readonly Float32Array[] {
  const moves = displacementOn(deformation, grid, engine).values;
  const [width, height] = grid.shape;
  const voxels = countVoxels(grid.shape);
  const {linear} = grid.affine.inverse();
  return [0, 1].map((axis) => {
    const [a, b, c] = linear.slice(3 * axis);
    const places = new Float32Array(voxels);
    for (let n = 0; n < voxels; n++) {
      const own = axis === 0 ? n % width : Math.floor(n / width) % height;
      places[n] = own + a * moves[n] + b * moves[n + voxels] + c * moves[n + 2 * voxels];
    }
    return places;
  });
}

/** Mark the pixels whose place is near a multiple of the distance between lines; how near is measured in the picture. */
function drawLines(lines: Uint8Array, places: Float32Array, [width, height]: Triple): void {
  const spacing = LONGEST / LINES;
  for (let n = 0; n < places.length; n++) {
    const away = Math.abs(places[n] - spacing * Math.round(places[n] / spacing));
    const x = n % width;
    const y = Math.floor(n / width) % height;
    const [left, right] = [x > 0 ? 1 : 0, x < width - 1 ? 1 : 0];
    const [above, below] = [y > 0 ? width : 0, y < height - 1 ? width : 0];
    const across = (places[n + right] - places[n - left]) / Math.max(right + left, 1);
    const down = (places[n + below] - places[n - above]) / Math.max((below + above) / width, 1);
    const cover = HALF_WIDTH + 0.5 - away / (Math.sqrt(across * across + down * down) || 1);
    if (cover > 0) lines[n] = Math.max(lines[n], Math.round(255 * Math.min(cover, 1)));
  }
}
