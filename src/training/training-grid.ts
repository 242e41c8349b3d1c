import type {TrainingConfig} from '../config/training-config.js';
import {spacingOf} from '../volume/affine.js';
import {networkGridFor, type NetworkGrid} from '../volume/conform.js';
import type {Grid, Triple} from '../volume/volume.js';

type GridSettings = Pick<TrainingConfig, 'grid' | 'dimensions'>;

/** Voxels of the training grid along three axes; a plane has one voxel along the third. */
export function trainingShape({grid, dimensions}: GridSettings): Triple {
  const [i, j, k] = grid.shape;
  return [i, j, dimensions === 3 ? k : 1];
}

/** Place the training grid on an image: the same centre, one size for all images; what does not fit is cut off. */
export function trainingGridOn(image: Grid, settings: GridSettings): NetworkGrid {
  const shape = trainingShape(settings);
  const {spacingMm, orientation} = settings.grid;
  const spacing: Triple | null =
    spacingMm === null
      ? null
      : [spacingMm[0], spacingMm[1], spacingMm[2] ?? spacingOf(image.affine)[2]];
  // One multiple of the whole size: exactly this size.
  return networkGridFor(image, {
    orientation: settings.dimensions === 3 ? orientation : null,
    spacing,
    multiple: shape,
    maximumShape: shape,
  });
}
