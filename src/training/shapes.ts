import type {Random} from '../random.js';
import type {Triple} from '../volume/volume.js';
import {smoothNoise} from './smooth-noise.js';

/** A map of labels, [I, J, K] with k fastest. */
export interface LabelMap {
  readonly name: string;
  readonly data: Uint8Array;
}

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

/** One random intensity in [0, 1] for every label value. */
export function drawContrast(random: Random): Float32Array {
  return Float32Array.from({length: 256}, () => random.uniform());
}

/** Number the distinct values of a label image 0, 1, 2 … in ascending order, the same for all images of a list. */
export function compactLabels(maps: readonly Float32Array[]): Uint8Array[] {
  const values = [...new Set(maps.flatMap((map) => [...new Set(map)]))].sort((a, b) => a - b);
  const codes = new Map(values.slice(0, 256).map((value, code) => [value, code]));
  return maps.map((map) => Uint8Array.from(map, (value) => codes.get(value) ?? 0));
}
