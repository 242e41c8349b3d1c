import type {TrainingConfig} from '../config/training-config.js';
import {sizeMultiple} from '../models/architecture.js';
import type {ModelDescription} from '../models/model-description.js';
import {gridSpecOf} from '../models/network-grid.js';
import {networkGridFor, type NetworkGrid} from '../volume/conform.js';
import type {Grid} from '../geometry/grid.js';
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

/** Place the training grid on an image: the same centre, one size for all images; what does not fit is cut off. */
export function trainingGridOn(image: Grid, config: TrainingConfig): NetworkGrid {
  const shape = trainingShape(config);
  const spec = gridSpecOf({architecture: config.architecture, grid: describeGrid(config)});
  // One multiple of the whole size: exactly this size.
  return networkGridFor(image, {...spec, multiple: shape, maximumShape: shape});
}
