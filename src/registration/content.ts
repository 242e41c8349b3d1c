import {Affine} from '../geometry/affine.js';
import type {Volume} from '../volume/volume.js';

/** Points per axis at which an image is looked at. */
const LATTICE = 16;
/** What differs from the background by this share of the mean difference is something. */
const NOTICEABLE = 0.5;
/** ... and by this share of the largest: noise around a small object is not. */
const ABOVE_NOISE = 0.05;
/** Fewer points of something are too few to say where it lies. */
const FEWEST_POINTS = 30;

/** An image and the intensity of what surrounds its object. */
export interface SeenImage extends Volume {
  readonly background: number;
}

/**
 * How much of what is in two images, not of their boxes, lies in the same place: a share of the smaller object, in [0, 1].
 *
 * An object is what differs from the background; estimated on a lattice of 16^3 points in each image.
 *
 * @param alignment - Fixed points -> moving points, RAS mm.
 * @returns Null where an image shows too little to say.
 */
export function contentOverlap(
  fixed: SeenImage,
  moving: SeenImage,
  alignment: Affine,
): number | null {
  const fixedToMoving = Affine.compose(moving.affine.inverse(), alignment, fixed.affine);
  const [a, b] = [objectOf(fixed), objectOf(moving)];
  const fewest = 3 * FEWEST_POINTS;
  if (a.points.length < fewest || b.points.length < fewest) return null;
  const shareOfFixed = shareWithin(a.points, fixedToMoving, b);
  const shareOfMoving = shareWithin(b.points, fixedToMoving.inverse(), a);
  return Math.max(shareOfFixed, shareOfMoving);
}

interface SeenObject {
  readonly image: SeenImage;
  /** What differs more from the background belongs to it. */
  readonly threshold: number;
  /** Voxels of the lattice that belong to it: three indices each. */
  readonly points: readonly number[];
}

/** Plain loops here and below: they run once, before anything is compiled. */
function objectOf(image: SeenImage): SeenObject {
  const [is, js, ks] = image.shape.map(latticeAlong);
  const differences = new Float64Array(is.length * js.length * ks.length);
  let [sum, largest] = [0, 0];
  let n = 0;
  for (const k of ks) {
    for (const j of js) {
      for (const i of is) {
        const difference = differenceAt(image, i, j, k);
        sum += difference;
        if (difference > largest) largest = difference;
        differences[n++] = difference;
      }
    }
  }
  const mean = sum / differences.length;
  const threshold = Math.max(NOTICEABLE * mean, ABOVE_NOISE * largest);
  const points: number[] = [];
  n = 0;
  for (const k of ks) {
    for (const j of js) {
      for (const i of is) if (differences[n++] > threshold) points.push(i, j, k);
    }
  }
  return {image, threshold, points};
}

function latticeAlong(length: number): readonly number[] {
  const count = Math.min(length, LATTICE);
  return Array.from({length: count}, (_, n) => Math.floor(((n + 0.5) * length) / count));
}

/** How much the nearest voxel differs from the background; 0 outside, and where it has no value. */
function differenceAt(
  {data, shape, background}: SeenImage,
  x: number,
  y: number,
  z: number,
): number {
  const i = Math.round(x);
  const j = Math.round(y);
  const k = Math.round(z);
  const isInside = i >= 0 && j >= 0 && k >= 0 && i < shape[0] && j < shape[1] && k < shape[2];
  if (!isInside) return 0;
  const difference = Math.abs(data[i + shape[0] * (j + shape[1] * k)] - background);
  return difference < Infinity ? difference : 0;
}

function shareWithin(
  points: readonly number[],
  {rows: m}: Affine,
  {image, threshold}: SeenObject,
): number {
  let within = 0;
  for (let n = 0; n < points.length; n += 3) {
    const i = points[n];
    const j = points[n + 1];
    const k = points[n + 2];
    const x = m[0] * i + m[1] * j + m[2] * k + m[3];
    const y = m[4] * i + m[5] * j + m[6] * k + m[7];
    const z = m[8] * i + m[9] * j + m[10] * k + m[11];
    if (differenceAt(image, x, y, z) > threshold) within++;
  }
  return (3 * within) / points.length;
}
