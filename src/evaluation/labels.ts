import type {Grid} from '../geometry/grid.js';
import {countOverlaps, dice, jaccard, meanOfKnown, type LabelOverlap} from './overlap.js';
import {surfaceDistance} from './surface-distance.js';

/** Distances along voxel axes that are closer to each other than this cosine to a right angle count as mm. */
const RIGHT_ANGLE = 1e-3;

/** How well one label of two maps agrees. */
export interface LabelAgreement {
  readonly label: number;
  /** Voxels in the first and in the second map. */
  readonly voxels: readonly [number, number];
  /** 0 where only one of the maps has the label, null where none has. */
  readonly dice: number | null;
  readonly jaccard: number | null;
  /** Null where one of the maps lacks the label, or where voxel axes are not at right angles. */
  readonly hd95Mm: number | null;
  readonly assdMm: number | null;
}

export interface LabelsAgreement {
  readonly labels: readonly LabelAgreement[];
  /** Over the labels for which there is a number. */
  readonly mean: Pick<LabelAgreement, 'dice' | 'jaccard' | 'hd95Mm' | 'assdMm'>;
  /** Labels that one of the maps lacks: they count as 0 in the means of Dice and Jaccard, and not in those of the distances. */
  readonly inOneOnly: readonly number[];
}

/**
 * Compare two label maps on one grid.
 *
 * @param maps - Whole numbers, i fastest.
 * @param grid - Of both maps.
 * @param wanted - The labels to compare; all that occur in either map but 0, unless told.
 */
export function compareLabels(
  maps: readonly [ArrayLike<number>, ArrayLike<number>],
  grid: Grid,
  wanted?: readonly number[],
): LabelsAgreement {
  const overlaps = countOverlaps(...maps);
  const none: LabelOverlap = {first: 0, second: 0, both: 0};
  const names = wanted ?? [...overlaps.keys()].filter((label) => label !== 0);
  const place = {shape: grid.shape, spacing: grid.affine.spacing};
  const isOrthogonal = grid.affine.shear < RIGHT_ANGLE;
  const labels = names.map((label): LabelAgreement => {
    const overlap = overlaps.get(label) ?? none;
    const distance = isOrthogonal ? surfaceDistance(maps, label, place) : null;
    return {
      label,
      voxels: [overlap.first, overlap.second],
      dice: dice(overlap),
      jaccard: jaccard(overlap),
      hd95Mm: distance?.hd95Mm ?? null,
      assdMm: distance?.assdMm ?? null,
    };
  });
  const mean = (key: keyof LabelsAgreement['mean']) => meanOfKnown(labels.map((row) => row[key]));
  return {
    labels,
    mean: {
      dice: mean('dice'),
      jaccard: mean('jaccard'),
      hd95Mm: mean('hd95Mm'),
      assdMm: mean('assdMm'),
    },
    inOneOnly: labels
      .filter(({voxels}) => (voxels[0] === 0) !== (voxels[1] === 0))
      .map(({label}) => label),
  };
}

/** Mean Dice over the labels of either map, 0 left out; null where there is none. */
export function meanDice(first: ArrayLike<number>, second: ArrayLike<number>): number | null {
  const overlaps = [...countOverlaps(first, second)].filter(([label]) => label !== 0);
  return meanOfKnown(overlaps.map(([, overlap]) => dice(overlap)));
}
