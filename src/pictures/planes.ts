import {Affine} from '../geometry/affine.js';
import {cornersOf, type Grid} from '../geometry/grid.js';
import {mapTriple, type Triple} from '../geometry/triple.js';
import type {KernelRunner} from '../kernels/voxel-operation.js';
import {sample} from '../transforms/apply.js';
import {affineTransform} from '../transforms/transform.js';
import type {Volume} from '../volume/volume.js';
import {windowOf} from './window.js';

/*
 * Planes follow the axes of the fixed image, each called after the direction of the body to which it is closest, and look at the
 * body as radiologists do: from the feet, from the front, and from the left.
 */

/** An axis of the body and a sign: [0, -1] leads to the left. */
type Direction = readonly [axis: 0 | 1 | 2, sign: 1 | -1];

interface View {
  readonly name: 'sagittal' | 'coronal' | 'axial';
  readonly right: Direction;
  readonly down: Direction;
  /** Across the plane, in the order in which slices are shown. */
  readonly next: Direction;
}

const VIEWS: readonly View[] = [
  {name: 'axial', right: [0, -1], down: [1, -1], next: [2, 1]},
  {name: 'coronal', right: [0, -1], down: [2, -1], next: [1, 1]},
  {name: 'sagittal', right: [1, -1], down: [2, -1], next: [0, -1]},
];

/** What lies at each side of a picture: R, L, A, P, S or I. */
export interface Sides {
  readonly left: string;
  readonly right: string;
  readonly top: string;
  readonly bottom: string;
}

/** Some slices of one plane, from one side of the body to the other. */
export interface PlaneStack {
  readonly name: View['name'];
  readonly sides: Sides;
  /** Pixels to the right, pixels down, slices; a pixel is as wide as it is high. */
  readonly grid: Grid;
}

/** Pixels along the longest edge of a slice. */
export const LONGEST = 192;
/** Slices of each plane, and the middle share of the body through which they go. */
const SLICES = 5;
const MIDDLE = 0.6;
/** Around what an image shows, as a share of its size. */
const MARGIN = 0.06;
/** A plane with fewer voxels along one edge shows nothing. */
const FEWEST_VOXELS = 4;

/** Lay planes through what an image shows. */
export function layPlanes(fixed: Volume, engine: KernelRunner): readonly PlaneStack[] {
  const frame = frameOf(fixed.affine);
  const box = contentOf(fixed, frame, engine);
  const extents = mapTriple(box.high, (high, axis) => high - box.low[axis]);
  const pixel = Math.max(...extents) / LONGEST;
  const thickness = mapTriple(extents, (_, axis) => thicknessAlong(fixed, frame, axis));
  const isWide = (axis: number) => extents[axis] > (FEWEST_VOXELS - 0.5) * thickness[axis];
  const views = VIEWS.filter(({right, down}) => isWide(right[0]) && isWide(down[0]));
  return views.map((view) => stackOf(view, {frame, box, pixel, thickness}));
}

/** Directions of the image's axes, in the order right, front, head: columns of length 1, at right angles. */
function frameOf(affine: Affine): Affine {
  const axes = affine.directions.nearestOrthogonal().linear;
  const column = (direction: number): Triple => {
    const n = Array.from(affine.orientation).findIndex(
      (letter) => letter === 'RAS'[direction] || letter === 'LPI'[direction],
    );
    const sign = 'RAS'.includes(affine.orientation[n]) ? 1 : -1;
    return [sign * axes[n], sign * axes[3 + n], sign * axes[6 + n]];
  };
  const [x, y, z] = [column(0), column(1), column(2)];
  return Affine.fromLinear([x[0], y[0], z[0], x[1], y[1], z[1], x[2], y[2], z[2]]);
}

/** A box along the axes of a frame, mm. */
interface Box {
  readonly low: Triple;
  readonly high: Triple;
}

/** Points per axis with which the box of what an image shows is found. */
const LATTICE = 48;
/** An intensity above this share of the range is something, and so are planes with this share of the fullest plane's points. */
const [SOMETHING, SOME] = [0.12, 0.01];

/** The part of the field of view in which the image shows something. */
function contentOf(fixed: Volume, frame: Affine, engine: KernelRunner): Box {
  const toFrame = Affine.compose(frame.inverse(), fixed.affine);
  // Voxels reach half their size beyond their centres.
  const ends = cornersOf(mapTriple(fixed.shape, (length) => length + 1)).map((corner) =>
    toFrame.apply(mapTriple(corner, (index) => index - 0.5)),
  );
  const bound = (pick: (...values: number[]) => number): Triple =>
    mapTriple([0, 1, 2], (axis) => pick(...ends.map((end) => end[axis])));
  const [low, high] = [bound(Math.min), bound(Math.max)];
  const step = mapTriple(high, (end, axis) => (end - low[axis]) / LATTICE);
  const first = mapTriple(low, (start, axis) => start + step[axis] / 2);
  const affine = Affine.compose(frame, Affine.translation(first), Affine.scaling(step));
  const shape: Triple = [LATTICE, LATTICE, LATTICE];
  const {data} = sample(fixed, AS_PLACED, {shape, affine}, {outside: NaN, engine});
  const range = windowOf([data]);
  const threshold = range.low + SOMETHING * (range.high - range.low);
  const counts = [0, 1, 2].map(() => new Uint32Array(LATTICE));
  data.forEach((value, n) => {
    if (!(value > threshold)) return;
    counts[0][n % LATTICE]++;
    counts[1][Math.floor(n / LATTICE) % LATTICE]++;
    counts[2][Math.floor(n / LATTICE ** 2)]++;
  });
  const spans = counts.map(spanOf);
  const margin = MARGIN * Math.max(...spans.map(([from, to], axis) => (to - from) * step[axis]));
  return {
    low: mapTriple(low, (start, axis) =>
      Math.max(start + spans[axis][0] * step[axis] - margin, start),
    ),
    high: mapTriple(high, (end, axis) =>
      Math.min(low[axis] + spans[axis][1] * step[axis] + margin, end),
    ),
  };
}

/** From the first to behind the last plane that has some points; all planes where none has any. */
function spanOf(counts: Uint32Array): readonly [number, number] {
  const least = SOME * Math.max(...counts);
  const from = counts.findIndex((count) => count > least);
  if (from < 0) return [0, counts.length];
  return [from, counts.findLastIndex((count) => count > least) + 1];
}

/** An image as its header places it. */
export const AS_PLACED = affineTransform(Affine.identity);

function stackOf(
  {name, right, down, next}: View,
  {frame, box, pixel, thickness}: {frame: Affine; box: Box; pixel: number; thickness: Triple},
): PlaneStack {
  const extent = (axis: number) => box.high[axis] - box.low[axis];
  const pixels = (axis: number) => Math.max(1, Math.round(extent(axis) / pixel));
  const across = next[0];
  const voxels = Math.round(extent(across) / thickness[across]);
  const slices = Math.max(1, Math.min(SLICES, voxels));
  const step = slices === 1 ? pixel : (MIDDLE * extent(across)) / (slices - 1);
  const shape: Triple = [pixels(right[0]), pixels(down[0]), slices];
  const linear = new Array<number>(9).fill(0);
  linear[3 * right[0]] = right[1] * pixel;
  linear[3 * down[0] + 1] = down[1] * pixel;
  linear[3 * across + 2] = next[1] * step;
  const [a, b, c, d, e, f, g, h, i] = linear;
  const centre = mapTriple(box.low, (low, axis) => (low + box.high[axis]) / 2);
  const middle = mapTriple(shape, (length) => (length - 1) / 2);
  const placed = Affine.fromLinear([a, b, c, d, e, f, g, h, i]).taking(middle, centre);
  return {
    name,
    sides: {
      ...{left: letterOf(right, -1), right: letterOf(right, 1)},
      ...{top: letterOf(down, -1), bottom: letterOf(down, 1)},
    },
    grid: {shape, affine: Affine.compose(frame, placed)},
  };
}

/** The distance of voxels along an axis of the frame, mm. */
function thicknessAlong({affine}: Grid, frame: Affine, axis: number): number {
  const {linear} = Affine.compose(frame.inverse(), affine);
  return Math.max(...[0, 1, 2].map((n) => Math.abs(linear[3 * axis + n])));
}

function letterOf([axis, sign]: Direction, way: 1 | -1): string {
  return (sign * way > 0 ? 'RAS' : 'LPI')[axis];
}
