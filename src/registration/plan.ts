import {HypermorphError} from '../errors.js';
import {networkGridFor, type NetworkGrid, type NetworkGridSpec} from '../volume/conform.js';
import type {Grid} from '../geometry/grid.js';
import {OUTPUTS, type OutputKey} from './outputs.js';

/** An image as far as its header tells. */
export interface PlacedImage extends Grid {
  readonly name: string;
  /** Whether the file says where its voxels lie. */
  readonly orientationKnown: boolean;
  /** Which of the header's placements is believed, where it has any. */
  readonly geometrySource?: 'sform' | 'qform' | 'header' | 'assumed';
}

/**
 * Lay the network's grid on the fixed image.
 *
 * @param model.dimensions - Of the network.
 * @throws {HypermorphError} E_GRID if a slice does not lie in the plane of a two-dimensional model; E_SHAPE if such a model
 *   meets a volume.
 */
export function layNetworkGrid(
  fixed: PlacedImage,
  model: {readonly dimensions: 2 | 3; readonly grid: NetworkGridSpec},
): NetworkGrid {
  const network = networkGridFor(fixed, model.grid);
  if (model.dimensions === 2) requireSlice(fixed, model.grid, network);
  return network;
}

/**
 * Refuse vectors of the world where a file does not say where its voxels lie: each reader would place them differently.
 *
 * @throws {HypermorphError} E_GRID that names the image.
 */
export function requirePlacement(
  images: readonly PlacedImage[],
  outputs: readonly OutputKey[],
): void {
  if (!OUTPUTS.some(({key, components}) => components === 3 && outputs.includes(key))) return;
  for (const {name, orientationKnown} of images) {
    if (orientationKnown) continue;
    throw new HypermorphError(
      'E_GRID',
      `${name}: the header must say where the voxels lie (qform or sform) for a warp in world space, got neither.`,
      {
        hint: 'Programs place such files differently. Add `assumeOrientation: true` to take them as left-anterior-superior, centred.',
      },
    );
  }
}

/** A two-dimensional network sees one slice, in the plane that its model names. */
function requireSlice(fixed: PlacedImage, spec: NetworkGridSpec, {shape}: NetworkGrid): void {
  if (shape[2] === 1) return;
  const size = fixed.shape.join('x');
  if (!fixed.shape.includes(1)) {
    throw new HypermorphError(
      'E_SHAPE',
      `${fixed.name}: must be one slice for a two-dimensional model, got ${size} voxels.`,
    );
  }
  const axes = fixed.affine.orientation;
  const plane = Array.from(axes)
    .filter((_, axis) => fixed.shape[axis] > 1)
    .join('');
  throw new HypermorphError(
    'E_GRID',
    `${fixed.name}: the slice must lie in the plane of the two-dimensional model (${spec.orientation?.slice(0, 2) ?? 'its first two axes'}), got ${size} voxels along ${plane}.`,
    {
      hint: 'Use a model of such slices, or import it with orientation "fixed" to take slices as they are stored.',
    },
  );
}
