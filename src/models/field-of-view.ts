import {boundingSize, type Grid} from '../geometry/grid.js';
import type {ModelDescription} from './model-description.js';

/**
 * Whether a model says that it is made for images of a certain field of view, and an image has it.
 *
 * @param description - `fieldOfView` in mm along left-right, back-front, down-up.
 * @example
 * import {Affine, isMadeFor} from 'hypermorph';
 * const grid = {shape: [36, 50, 36] as const, affine: Affine.scaling([1, 1, 1])};
 * isMadeFor({fieldOfView: {smallestMm: [30, 40, 30], largestMm: [50, 60, 50]}}, grid); // true
 */
export function isMadeFor(
  {fieldOfView}: Pick<ModelDescription, 'fieldOfView'>,
  grid: Grid,
): boolean {
  if (fieldOfView === undefined) return false;
  const {smallestMm, largestMm} = fieldOfView;
  return boundingSize(grid).every(
    (size, axis) => size >= smallestMm[axis] && size <= largestMm[axis],
  );
}
