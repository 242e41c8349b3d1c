import {HypermorphError} from '../errors.js';
import {FIND_EXTREMES, NORMALISE_INTENSITIES} from '../kernels/intensities.js';
import {PORTABLE, type KernelRunner} from '../kernels/voxel-operation.js';
import type {Voxels} from '../kernels/voxels.js';
import {intensityRange, type IntensityRange} from './intensity-range.js';

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
  /** Voxels that are NaN or infinite; they count as `outside`, see `fillMissing`. */
  readonly missing: number;
  readonly warnings: readonly string[];
}

/**
 * Measure how an image's intensities are normalised. The whole image counts, whatever part of it the network will see, so
 * that padding and cropping change nothing; voxels that are NaN or infinite do not count.
 *
 * @param options.where - Name of the image for messages.
 * @param options.background - The intensity outside the image; without it `backgroundOf` measures it.
 * @throws {HypermorphError} E_RANGE if no voxel is a number, or all are the same.
 *
 * @example
 * import {measureIntensity, PORTABLE} from 'hypermorph';
 * const image = {shape: [3, 1, 1] as const, data: Float32Array.of(10, 20, 50)};
 * const {low, high, clips} = measureIntensity(image, {kind: 'minmax'}, PORTABLE, {where: 'image'});
 * [low, high]; // [10, 50]
 * clips; // false
 */
export function measureIntensity(
  image: Voxels,
  normalisation: Normalisation,
  engine: KernelRunner,
  options: {readonly where: string; readonly background?: number | undefined},
): IntensityScale {
  const {where, background = backgroundOf(image, engine)} = options;
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
  const missing = range.nonFinite;
  const scaled = scaleOf(normalisation, range);
  const outside = normalisation.kind === 'none' ? background : Math.max(background, scaled.low);
  if (missing > 0) {
    warnings.push(`${where}: ${missing} voxels are NaN or infinite and count as ${outside}.`);
  }
  if (normalisation.kind === 'percentile' && !scaled.clips) {
    warnings.push(
      `${where}: the percentiles ${percentiles.low} and ${percentiles.high} are both ${range.low}; ` +
        'the smallest and largest voxel are used instead.',
    );
  }
  const grey = (outside - scaled.low) / (scaled.high - scaled.low);
  if (normalisation.kind !== 'none' && grey > DARK) {
    warnings.push(
      `${where}: the background is ${format(background)}, not the darkest value (${format(range.minimum)} to ${format(range.maximum)}); the network sees it as ${format(grey)} of 0 to 1. ` +
        'Models mostly learn from images on a dark background; `background` sets another value.',
    );
  }
  return {...scaled, background, outside, missing, warnings};
}

/** A background of a larger share of the range is grey for the network. */
const DARK = 0.1;

function format(value: number): string {
  return String(Number(value.toPrecision(3)));
}

/** Which intensities become 0 and 1; percentiles that coincide give way to the smallest and the largest voxel. */
function scaleOf(
  {kind}: Normalisation,
  {minimum, maximum, low, high}: IntensityRange,
): Pick<IntensityScale, 'low' | 'high' | 'clips'> {
  if (kind === 'none') return {low: 0, high: 1, clips: false};
  if (high > low) return {low, high, clips: kind === 'percentile'};
  return {low: minimum, high: maximum, clips: false};
}

/** An image whose voxels that are NaN or infinite have a value: itself where there are none, or where 0 is that value. */
export function fillMissing<Image extends Voxels>(
  image: Image,
  {missing, outside}: IntensityScale,
): Image {
  if (missing === 0 || outside === 0) return image; // samplers take such voxels as 0
  return {...image, data: image.data.map((value) => (value - value === 0 ? value : outside))};
}

/**
 * Apply an image's scale to samples of it, in place.
 *
 * @example
 * import {measureIntensity, normaliseInPlace, PORTABLE} from 'hypermorph';
 * const image = {shape: [3, 1, 1] as const, data: Float32Array.of(10, 20, 50)};
 * const samples = image.data.slice();
 * normaliseInPlace(samples, measureIntensity(image, {kind: 'minmax'}, PORTABLE, {where: 'image'}));
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

/** Face voxels within this share of their whole range from each other are one background. */
const PLAIN = 0.02;

/**
 * The intensity to assume outside an image: what its six faces show, where they show a plain background or a negative one (the
 * air of a CT).
 *
 * @returns The median of the finite voxels on the faces; for a tight crop of tissue 0, or the darkest voxel where that is above;
 *   0 where most of the faces have no number.
 */
export function backgroundOf(image: Voxels, engine: KernelRunner = PORTABLE): number {
  const values = faceVoxels(image);
  const faces = values.filter((value) => value - value === 0).sort();
  if (faces.length <= values.length / 2) return 0;
  const middle = faces[faces.length >> 1];
  const {minimum, maximum} = engine.run(FIND_EXTREMES, image.data);
  const tolerance = PLAIN * (maximum - minimum);
  if (minimum <= 0 && Math.abs(middle) <= tolerance) return 0;
  const alike = faces.filter((value) => Math.abs(value - middle) <= tolerance).length;
  const isPlain = alike > faces.length / 2 && maximum > minimum;
  return isPlain || middle < 0 ? middle : Math.max(0, minimum);
}

/** The voxels on the six faces. */
function faceVoxels({data, shape}: Voxels): Float64Array {
  const [lengthI, lengthJ, lengthK] = shape;
  const [insideI, insideJ, insideK] = shape.map((length) => Math.max(length - 2, 0));
  const faces = new Float64Array(lengthI * lengthJ * lengthK - insideI * insideJ * insideK);
  let n = 0;
  for (let k = 0; k < lengthK; k++) {
    const isFaceK = k === 0 || k === lengthK - 1;
    for (let j = 0; j < lengthJ; j++) {
      const isFace = isFaceK || j === 0 || j === lengthJ - 1;
      const step = isFace ? 1 : Math.max(lengthI - 1, 1);
      for (let i = 0; i < lengthI; i += step) {
        faces[n++] = data[i + lengthI * (j + lengthJ * k)];
      }
    }
  }
  return faces;
}
