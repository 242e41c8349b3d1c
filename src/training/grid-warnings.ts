import {HypermorphError} from '../errors.js';
import {countVoxels, type Grid} from '../geometry/grid.js';
import {formatPercent} from '../registration/input-warnings.js';
import type {VoxelArray} from '../kernels/voxels.js';
import type {IntensityScale} from '../volume/intensity.js';
import type {Volume} from '../volume/volume.js';

/** An image, and what of it lies on the training grid. */
export interface PlacedContent {
  readonly image: Volume;
  readonly scale: Pick<IntensityScale, 'low' | 'high' | 'clips'>;
  /** On the grid, normalised. */
  readonly data: Float32Array;
  /** What lies outside the image, normalised. */
  readonly outside: number;
}

/** Less of an image on the grid is said: a head whose neck is cut off still has more. */
const CUT = 0.75;
/** A smaller share of the grid is hardly anything to learn from. */
const SPECK = 0.01;
/** What differs less from the background is noise, in the network's intensities. */
const NOISE = 0.05;
/** Voxels that are looked at. */
const MOST_VOXELS = 1 << 18;

/**
 * What is suspicious about an image on the training grid: cut, or a speck.
 *
 * @throws {HypermorphError} E_GRID if nothing of it lies there.
 */
export function gridWarnings(
  {image, scale, data, outside}: PlacedContent,
  grid: Grid,
  where: string,
): readonly string[] {
  const {low, high, clips} = scale;
  const seen = contentOf(data, grid, (value) => Math.abs(value - outside));
  const whole = contentOf(image.data, image, (value) => {
    const scaled = (value - low) / (high - low);
    return Math.abs((clips ? Math.min(Math.max(scaled, 0), 1) : scaled) - outside);
  });
  const extents = grid.affine.spacing.map((mm, axis) =>
    Number((mm * grid.shape[axis]).toPrecision(3)),
  );
  const size = `${grid.shape.join('x')} voxels, ${extents.join(' x ')} mm`;
  if (seen.mass === 0 && whole.mass > 0) {
    throw new HypermorphError(
      'E_GRID',
      `${where}: what it shows must lie on the training grid (${size}), got nothing of it.`,
      {
        hint: 'Look at `grid.centre` and `grid.reference`, and at the place and the lengths in the header.',
      },
    );
  }
  const warnings: string[] = [];
  const share = whole.mass === 0 ? 1 : seen.mass / whole.mass;
  if (share < CUT) {
    warnings.push(
      `${where}: only ${formatPercent(share)} % of what it shows lies on the training grid (${size}); a larger \`grid.shape\` or \`grid.spacingMm\` takes in more.`,
    );
  }
  if (seen.share < SPECK) {
    warnings.push(
      `${where}: hardly anything to learn from: ${formatPercent(seen.share)} % of the training grid (${size}) differ from the background; look at \`grid.spacingMm\`, and at the lengths in the header.`,
    );
  }
  return warnings;
}

/** An image on the training grid. */
interface OnGrid {
  readonly name: string;
  readonly data: Float32Array;
  readonly outside: number;
}

/** Less of the smaller object in the place of the other is said; also where a registration warns. */
const POOR_CONTENT = 0.3;

/** What is suspicious about two images that are a pair: what they show must lie in the same place. */
export function pairWarnings(fixed: OnGrid, moving: OnGrid): readonly string[] {
  const shows = ({data, outside}: OnGrid, n: number) => Math.abs(data[n] - outside) > NOISE;
  let [inFixed, inMoving, inBoth] = [0, 0, 0];
  for (let n = 0; n < fixed.data.length; n++) {
    const [a, b] = [shows(fixed, n), shows(moving, n)];
    if (a) inFixed++;
    if (b) inMoving++;
    if (a && b) inBoth++;
  }
  const share = inBoth / Math.max(1, Math.min(inFixed, inMoving));
  if (share >= POOR_CONTENT) return [];
  return [
    `${moving.name}: only ${formatPercent(share)} % of what it shows lies where ${fixed.name} shows something; check that they are a pair, brought together by their headers.`,
  ];
}

/** Of one kind of warning, so many are told in full. */
const MOST_ALIKE = 3;

/** Warnings about many images: of those that differ in the image and in numbers alone the first few, and how many more there are. */
export function summarise(texts: readonly string[]): readonly string[] {
  const byKind = new Map<string, string[]>();
  for (const text of texts) {
    const kind = text.replace(/^.*?: /, '').replace(/[\d.]+/g, '#');
    byKind.set(kind, [...(byKind.get(kind) ?? []), text]);
  }
  return [...byKind.values()].flatMap((alike) => {
    const untold = alike.length - MOST_ALIKE;
    if (untold <= 0) return alike;
    return [...alike.slice(0, MOST_ALIKE), `and ${untold} more images likewise.`];
  });
}

/** How much differs from the background: summed over space, and the share of voxels. */
function contentOf(
  data: VoxelArray,
  grid: Grid,
  difference: (value: number) => number,
): {readonly mass: number; readonly share: number} {
  const step = Math.max(1, Math.floor(data.length / MOST_VOXELS)) | 1; // odd: not along one plane
  let [sum, count, looked] = [0, 0, 0];
  for (let n = 0; n < data.length; n += step) {
    const value = difference(data[n]);
    looked++;
    if (!(value > NOISE)) continue;
    sum += value;
    count++;
  }
  const voxelMm = Math.abs(grid.affine.determinant);
  return {mass: (sum / looked) * countVoxels(grid.shape) * voxelMm, share: count / looked};
}
