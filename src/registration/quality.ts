import {SQUEEZED} from '../kernels/measures.js';
import {MOST_FOLDS, type Judgement} from './judge.js';
import type {Measures} from './realise.js';

/** Whether a result can be used as it is; a batch is sorted by it. */
export interface Quality {
  readonly verdict: 'good' | 'doubtful' | 'failed';
  /** Why not good, in sentences. */
  readonly reasons: readonly string[];
}

/**
 * Mean squared local correlation after the alignment below which two images have nothing in common, and below which that is
 * doubtful. After a deformation it says less: enough freedom makes anything alike. Pairs of the same part of the body were measured at
 * 0.24 and more, a head and a chest at 0.18, a brain and a hippocampus at 0.01.
 */
const NOTHING_ALIKE = 0.05;
const LITTLE_ALIKE = 0.15;
/** Mutual information after the alignment, nats, likewise; measured: 0.54 and more, other parts of the body 0.17 and less. */
const LITTLE_INFORMATION = 0.2;
/** Share of the smaller field of view below which most of the images was not compared. */
const LITTLE_SHARED = 0.5;
/**
 * Share of squeezed voxels above which the moving image is not deformed but pressed into a shape that it does not have. Measured: brains 0.01
 * and less, hippocampi 0.06 (lambda 0.1 too); a brain without its skull drawn over a head 0.15 and more.
 */
const MOST_SQUEEZED = 0.1;
/** Correlation may fall by this much through interpolation alone. */
const NCC_TOLERANCE = 1e-3;

/**
 * Say whether a result is likely wrong.
 *
 * @param result.alignment - How the judge found the images before anything deformed; null where nothing was judged.
 * @param result.information - Mutual information after the alignment, nats; null where none was searched.
 * @param result.overlap - Share of the smaller field of view that both images cover, 0 to 1.
 */
export function qualityOf({
  alignment,
  information,
  overlap,
  similarity: {before, after, voxels},
  jacobian: {foldingFraction, squeezedFraction},
}: Pick<Measures, 'similarity' | 'jacobian'> & {
  readonly alignment: Pick<Judgement, 'similarity'> | null;
  readonly information: number | null;
  readonly overlap: number;
}): Quality {
  const failures: string[] = [];
  const doubts: string[] = [];
  if (voxels === 0) failures.push('The images share no voxel.');
  if (alignment !== null && alignment.similarity < LITTLE_ALIKE) {
    const reason = `What the alignment brought together looks hardly alike: squared local correlation ${alignment.similarity.toFixed(3)}.`;
    (alignment.similarity < NOTHING_ALIKE ? failures : doubts).push(reason);
  }
  if (information !== null && information < LITTLE_INFORMATION) {
    doubts.push(
      `The aligned images say little about each other: mutual information ${information.toFixed(3)}.`,
    );
  }
  if (overlap < LITTLE_SHARED) {
    const share = Math.round(100 * overlap);
    doubts.push(`The images share only ${share} % of the smaller field of view.`);
  }
  if (foldingFraction !== null && foldingFraction > MOST_FOLDS) {
    doubts.push(`The deformation folds at ${(100 * foldingFraction).toFixed(2)} % of the voxels.`);
  }
  if (squeezedFraction !== null && squeezedFraction > MOST_SQUEEZED) {
    const share = Math.round(100 * squeezedFraction);
    doubts.push(
      `The deformation squeezes ${share} % of the voxels to less than ${SQUEEZED} of their volume.`,
    );
  }
  if (before.ncc !== null && after.ncc !== null && after.ncc < before.ncc - NCC_TOLERANCE) {
    doubts.push(
      `The correlation of the whole images fell from ${before.ncc.toFixed(3)} to ${after.ncc.toFixed(3)}.`,
    );
  }
  const verdict = failures.length > 0 ? 'failed' : doubts.length > 0 ? 'doubtful' : 'good';
  return {verdict, reasons: [...failures, ...doubts]};
}
