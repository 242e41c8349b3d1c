import {Affine} from '../geometry/affine.js';
import type {Triple} from '../geometry/triple.js';
import type {Voxels} from '../kernels/voxels.js';
import type {Volume} from '../volume/volume.js';

/** Points per axis at which an image is looked at. */
const LATTICE = 32;
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
 * An object is what differs from the background; estimated on a lattice of 32^3 points in each image.
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
  if (a.points.length < FEWEST_POINTS || b.points.length < FEWEST_POINTS) return null;
  const shareOfFixed = shareWithin(a.points, fixedToMoving, b);
  const shareOfMoving = shareWithin(b.points, fixedToMoving.inverse(), a);
  return Math.max(shareOfFixed, shareOfMoving);
}

interface SeenObject {
  /** Voxels of the lattice that belong to it. */
  readonly points: readonly Triple[];
  readonly has: (index: Triple) => boolean;
}

function objectOf(image: SeenImage): SeenObject {
  const {shape, background} = image;
  const lattice = latticeOf(shape);
  const difference = (index: Triple) => {
    const value = Math.abs(valueAt(image, index) - background);
    return value < Infinity ? value : 0; // outside, or a voxel without a value
  };
  const differences = lattice.map(difference);
  const mean = differences.reduce((sum, value) => sum + value, 0) / differences.length;
  const largest = differences.reduce((most, value) => Math.max(most, value), 0);
  const threshold = Math.max(NOTICEABLE * mean, ABOVE_NOISE * largest);
  return {
    points: lattice.filter((_, n) => differences[n] > threshold),
    has: (index) => difference(index) > threshold,
  };
}

function latticeOf(shape: Triple): readonly Triple[] {
  const along = (length: number) =>
    Array.from({length: Math.min(length, LATTICE)}, (_, n) =>
      Math.floor(((n + 0.5) * length) / Math.min(length, LATTICE)),
    );
  const [is, js, ks] = shape.map(along);
  return ks.flatMap((k) => js.flatMap((j) => is.map((i): Triple => [i, j, k])));
}

/** The nearest voxel; NaN outside the image. */
function valueAt({data, shape}: Voxels, index: Triple): number {
  const [i, j, k] = index.map(Math.round);
  const isInside = i >= 0 && j >= 0 && k >= 0 && i < shape[0] && j < shape[1] && k < shape[2];
  return isInside ? data[i + shape[0] * (j + shape[1] * k)] : NaN;
}

function shareWithin(points: readonly Triple[], toOther: Affine, other: SeenObject): number {
  return points.filter((index) => other.has(toOther.apply(index))).length / points.length;
}
