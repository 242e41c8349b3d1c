import {jointHistogram, mutualInformation} from '../../evaluation/mutual-information.js';
import {Affine} from '../../geometry/affine.js';
import {countVoxels} from '../../geometry/grid.js';
import type {LevelPair} from './optimise.js';
import type {Level} from './pyramid.js';

/** Intensities are counted in this many bins. */
const BINS = 32;
/** Below this share of an image's voxels, those that two alignments have in common do not say which one is better. */
const FEWEST_COMMON = 0.05;

/** How alike two images are before and after, over the same voxels of both. */
export interface Judgement {
  /** Mutual information, nats; null where there is no voxel to judge by. */
  readonly before: number | null;
  readonly after: number | null;
}

/**
 * Compare two alignments by a measure that neither was made with: mutual information, the mean of both images' sides, of the
 * voxels that are inside both fields of view before and after. Where hardly any are, each alignment is judged by its own.
 */
export function judge(pair: LevelPair, before: Affine, after: Affine): Judgement {
  const sides = [
    judgeSide(pair.fixed, pair.moving, [before, after]),
    judgeSide(pair.moving, pair.fixed, [before.inverse(), after.inverse()]),
  ];
  const mean = (values: readonly (number | null)[]) => {
    const known = values.filter((value) => value !== null);
    return known.length === 0 ? null : known.reduce((a, b) => a + b) / known.length;
  };
  return {
    before: mean(sides.map(([value]) => value)),
    after: mean(sides.map(([, value]) => value)),
  };
}

function judgeSide(
  own: Level,
  other: Level,
  alignments: readonly [Affine, Affine],
): (number | null)[] {
  const samples = alignments.map((alignment) => sampleNearest(other, alignment, own));
  const inside = samples.map((values) =>
    Uint8Array.from(values, (value, n) => (Number.isNaN(value + own.data[n]) ? 0 : 1)),
  );
  const common = inside[0].map((counts, n) => counts * inside[1][n]);
  const isEnough = sum(common) >= FEWEST_COMMON * own.data.length;
  return samples.map((values, n) =>
    mutualInformation(jointHistogram([own.data, values], isEnough ? common : inside[n], BINS)),
  );
}

/** The voxels nearest to those of another grid, as an alignment brings it here; NaN beyond the image. */
function sampleNearest({data, shape, affine}: Level, alignment: Affine, grid: Level): Float32Array {
  const {rows: m} = Affine.compose(affine.inverse(), alignment, grid.affine);
  const size = grid.shape;
  const result = new Float32Array(countVoxels(size));
  let n = 0;
  for (let c = 0; c < size[2]; c++) {
    for (let b = 0; b < size[1]; b++) {
      for (let a = 0; a < size[0]; a++, n++) {
        const i = Math.floor(m[0] * a + m[1] * b + m[2] * c + m[3] + 0.5);
        const j = Math.floor(m[4] * a + m[5] * b + m[6] * c + m[7] + 0.5);
        const k = Math.floor(m[8] * a + m[9] * b + m[10] * c + m[11] + 0.5);
        const isInside = i >= 0 && j >= 0 && k >= 0 && i < shape[0] && j < shape[1] && k < shape[2];
        result[n] = isInside ? data[i + shape[0] * (j + shape[1] * k)] : NaN;
      }
    }
  }
  return result;
}

function sum(values: Uint8Array): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}
