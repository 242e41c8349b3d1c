import type {NetworkGrid} from '../volume/conform.js';
import {Affine} from '../geometry/affine.js';
import type {Grid} from '../geometry/grid.js';
import type {AlignmentSummary} from './align/align-pair.js';
import type {JacobianMeasure} from '../evaluation/deformation.js';
import type {DisplacementMeasure} from '../transforms/apply.js';
import type {SimilarityChange} from './measures.js';

/** Below this share of the smaller field of view, two images hardly have anything to register. */
const POOR_OVERLAP = 0.5;

/** What is suspicious about the places of the two images. */
export function placeWarnings(
  names: {readonly fixed: string; readonly moving: string},
  place: {
    readonly overlap: number;
    readonly affine: AlignmentSummary;
    readonly fixed: Grid;
    readonly network: NetworkGrid;
  },
): readonly string[] {
  const warnings: string[] = [];
  if (place.overlap < POOR_OVERLAP) {
    const share = Math.round(100 * place.overlap);
    const advice =
      place.affine.asked === 'headers'
        ? "if the headers do not put the same anatomy at the same place, try `affine: 'auto'`"
        : 'check that the two images show the same part of the body';
    warnings.push(
      `${names.moving}: only ${share} % of the smaller field of view lies in that of ${names.fixed}; ${advice}.`,
    );
  }
  const toNetwork = Affine.compose(place.network.affine.inverse(), place.fixed.affine);
  const extents = [0, 3, 6].map((row) =>
    place.fixed.shape.reduce(
      (sum, length, n) => sum + Math.abs(toNetwork.linear[row + n]) * length,
      0,
    ),
  );
  if (extents.some((extent) => extent < SMALLEST_EXTENT)) {
    warnings.push(
      `${names.fixed}: hardly anything for the model to see: the image is ${formatNumbers(extents)} network voxels large.`,
    );
  }
  return warnings;
}

/** A field of view of fewer network voxels is hardly seen; a slice of one voxel is, by a model of slices. */
const SMALLEST_EXTENT = 0.99;

function formatNumbers(numbers: readonly number[]): string {
  return numbers.map((value) => Number(value.toPrecision(2))).join(' x ');
}

/** A displacement below this share of a network voxel everywhere moves nothing that could be seen. */
const VISIBLE_SHARE = 0.05;
/** Similarity may fall by this much through interpolation alone. */
const NCC_TOLERANCE = 1e-4;
const NOTABLE_FOLDING = 0.001;

/** What is suspicious about a result. */
export function resultWarnings(
  result: {
    readonly displacement: DisplacementMeasure;
    readonly similarity: SimilarityChange;
    readonly jacobian: JacobianMeasure;
  },
  network: NetworkGrid,
): readonly string[] {
  const warnings: string[] = [];
  const {maximumMm} = result.displacement;
  if (maximumMm < VISIBLE_SHARE * Math.min(...network.affine.spacing)) {
    warnings.push(
      `nothing moved: the largest displacement is ${maximumMm.toPrecision(2)} mm. ` +
        'The model may be untrained, or not made for such images.',
    );
  }
  const {before, after, voxels} = result.similarity;
  if (voxels === 0) {
    warnings.push('the two images share no voxel, so their similarity is unknown.');
  } else if (before.ncc !== null && after.ncc !== null && after.ncc < before.ncc - NCC_TOLERANCE) {
    warnings.push(
      `the similarity fell: NCC ${before.ncc.toFixed(4)} before, ${after.ncc.toFixed(4)} after. ` +
        'The model may not be made for such images (NCC says little about two different contrasts).',
    );
  }
  const {folds, foldingFraction} = result.jacobian;
  if (foldingFraction !== null && foldingFraction > NOTABLE_FOLDING) {
    warnings.push(
      `the deformation folds at ${folds} voxels (${(100 * foldingFraction).toFixed(2)} %); ` +
        'a larger lambda makes it smoother.',
    );
  }
  return warnings;
}
