import {Affine} from '../geometry/affine.js';
import {largestDistance, type Grid} from '../geometry/grid.js';
import type {Triple} from '../geometry/triple.js';
import type {Voxels} from '../kernels/voxels.js';
import type {Volume} from '../volume/volume.js';
import {overlapOf} from './alignment.js';
import type {PlacedImage} from './plan.js';

/** A label map that lies elsewhere by less, in voxels, is written with other rounding: a qform keeps less than a sform. */
const NOTABLE_SHIFT = 0.1;
/** Below this share of the smaller field of view, two images hardly have anything to register. */
export const POOR_OVERLAP = 0.5;
/** No scanner sees more than this across, nor a longer body, mm. */
const WIDEST_MM = 800;
const LONGEST_MM = 2200;
/** Fewer voxels along every axis are too few for a network to see anything, whatever is in the image. */
const FEWEST_VOXELS = 8;
/** Along one axis; a slice has one voxel, for a model of slices. */
const SMALLEST_EXTENT = 0.99;
/** Two fields of view rarely differ by a larger factor, unless their lengths have different units. */
const SIZE_FACTOR = 8;

/** An image or a label map as it was read. */
export interface InputImage extends Volume, PlacedImage {}

/** What is suspicious about images that are to be registered, before anything brings them together. */
export function inputWarnings(
  {
    fixed,
    moving,
    labels,
  }: {
    readonly fixed: InputImage;
    readonly moving: InputImage;
    readonly labels: readonly InputImage[];
  },
  network: Grid,
): readonly string[] {
  return [
    ...[fixed, moving].flatMap((image) => sizeWarnings(image, network)),
    ...relativeSizeWarnings(fixed, moving),
    ...placementWarnings(fixed, moving),
    ...labels.flatMap((label) => labelWarnings(label, moving)),
  ];
}

/** An image larger than a body, or hardly larger than the network's voxels: its lengths may not be millimetres. */
function sizeWarnings(image: InputImage, network: Grid): string[] {
  const extents = extentsOf(image);
  const [, middle, longest] = [...extents].sort((a, b) => a - b);
  const size = `${formatNumbers(extents)} mm large`;
  if (middle > WIDEST_MM || longest > LONGEST_MM) {
    return [
      `${image.name}: the field of view is ${size}, more than a body; if the lengths in its header are not millimetres (but micrometres, say), write it again with those that are.`,
    ];
  }
  const toNetwork = Affine.compose(network.affine.inverse(), image.affine).linear;
  const voxels = [0, 3, 6].map((row) =>
    image.shape.reduce((sum, length, n) => sum + Math.abs(toNetwork[row + n]) * length, 0),
  );
  if (Math.max(...voxels) >= FEWEST_VOXELS && Math.min(...voxels) >= SMALLEST_EXTENT) return [];
  return [
    `${image.name}: hardly anything for the model to see: the image is ${formatNumbers(voxels)} network voxels large (${formatNumbers(extents)} mm); if the lengths in its header are not millimetres (but centimetres or metres, say), write it again with those that are.`,
  ];
}

function relativeSizeWarnings(fixed: InputImage, moving: InputImage): string[] {
  const [longestFixed, longestMoving] = [fixed, moving].map((image) =>
    Math.max(...extentsOf(image)),
  );
  const factor = longestMoving / longestFixed;
  if (factor <= SIZE_FACTOR && factor >= 1 / SIZE_FACTOR) return [];
  const sizes = [moving, fixed].map((image) => `${formatNumbers(extentsOf(image))} mm`);
  return [
    `${moving.name}: the field of view is ${sizes[0]}, that of ${fixed.name} ${sizes[1]}; check that both headers have lengths in millimetres.`,
  ];
}

/** One image says where its voxels lie, the other does not. */
function placementWarnings(fixed: InputImage, moving: InputImage): string[] {
  if (fixed.orientationKnown === moving.orientationKnown) return [];
  const [knows, other] = fixed.orientationKnown ? [fixed, moving] : [moving, fixed];
  return [
    `${other.name}: the header does not say where the voxels lie, while that of ${knows.name} does; they lie to each other as assumed only.`,
  ];
}

/** A label map belongs to an image: it must lie where that lies. */
function labelWarnings(label: InputImage, image: InputImage): string[] {
  const isSameSize = label.shape.every((length, axis) => length === image.shape[axis]);
  const distance = isSameSize ? largestDistance(label.affine, image.affine, label.shape) : Infinity;
  const isSamePlace = distance <= NOTABLE_SHIFT * Math.min(...image.affine.spacing);
  if (isSamePlace && label.orientationKnown === image.orientationKnown) return [];
  const warnings: string[] = [];
  if (label.orientationKnown !== image.orientationKnown) {
    const [knows, other] = label.orientationKnown ? [label, image] : [image, label];
    warnings.push(
      `${label.name}: a label map must lie where its image lies, but only the header of ${knows.name} says where that is, not that of ${other.name}.`,
    );
  }
  if (isSameSize && !isSamePlace) {
    warnings.push(
      `${label.name}: has the size of ${image.name} (${label.shape.join('x')}), but lies elsewhere, by up to ${formatNumbers([distance])} mm${believedForms(label, image)}; check that it is the label map of this image.`,
    );
  }
  const overlap = overlapOf(label, image, Affine.identity);
  const outside = shareOutside(label, image);
  if (overlap < POOR_OVERLAP || outside > 1 - POOR_OVERLAP) {
    warnings.push(
      `${label.name}: shares only ${formatPercent(overlap)} % of the smaller field of view with ${image.name}, and ${formatPercent(outside)} % of what is labelled lies outside of it; check that it is the label map of this image.`,
    );
  }
  return warnings;
}

function believedForms(label: PlacedImage, image: PlacedImage): string {
  const [a, b] = [label.geometrySource, image.geometrySource];
  if (a === b || a === undefined || b === undefined) return '';
  return ` (the one is placed by its ${a}, the other by its ${b}: \`geometry\` chooses)`;
}

/** Share of the labelled voxels that lie outside of an image, 0 to 1. */
function shareOutside(label: Volume, image: Grid): number {
  const toImage = Affine.compose(image.affine.inverse(), label.affine);
  let [labelled, outside] = [0, 0];
  eachLabelled(label, (index) => {
    labelled++;
    const at = toImage.apply(index);
    if (at.some((x, axis) => !(x >= -0.5 && x <= image.shape[axis] - 0.5))) outside++;
  });
  return labelled === 0 ? 0 : outside / labelled;
}

/** At most so many voxels are looked at. */
const MOST_VOXELS = 1 << 18;

function eachLabelled({data, shape}: Voxels, take: (index: Triple) => void): void {
  const step = Math.max(1, Math.floor(data.length / MOST_VOXELS));
  for (let n = 0; n < data.length; n += step) {
    if (data[n] === 0) continue;
    const slice = Math.floor(n / shape[0]);
    take([n % shape[0], slice % shape[1], Math.floor(slice / shape[1])]);
  }
}

/** Labels that did not arrive on the fixed grid. */
export function lostLabelWarnings(
  source: {readonly name: string} & Pick<Volume, 'data'>,
  moved: Volume['data'],
): readonly string[] {
  const [before, after] = [labelsIn(source.data), labelsIn(moved)];
  const lost = [...before].filter((label) => !after.has(label)).sort((a, b) => a - b);
  if (lost.length === 0) return [];
  const shown = lost.slice(0, 5).join(', ') + (lost.length > 5 ? ', ...' : '');
  return [
    `${source.name}: ${lost.length} of ${before.size} labels are nowhere on the fixed grid (${shown}): they lie outside of it, or are smaller than its voxels.`,
  ];
}

/** Every label but 0. Neighbours mostly have the same one. */
function labelsIn(data: Volume['data']): Set<number> {
  const labels = new Set<number>();
  let last = 0;
  for (let n = 0; n < data.length; n++) {
    if (data[n] === last) continue;
    last = data[n];
    labels.add(last);
  }
  labels.delete(0);
  return labels;
}

/** The size of the field of view along its axes, mm. */
function extentsOf({shape, affine}: Grid): readonly number[] {
  return affine.spacing.map((mm, axis) => mm * shape[axis]);
}

function formatNumbers(numbers: readonly number[]): string {
  return numbers.map((value) => Number(value.toPrecision(3))).join(' x ');
}

/** A share in percent, whole where that says enough. */
export function formatPercent(share: number): string {
  return String(
    share > 0 && share < 0.01 ? Number((100 * share).toPrecision(1)) : Math.round(100 * share),
  );
}
