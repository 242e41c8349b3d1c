import {HypermorphError} from '../errors.js';
import type {Random} from '../random.js';
import type {Triple} from '../volume/volume.js';
import {smoothNoise} from './smooth-noise.js';

/** A map of labels, [I, J, K] with k fastest. */
export interface LabelMap {
  readonly name: string;
  /** 0 is the background. */
  readonly data: Uint8Array | Uint16Array;
  /** Above every value of `data`. */
  readonly codes: number;
}

/** Values of label maps are numbered in 16 bits. */
const MOST_CODES = 1 << 16;
/** Contrasts are drawn for at least so many codes, so that random numbers do not depend on the labels of small maps. */
const FEWEST_CONTRASTS = 256;

/**
 * A map of random shapes: every voxel belongs to the smooth random image that is highest there.
 *
 * @see Hoffmann et al., "SynthMorph", IEEE TMI 2022, section III-B.
 */
export function drawShapes(
  shape: Triple,
  {labels, scaleVox}: {readonly labels: number; readonly scaleVox: number},
  random: Random,
): Uint8Array {
  const voxels = shape[0] * shape[1] * shape[2];
  const map = new Uint8Array(voxels);
  const highest = smoothNoise(shape, scaleVox, random);
  for (let label = 1; label < labels; label++) {
    const noise = smoothNoise(shape, scaleVox, random);
    for (let n = 0; n < voxels; n++) {
      if (noise[n] > highest[n]) {
        highest[n] = noise[n];
        map[n] = label;
      }
    }
  }
  return map;
}

/** One random intensity in [0, 1] for every code. */
export function drawContrast(codes: number, random: Random): Float32Array {
  return Float32Array.from({length: Math.max(codes, FEWEST_CONTRASTS)}, () => random.uniform());
}

/**
 * Number the distinct values of label images, the same for all images of a list: 0 is 0, the others follow in ascending order.
 *
 * @param where - The setting that names the images, for messages.
 * @throws {HypermorphError} E_RANGE if there are more values than 16 bits can number.
 */
export function compactLabels(
  images: readonly {readonly name: string; readonly data: Float32Array}[],
  where: string,
): LabelMap[] {
  const values = new Set<number>();
  for (const {data} of images) for (const value of data) values.add(value);
  values.delete(0);
  if (values.size >= MOST_CODES) {
    throw new HypermorphError(
      'E_RANGE',
      `${where}: label maps must have at most ${MOST_CODES - 1} different labels, got ${values.size}.`,
      {hint: 'Images that are no label maps belong into a source of the kind scans.'},
    );
  }
  const codeOf = new Map([0, ...[...values].sort((a, b) => a - b)].map((value, n) => [value, n]));
  return images.map(({name, data}) => ({
    name,
    data: Uint16Array.from(data, (value) => codeOf.get(value)!),
    codes: codeOf.size,
  }));
}
