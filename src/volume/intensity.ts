import {HypermorphError} from '../errors.js';
import {NORMALISE_INTENSITIES} from '../kernels/intensities.js';
import {PORTABLE, type KernelRunner} from '../kernels/voxel-operation.js';
import type {Voxels} from '../kernels/voxels.js';
import {intensityRange} from './intensity-range.js';

/**
 * How intensities become numbers for the network; part of a model's description.
 *
 * `minmax` brings the smallest and largest voxel to 0 and 1; `percentile` does so with two percentiles and cuts what lies
 * beyond; `none` leaves the voxels as they are.
 */
export type Normalisation =
  | {readonly kind: 'none'}
  | {readonly kind: 'minmax'}
  | {readonly kind: 'percentile'; readonly low: number; readonly high: number};

/** One image's intensities -> the network's: (value - low) / (high - low), cut to [0, 1] where `clips`. */
export interface IntensityScale {
  readonly low: number;
  readonly high: number;
  readonly clips: boolean;
  /** The intensity outside the image, see `backgroundOf`. */
  readonly background: number;
  /** The same for the network: not below `low`, so that it is never negative where images are scaled. */
  readonly outside: number;
  readonly warnings: readonly string[];
}

/**
 * Measure how an image's intensities are normalised. The whole image counts, whatever part of it the network will see, so
 * that padding and cropping change nothing; voxels that are NaN or infinite do not count.
 *
 * @param where - Name of the image for messages.
 * @throws {HypermorphError} E_RANGE if no voxel is a number, or all are the same.
 *
 * @example
 * import {measureIntensity, PORTABLE} from 'hypermorph';
 * const image = {shape: [3, 1, 1] as const, data: Float32Array.of(10, 20, 50)};
 * const {low, high, clips} = measureIntensity(image, {kind: 'minmax'}, PORTABLE, 'image');
 * [low, high]; // [10, 50]
 * clips; // false
 */
export function measureIntensity(
  image: Voxels,
  normalisation: Normalisation,
  engine: KernelRunner,
  where: string,
): IntensityScale {
  const percentiles = normalisation.kind === 'percentile' ? normalisation : {low: 0, high: 100};
  const range = intensityRange(engine, image.data, percentiles);
  const warnings: string[] = [];
  if (range.finite === 0) {
    throw new HypermorphError(
      'E_RANGE',
      `${where}: voxels must be numbers, got ${range.nonFinite} of ${range.nonFinite} that are NaN or infinite.`,
    );
  }
  if (range.minimum === range.maximum) {
    throw new HypermorphError(
      'E_RANGE',
      `${where}: voxels must differ from each other, got ${range.minimum} in all of them.`,
      {hint: 'An image without contrast cannot be registered: check that it is the intended file.'},
    );
  }
  if (range.nonFinite > 0) {
    warnings.push(`${where}: ${range.nonFinite} voxels are NaN or infinite and count as 0.`);
  }
  const background = backgroundOf(image);
  if (normalisation.kind === 'none') {
    return {low: 0, high: 1, clips: false, background, outside: background, warnings};
  }
  if (range.high > range.low) {
    const clips = normalisation.kind === 'percentile';
    const {low, high} = range;
    return {low, high, clips, background, outside: Math.max(background, low), warnings};
  }
  warnings.push(
    `${where}: the percentiles ${percentiles.low} and ${percentiles.high} are both ${range.low}; ` +
      'the smallest and largest voxel are used instead.',
  );
  const {minimum: low, maximum: high} = range;
  return {low, high, clips: false, background, outside: Math.max(background, low), warnings};
}

/**
 * Apply an image's scale to samples of it, in place.
 *
 * @example
 * import {measureIntensity, normaliseInPlace, PORTABLE} from 'hypermorph';
 * const image = {shape: [3, 1, 1] as const, data: Float32Array.of(10, 20, 50)};
 * const samples = image.data.slice();
 * normaliseInPlace(samples, measureIntensity(image, {kind: 'minmax'}, PORTABLE, 'image'));
 * samples; // [0, 0.25, 1]
 */
export function normaliseInPlace(
  samples: Float32Array,
  {low, high, clips}: IntensityScale,
  engine: KernelRunner = PORTABLE,
): void {
  if (low === 0 && high === 1 && !clips) return;
  engine.run(NORMALISE_INTENSITIES, samples, {low, factor: 1 / (high - low), clips});
}

/**
 * The intensity to assume outside an image: 0, unless the image's own faces show a negative background, as the air of a CT.
 *
 * @returns The median of the finite voxels on the six faces where that is negative, else 0.
 */
export function backgroundOf(image: Voxels): number {
  let [finite, negative] = [0, 0];
  eachFaceVoxel(image, (value) => {
    finite++;
    if (value < 0) negative++;
  });
  const middle = finite >> 1;
  if (negative <= middle) return 0;
  const faces = new Float64Array(finite);
  let n = 0;
  eachFaceVoxel(image, (value) => (faces[n++] = value));
  return faces.sort()[middle];
}

/** The finite voxels on the six faces. */
function eachFaceVoxel({data, shape}: Voxels, take: (value: number) => void): void {
  const [lengthI, lengthJ, lengthK] = shape;
  for (let k = 0; k < lengthK; k++) {
    const isFaceK = k === 0 || k === lengthK - 1;
    for (let j = 0; j < lengthJ; j++) {
      const isFace = isFaceK || j === 0 || j === lengthJ - 1;
      const step = isFace ? 1 : Math.max(lengthI - 1, 1);
      for (let i = 0; i < lengthI; i += step) {
        const value = data[i + lengthI * (j + lengthJ * k)];
        if (value - value === 0) take(value);
      }
    }
  }
}
