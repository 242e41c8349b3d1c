import type {ValidationRow} from '../progress.js';

/** The hyperparameters that a validation chose. */
export interface Recommendation {
  readonly lambda: number;
  /** Where the network sees it. */
  readonly labels?: number | undefined;
}

/** Sound deformations fold in no more than this share of the voxels. */
const MOST_FOLDS = 1e-4;
/** And spread less: a volume that halves or doubles, ln 2, lies beyond two standard deviations. */
const LARGEST_SPREAD = 0.3;

/**
 * The row of a validation whose hyperparameters a model recommends: the highest Dice among sound deformations, the larger lambda
 * where two are equal.
 *
 * Overlap alone would choose a network that draws the inside of a label from a small part of the other one: that shows in the
 * spread of the Jacobian determinant (docs/experiments/hippocampus.md).
 *
 * @returns Null without label maps, or where no deformation is sound.
 */
export function recommendFrom(rows: readonly ValidationRow[]): ValidationRow | null {
  const isSound = ({foldingFraction, sdLogJacobian}: ValidationRow) =>
    foldingFraction <= MOST_FOLDS && sdLogJacobian <= LARGEST_SPREAD;
  return rows.filter(isSound).reduce<ValidationRow | null>((best, row) => {
    if (row.dice === undefined) return best;
    const gain = row.dice - (best?.dice ?? -1);
    return gain > 0 || (gain === 0 && row.lambda > best!.lambda) ? row : best;
  }, null);
}
