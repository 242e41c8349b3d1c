import {HypermorphError} from '../errors.js';
import {networkGridFor, type NetworkGrid, type NetworkGridSpec} from '../volume/conform.js';
import type {Grid} from '../geometry/grid.js';

/** An image as far as its header tells. */
export interface PlacedImage extends Grid {
  readonly name: string;
  /** Whether the file says where its voxels lie. */
  readonly orientationKnown: boolean;
}

/** What to compute beside the moved image and the warp; `warp` says that the warp will be written. */
export interface WantedFields {
  readonly warp?: boolean;
  readonly inverseWarp?: boolean;
  readonly jacobian?: boolean;
  readonly velocity?: boolean;
}

/**
 * Check what can be known before anything is computed, and lay the network's grid on the fixed image.
 *
 * @param model.dimensions - Of the network.
 * @throws {HypermorphError} E_GRID if a world-space field is asked for and an orientation is unknown, or if a slice does not lie
 *   in the plane of a two-dimensional model; E_SHAPE if such a model meets a volume.
 */
export function planNetworkGrid(
  images: {
    readonly fixed: PlacedImage;
    readonly moving: PlacedImage;
    readonly labels?: readonly PlacedImage[] | undefined;
  },
  model: {readonly dimensions: 2 | 3; readonly grid: NetworkGridSpec},
  options: {
    readonly outputs?: WantedFields | undefined;
    readonly assumeOrientation?: boolean | undefined;
  },
): NetworkGrid {
  const {fixed, moving, labels = []} = images;
  const {outputs = {}, assumeOrientation = false} = options;
  const isInWorld = [outputs.warp, outputs.inverseWarp, outputs.velocity].includes(true);
  if (isInWorld && !assumeOrientation) requireOrientation([fixed, moving, ...labels]);
  const network = networkGridFor(fixed, model.grid);
  if (model.dimensions === 2) requireSlice(fixed, model.grid, network);
  return network;
}

/** Each reader would place fields of the world differently where a file does not say where its voxels lie. */
function requireOrientation(images: readonly PlacedImage[]): void {
  for (const {name, orientationKnown} of images) {
    if (orientationKnown) continue;
    throw new HypermorphError(
      'E_GRID',
      `${name}: the header must say where the voxels lie (qform or sform) for a warp in world space, got neither.`,
      {
        hint: 'Programs place such files differently. Add --assume-orientation to take them as left-anterior-superior, centred.',
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
      hint: 'Use a model of such slices, or import it with --orientation fixed to take slices as they are stored.',
    },
  );
}
