import type {NetworkGrid} from '../volume/conform.js';
import type {AlignmentSummary} from './align/align-pair.js';
import type {JacobianMeasure} from '../evaluation/deformation.js';
import type {DisplacementMeasure} from '../transforms/apply.js';
import {formatPercent, POOR_OVERLAP} from './input-warnings.js';
import type {SimilarityChange} from './measures.js';

/** The same of what the images show: two heads that are far from each other still share a third. */
const POOR_CONTENT = 0.3;

/** What is suspicious about the places of the two images. */
export function placeWarnings(
  names: {readonly fixed: string; readonly moving: string},
  place: {
    readonly overlap: number;
    /** Of what is in the images; null where they show too little to say. */
    readonly content: number | null;
    readonly asked: AlignmentSummary['asked'];
  },
): readonly string[] {
  const warnings: string[] = [];
  const advice =
    place.asked === 'headers'
      ? "if the headers do not put the same anatomy at the same place, try `affine: 'auto'`"
      : 'check that the two images show the same part of the body';
  if (place.overlap < POOR_OVERLAP) {
    warnings.push(
      `${names.moving}: only ${formatPercent(place.overlap)} % of the smaller field of view lies in that of ${names.fixed}; ${advice}.`,
    );
  } else if (place.content !== null && place.content < POOR_CONTENT) {
    warnings.push(
      `${names.moving}: only ${formatPercent(place.content)} % of what it shows lies where ${names.fixed} shows something; ${advice}.`,
    );
  }
  return warnings;
}

/** A displacement below this share of a network voxel everywhere moves nothing that could be seen. */
const VISIBLE_SHARE = 0.05;
/** Similarity may fall by this much through interpolation alone. */
const NCC_TOLERANCE = 1e-4;
const NOTABLE_FOLDING = 0.001;

/** What is suspicious about a result. */
export function resultWarnings(
  result: {
    /** Whether the result is what the network predicted. */
    readonly isPredicted: boolean;
    readonly displacement: DisplacementMeasure;
    readonly similarity: SimilarityChange;
    readonly jacobian: JacobianMeasure;
  },
  network: NetworkGrid,
): readonly string[] {
  const warnings: string[] = [];
  const {maximumMm} = result.displacement;
  if (result.isPredicted && maximumMm < VISIBLE_SHARE * Math.min(...network.affine.spacing)) {
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
