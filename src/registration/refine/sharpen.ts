import type {Triple} from '../../geometry/triple.js';
import type {KernelRunner} from '../../kernels/voxel-operation.js';
import {SHARPEN} from '../../optimisers/refinement/operations.js';
import type {RefinementPair} from './pair.js';

/**
 * Squared differences over two voxels, as a share of those over one, of an image that is sharp enough: sharp edges have 2, noise 1; blur makes it
 * more. Measured: brains at 2 mm 2.9, averages of many people 3.4, hippocampi 2.2 to 2.5, one man's brain at 1 mm 2.3.
 */
const SHARP_ENOUGH = 2.5;
/** Most of both neighbours that is taken from a voxel: brains gain as much by 1/12 and 1/6, and noise grows with it. */
const MOST = 1 / 8;
/** Differences over 1 to so many voxels are looked at, from about so many places. */
const FARTHEST = 4;
const PLACES = 1e5;

/**
 * The pair with the fine detail of both images raised where they are blurred.
 *
 * Voxels are means over their volume, and what a warp looks up between them is a mean again: both take fine detail away. Raised in both images,
 * edges meet more closely (docs/decisions/023-sharpened-images.md).
 */
export function sharpened(pair: RefinementPair, engine: KernelRunner): RefinementPair {
  const {shape} = pair;
  const [fixed, moving] = [pair.fixed, pair.moving].map((image) =>
    engine.run(SHARPEN, image, shape, sharesFor(image, shape)),
  );
  return {...pair, fixed, moving};
}

/**
 * How much an image is to be sharpened along each axis, as `SHARPEN` takes it: until it is sharp enough.
 *
 * @param image - [I, J, K], k fastest.
 */
export function sharesFor(image: Float32Array, shape: Triple): Triple {
  const [i, j, k] = differencesAlong(image, shape);
  return [shareFor(i), shareFor(j), shareFor(k)];
}

/** Sums of squared differences over 0 to 4 voxels along each axis; all 0 along one that is too short. */
function differencesAlong(
  image: Float32Array,
  shape: Triple,
): [i: Float64Array, j: Float64Array, k: Float64Array] {
  const [, J, K] = shape;
  const strides = [J * K, K, 1];
  const sums = () => new Float64Array(FARTHEST + 1);
  const differences: [Float64Array, Float64Array, Float64Array] = [sums(), sums(), sums()];
  const step = stepThrough(shape);
  for (let n = 0; n < image.length; n += step) {
    for (let axis = 0; axis < 3; axis++) {
      const index = Math.floor(n / strides[axis]) % shape[axis];
      if (index + FARTHEST >= shape[axis]) continue;
      for (let far = 1; far <= FARTHEST; far++) {
        differences[axis][far] += (image[n + far * strides[axis]] - image[n]) ** 2;
      }
    }
  }
  return differences;
}

/**
 * From one place to the next, in voxels as they lie in memory. It has no divisor in common with 2 or with a row's or a plane's length, so that
 * even and odd voxels are met alike along every axis: of an image enlarged by repeating its voxels, even ones alone show no differences.
 */
function stepThrough([I, J, K]: Triple): number {
  let step = Math.max(1, Math.floor((I * J * K) / PLACES));
  while ([2, J, K].some((length) => greatestDivisor(step, length) > 1)) step++;
  return step;
}

/** The greatest divisor that two numbers have in common. */
function greatestDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestDivisor(b, a % b);
}

/** The smallest share that is enough, or the most, by halving. */
function shareFor(differences: Float64Array): number {
  if (isSharp(differences, 0)) return 0;
  let [low, high] = [0, MOST];
  if (!isSharp(differences, high)) return high;
  for (let n = 0; n < 20; n++) {
    const middle = (low + high) / 2;
    if (isSharp(differences, middle)) high = middle;
    else low = middle;
  }
  return high;
}

/** Whether an image of these differences, sharpened by such a share along their axis, is sharp enough. */
function isSharp(differences: Float64Array, share: number): boolean {
  // What the filter does to products of voxels that lie so far apart: its own product with itself.
  const [own, next, second] = [
    (1 + 2 * share) ** 2 + 2 * share ** 2,
    -2 * share * (1 + 2 * share),
    share ** 2,
  ];
  // Half of a squared difference is a constant less the mean product, and the filter keeps the constant.
  const product = (far: number) => -differences[Math.abs(far)] / 2;
  const filtered = (far: number) =>
    own * product(far) +
    next * (product(far - 1) + product(far + 1)) +
    second * (product(far - 2) + product(far + 2));
  const over = (far: number) => filtered(0) - filtered(far);
  return over(2) <= SHARP_ENOUGH * over(1);
}
