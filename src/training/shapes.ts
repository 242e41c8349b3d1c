import {HypermorphError} from '../errors.js';
import {LABEL_HIGHEST} from '../kernels/noise.js';
import type {Random} from '../random.js';
import {smoothNoise, type GridContext} from './smooth-noise.js';

/** A map of labels, [I, J, K] with k fastest. */
export interface LabelMap {
  readonly name: string;
  /** 0 is the background. */
  readonly data: Uint16Array;
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
  context: GridContext,
  {labels, scaleVox}: {readonly labels: number; readonly scaleVox: number},
  random: Random,
): Uint16Array {
  const highest = smoothNoise(context, scaleVox, random);
  const map = new Uint16Array(highest.length);
  for (let label = 1; label < labels; label++) {
    const noise = smoothNoise(context, scaleVox, random);
    context.engine.run(LABEL_HIGHEST, noise, highest, label, map);
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
  for (const {data} of images) addValues(data, values);
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
    data: numberLabels(data, codeOf),
    codes: codeOf.size,
  }));
}

/** Neighbours mostly have one label: it is looked up once for all of a run. */
function addValues(data: Float32Array, values: Set<number>): void {
  let last = NaN;
  for (let n = 0; n < data.length; n++) {
    if (data[n] === last) continue;
    last = data[n];
    values.add(last);
  }
}

function numberLabels(data: Float32Array, codeOf: ReadonlyMap<number, number>): Uint16Array {
  const codes = new Uint16Array(data.length);
  let last = NaN;
  let code = 0;
  for (let n = 0; n < data.length; n++) {
    if (data[n] !== last) {
      last = data[n];
      code = codeOf.get(last)!;
    }
    codes[n] = code;
  }
  return codes;
}
