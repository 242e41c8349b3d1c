import {jointHistogram, mutualInformation} from '../../evaluation/mutual-information.js';
import {COMPARE_IMAGES_DEFAULTS} from '../../evaluation/similarity.js';
import {Affine} from '../../geometry/affine.js';
import {countVoxels} from '../../geometry/grid.js';
import type {LevelPair} from './optimise.js';
import type {Level} from './pyramid.js';

/** Below this share of an image's voxels, those that two alignments have in common do not say which one is better. */
const FEWEST_COMMON = 0.05;

/** How alike two images are before and after, over the same voxels of both. */
export interface Judgement {
  /** Mutual information, nats; null where there is no voxel to judge by. */
  readonly before: number | null;
  readonly after: number | null;
}

/**
 * Compare alignments with one that came after, by a measure that none was made with: mutual information, the mean of both images'
 * sides, of the voxels that are inside both fields of view before and after. Where hardly any are, each alignment is judged by its own.
 *
 * @returns What compares one alignment, `before`, with `after`.
 */
export function judgeAgainst(pair: LevelPair, after: Affine): (before: Affine) => Judgement {
  const sides = [sideOf(pair.fixed, pair.moving), sideOf(pair.moving, pair.fixed)];
  const ends = [after, after.inverse()].map((affine, n) => sides[n].sample(affine));
  return (before) => {
    const judged = [before, before.inverse()].map((affine, n) =>
      sides[n].compare(sides[n].sample(affine), ends[n]),
    );
    const mean = (key: keyof Judgement) => {
      const known = judged.map((side) => side[key]).filter((value) => value !== null);
      return known.length === 0 ? null : known.reduce((a, b) => a + b) / known.length;
    };
    return {before: mean('before'), after: mean('after')};
  };
}

/** The other image on the voxels of the own one, and which of these are inside both. */
interface SideSample {
  readonly values: Float32Array;
  readonly inside: Uint8Array;
}

/** One image's side: the other one is sampled on its voxels. */
function sideOf(own: Level, other: Level) {
  const sample = (alignment: Affine): SideSample => {
    const values = sampleNearest(other, alignment, own);
    const inside = new Uint8Array(values.length);
    for (let n = 0; n < values.length; n++) {
      inside[n] = values[n] === values[n] && own.data[n] === own.data[n] ? 1 : 0;
    }
    return {values, inside};
  };
  const information = ({values}: SideSample, counts: Uint8Array) =>
    mutualInformation(jointHistogram([own.data, values], counts, COMPARE_IMAGES_DEFAULTS.bins));
  const compare = (before: SideSample, after: SideSample): Judgement => {
    const common = new Uint8Array(own.data.length);
    let count = 0;
    for (let n = 0; n < common.length; n++) count += common[n] = before.inside[n] & after.inside[n];
    const isEnough = count >= FEWEST_COMMON * common.length;
    return {
      before: information(before, isEnough ? common : before.inside),
      after: information(after, isEnough ? common : after.inside),
    };
  };
  return {sample, compare};
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
