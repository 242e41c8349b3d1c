import type {NetworkGridSpec} from '../volume/conform.js';
import type {ModelDescription} from './model-description.js';

/**
 * The grid on which a described model sees its images.
 *
 * @example
 * import {gridSpecOf, readModel} from 'hypermorph';
 * const {description} = await readModel('model.safetensors');
 * gridSpecOf(description).orientation; // 'LIA'
 */
export function gridSpecOf({
  architecture,
  grid,
}: Pick<ModelDescription, 'architecture' | 'grid'>): NetworkGridSpec {
  const {multiple, orientation, spacingMm} = grid;
  if (architecture.dimensions === 3) {
    return {orientation, spacingMm, multiple: [multiple, multiple, multiple]};
  }
  // The third axis of a slice is the one that the model does not name, with one voxel of the slice's thickness.
  return {
    orientation: orientation === null ? null : orientation + missingAxis(orientation),
    axes: 'image', // a slice that lies aslant is still seen as a slice
    spacingMm: spacingMm === null ? null : [...spacingMm, null],
    multiple: [multiple, multiple, 1],
  };
}

function missingAxis(orientation: string): string {
  const taken = orientation.toUpperCase();
  return ['RL', 'AP', 'SI'].find(
    (ends) => !taken.includes(ends[0]) && !taken.includes(ends[1]),
  )![0];
}
