import {HypermorphError} from '../errors.js';
import {LABEL_HIGHEST} from '../kernels/noise.js';
import type {VoxelArray} from '../kernels/voxels.js';
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
 * The labels of a map: 0 first, whether it occurs or not, the others in ascending order.
 *
 * @param where - The map, for messages.
 * @throws {HypermorphError} E_RANGE if there are more than 16 bits can number.
 */
export function labelsOf(data: VoxelArray, where: string): readonly number[] {
  const values = new Set<number>();
  let last = NaN;
  for (let n = 0; n < data.length; n++) {
    if (data[n] === last) continue; // neighbours mostly have one label
    last = data[n];
    values.add(last);
  }
  values.delete(0);
  requireFew(values, where);
  return [0, ...[...values].sort((a, b) => a - b)];
}

/** One code for each label of several maps: 0 is 0, the others follow in ascending order. Errors as `labelsOf`. */
export function commonCodes(
  maps: readonly {readonly labels: readonly number[]}[],
  where: string,
): ReadonlyMap<number, number> {
  const values = new Set(maps.flatMap(({labels}) => labels));
  values.delete(0);
  requireFew(values, where);
  return new Map([0, ...[...values].sort((a, b) => a - b)].map((value, n) => [value, n]));
}

function requireFew(values: ReadonlySet<number>, where: string): void {
  if (values.size < MOST_CODES) return;
  throw new HypermorphError(
    'E_RANGE',
    `${where}: label maps must have at most ${MOST_CODES - 1} different labels, got ${values.size}.`,
    {hint: 'Images that are no label maps belong into a source of the kind scans.'},
  );
}

/** The numbers of labels in the place of labels. Neighbours mostly have one: it is looked up once for all of a run. */
export function numberLabels(
  data: VoxelArray,
  numberOf: ReadonlyMap<number, number>,
): Uint16Array<ArrayBuffer> {
  const numbers = new Uint16Array(data.length);
  let last = NaN;
  let number = 0;
  for (let n = 0; n < data.length; n++) {
    if (data[n] !== last) {
      last = data[n];
      number = numberOf.get(last)!;
    }
    numbers[n] = number;
  }
  return numbers;
}
