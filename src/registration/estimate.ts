import {countVoxels} from '../geometry/grid.js';
import type {Architecture} from '../models/architecture.js';
import {predictionBytes, requireMemory} from '../models/memory.js';
import {lanesFor} from '../optimisers/refinement/level.js';
import type {NetworkGrid} from '../volume/conform.js';
import {MOST_VELOCITY_VOXELS} from './refine/plan-levels.js';
import type {PlacedImage} from './plan.js';

/** Numbers for each voxel of the fixed image: itself, the moved image without and with the deformation. */
const FIXED_NUMBERS = 3;
/** ... and where the pair is refined: numbers for each of its voxels, with a velocity on them or on half as many along every axis. */
const REFINED_NUMBERS = {whole: 50, half: 35};
/** ... of which these are made before the network runs. */
const PREPARED_NUMBERS = 5;
/** ... and for the labels of both images, for each lane of a voxel: where they were told, and at every coarser resolution. */
const LABEL_NUMBERS = 2.3;
const NUMBER_BYTES = 4;

/**
 * Memory that a registration takes at least, from headers and sizes alone, before anything is allocated.
 *
 * @param options.limit - Bytes that there are.
 * @returns Bytes.
 * @throws {HypermorphError} E_MEMORY that names the fixed image, the network's grid and both amounts.
 */
export function estimateRegistration(
  {fixed, moving}: {readonly fixed: PlacedImage; readonly moving: PlacedImage},
  options: {
    /** Null: no network. */
    readonly architecture: Architecture | null;
    /** Whether the pair is refined. */
    readonly refines: boolean;
    readonly network: NetworkGrid;
    readonly limit: number;
  },
): number {
  const {architecture, network, refines, limit} = options;
  const voxels = countVoxels(fixed.shape);
  const images = NUMBER_BYTES * (FIXED_NUMBERS * voxels + countVoxels(moving.shape));
  const onNetwork = countVoxels(network.shape);
  const prepared = refines ? NUMBER_BYTES * PREPARED_NUMBERS * voxels : 0;
  const predicting =
    architecture === null ? 0 : prepared + predictionBytes(architecture, onNetwork);
  const numbers = voxels > MOST_VELOCITY_VOXELS ? REFINED_NUMBERS.half : REFINED_NUMBERS.whole;
  const lanes = lanesFor(architecture?.labeller?.labels ?? 0);
  const compared = LABEL_NUMBERS * lanes * Math.min(voxels, onNetwork);
  const refining = refines ? NUMBER_BYTES * (numbers * voxels + compared) : 0;
  const bytes = images + Math.max(predicting, refining);
  const extents = fixed.affine.spacing.map((mm, axis) =>
    Number((mm * fixed.shape[axis]).toPrecision(3)),
  );
  const what = `${fixed.name}: a registration on the network grid of ${network.shape.join('x')} voxels (the field of view is ${extents.join(' x ')} mm)`;
  const hint =
    'Crop the image to what is to be registered, take a model of a coarser grid, or, where that is no size of a body, write the header with lengths in millimetres.';
  requireMemory({bytes, what, hint}, limit);
  return bytes;
}
