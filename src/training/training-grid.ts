import type {TrainingConfig} from '../config/training-config.js';
import {sizeMultiple} from '../models/architecture.js';
import type {ModelDescription} from '../models/model-description.js';
import {gridSpecOf} from '../models/network-grid.js';
import {HypermorphError} from '../errors.js';
import {layNetworkGrid, type PlacedImage} from '../registration/plan.js';
import {networkGridFor, type NetworkGrid, type NetworkGridSpec} from '../volume/conform.js';
import type {Triple} from '../geometry/triple.js';

/** Voxels of the training grid along three axes; a plane has one voxel along the third. */
export function trainingShape({
  grid,
  architecture,
}: Pick<TrainingConfig, 'grid' | 'architecture'>): Triple {
  const [i, j, k] = grid.shape;
  return [i, j, architecture.dimensions === 3 ? k : 1];
}

/** The grid as a model describes it. */
export function describeGrid(config: TrainingConfig): ModelDescription['grid'] {
  const {spacingMm, orientation, shape} = config.grid;
  const multiple = sizeMultiple(config.architecture);
  return {spacingMm, orientation, multiple, trainingShape: shape};
}

/**
 * Place the training grid on an image: the same centre, one size for all images; what does not fit is cut off.
 *
 * @throws {HypermorphError} E_SHAPE if planes are trained and this is a volume; E_GRID if it is a slice of another plane.
 */
export function trainingGridOn(image: PlacedImage, config: TrainingConfig): NetworkGrid {
  const shape = trainingShape(config);
  const spec = gridSpecOf({architecture: config.architecture, grid: describeGrid(config)});
  requirePlane(image, config, spec);
  // One multiple of the whole size: exactly this size.
  return networkGridFor(image, {...spec, multiple: shape, maximumShape: shape});
}

/** As a registration would refuse the image, with the settings of a training. */
function requirePlane(image: PlacedImage, config: TrainingConfig, spec: NetworkGridSpec): void {
  if (config.architecture.dimensions === 3) return;
  try {
    layNetworkGrid(image, {dimensions: 2, grid: spec});
  } catch (error) {
    if (!(error instanceof HypermorphError)) throw error;
    throw new HypermorphError(error.code, error.message, {
      hint: 'Give slices of one plane, and say which by `grid.orientation` (null takes them as they are stored).',
    });
  }
}
