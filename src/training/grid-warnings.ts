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
const SPECK = 0.005;
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
