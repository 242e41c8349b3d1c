import {COMPARE_IMAGES_DEFAULTS} from '../evaluation/similarity.js';
import {jointHistogram, mutualInformation} from '../evaluation/mutual-information.js';
import {FILL_MISSING, MARK_FINITE} from '../kernels/intensities.js';
import {LOCAL_CORRELATION} from '../kernels/local-correlation.js';
import type {KernelRunner} from '../kernels/voxel-operation.js';
import {sample} from '../transforms/apply.js';
import type {Transform} from '../transforms/transform.js';
import type {Volume} from '../volume/volume.js';
import {normaliseInPlace} from '../volume/intensity.js';
import type {PreparedPair} from './prepare.js';

/** What a registration may end with, from simple to elaborate. */
export type AnswerName = 'alignment' | 'network' | 'refinement';

/** How well one answer fits, on the fixed grid. */
export interface Judgement {
  readonly answer: AnswerName;
  /**
   * Mean squared local correlation, whatever its sign, 0 to 1, over the windows in which an image shows something; a window around a voxel that
   * leaves the moving image adds 0.
   */
  readonly similarity: number;
  /** Mutual information, nats, inside the moving image; null where contrasts are not mixed. */
  readonly information: number | null;
  /** Share of voxels that fold; null where it is not known. */
  readonly foldingFraction: number | null;
}

/** An answer, as far as it is judged. */
export interface Judged extends Pick<Judgement, 'answer' | 'foldingFraction'> {
  /** Fixed -> moving. */
  readonly transform: Transform;
}

/** A more elaborate answer has to be better by this much: less is what interpolation alone changes. */
const NOTABLE_GAIN = 1e-4;
/**
 * Where contrasts are mixed it has to gain this share of mutual information, too: what a local correlation follows there may be nothing, and mutual
 * information, which nothing followed, tells (docs/decisions/026-what-mixed-contrasts-must-gain.md).
 */
export const MIXED_GAIN = 0.035;
/** Share of folds above which an answer is none. */
export const MOST_FOLDS = 0.005;
/** Edge of the judge's windows, voxels, and the standard deviation in one that counts as contrast. */
const WINDOW = 5;
const SMALLEST_DEVIATION = 0.01;

/** Judge answers of one pair by the images' own voxels. */
export function judgeAnswers(
  {fixed, moving, masks, scales}: Pick<PreparedPair, 'fixed' | 'moving' | 'masks' | 'scales'>,
  answers: readonly Judged[],
  {engine, isMixed}: {readonly engine: KernelRunner; readonly isMixed: boolean},
): Judgement[] {
  const still = Float32Array.from(fixed.data);
  normaliseInPlace(still, scales.fixed, engine);
  const {shape} = fixed;
  const axes = shape.filter((length) => length > 1).length;
  const windows = {length: WINDOW, bound: WINDOW ** axes * SMALLEST_DEVIATION ** 2};
  const sampleMask = (mask: Volume, transform: Transform) =>
    sample(mask, transform, fixed, {interpolation: 'nearest', outside: 0, engine}).data;
  return answers.map(({answer, transform, foldingFraction}) => {
    const moved = sample(moving, transform, fixed, {outside: NaN, engine}).data as Float32Array;
    const counts = engine.run(MARK_FINITE, moved);
    if (masks.moving) passOver(counts, sampleMask(masks.moving, transform));
    if (masks.fixed) passOver(counts, masks.fixed.data);
    engine.run(FILL_MISSING, moved, scales.moving.background);
    normaliseInPlace(moved, scales.moving, engine);
    const found = engine.run(LOCAL_CORRELATION, [still, moved], counts, shape, windows);
    const all = found.windows + found.missing;
    const similarity = all === 0 ? 0 : found.either / all;
    return {
      ...{answer, similarity, foldingFraction},
      information: isMixed ? informationOf([still, moved], counts) : null,
    };
  });
}

/** Of the voxels that count and lie inside. */
function informationOf(
  images: readonly [Float32Array, Float32Array],
  counts: Float32Array,
): number | null {
  const inside = counts.map((count) => (count > 0 ? 1 : 0));
  return mutualInformation(jointHistogram(images, inside, COMPARE_IMAGES_DEFAULTS.bins));
}

/** What a mask leaves out says nothing, for or against. */
function passOver(counts: Float32Array, mask: ArrayLike<number>): void {
  for (let n = 0; n < counts.length; n++) if (mask[n] === 0) counts[n] = -1;
}

/**
 * Number of the answer to keep; they go from simple to elaborate.
 *
 * An answer replaces a simpler one if its similarity is larger by more than 1e-4, no more than 0.5 % of its voxels fold, and its mutual information, where
 * it counts, is larger by 3.5 %; so that what is kept is never worse than what it started from.
 */
export function bestOf(judgements: readonly Judgement[]): number {
  return judgements.reduce((best, judgement, n) => {
    const {similarity, foldingFraction} = judgement;
    const isBetter = similarity > judgements[best].similarity + NOTABLE_GAIN;
    const isRegular = (foldingFraction ?? 0) <= MOST_FOLDS;
    return isBetter && isRegular && informs(judgement, judgements[best]) ? n : best;
  }, 0);
}

function informs({information}: Judgement, simpler: Judgement): boolean {
  if (information === null || simpler.information === null) return true;
  return information >= (1 + MIXED_GAIN) * simpler.information;
}
