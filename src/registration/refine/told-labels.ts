import * as tf from '@tensorflow/tfjs-core';
import {Affine} from '../../geometry/affine.js';
import type {Grid} from '../../geometry/grid.js';
import type {Triple} from '../../geometry/triple.js';
import type {KernelRunner} from '../../kernels/voxel-operation.js';
import {overlaps} from '../../ops/overlaps.js';
import {lanesFor} from '../../optimisers/refinement/level.js';
import {SAMPLE_MEMBERSHIPS} from '../../optimisers/refinement/operations.js';
import {halvedTowards, voxelEdge} from './halved.js';
import type {PairLabels} from './pair.js';

/** What a labeller told of one image: log(p_label / p_background), [I, J, K, count] in tensor order. */
interface Told {
  readonly count: number;
  /** Where they lie. */
  readonly grid: Grid;
  readonly logOdds: Float32Array;
}

/** Memberships of one image, as a level wants them. */
export interface LabelLanes {
  readonly shape: Triple;
  /** [shape, lanes]. */
  readonly lanes: Float32Array;
}

/** How the labels of both images go together as the images are aligned. */
export interface LabelSummary {
  readonly count: number;
  /** Mean over labels of 2 sum(fm) / sum(f + m). */
  readonly overlap: number;
  /** Whether they take part in the refinement. */
  readonly areUsed: boolean;
}

/**
 * Labels that overlap less than this as the images are aligned were not recognised: a labeller of brains finds 0.5 and more between two
 * brains, and below 0.2 in chests, spinal cords and crops of a brain.
 */
const LEAST_OVERLAP = 0.3;

/** Labels that overlap so much show a pair such as the model has learned from. */
const KNOWN_OVERLAP = 0.5;

/** Labels have at least so many voxels along every axis. */
const FEWEST_VOXELS = 2;

/** What was told of an image, where it is refined: as fine as it was told, on the fixed grid or on halves of that; [onto, lanes]. */
export function labelsOnFixedGrid(
  {count, grid, logOdds}: Told,
  fixed: Grid,
  engine: KernelRunner,
): LabelLanes {
  const {shape, affine} = halvedTowards(voxelEdge(grid), fixed, FEWEST_VOXELS);
  const toGrid = Affine.compose(grid.affine.inverse(), affine);
  const maps = {logOdds, labels: count, shape: grid.shape};
  return {shape, lanes: engine.run(SAMPLE_MEMBERSHIPS, maps, toGrid, shape)};
}

/** Whether the labels are good for anything. */
export function summariseLabels({
  count,
  fixed,
  moving,
}: Pick<PairLabels, 'count' | 'fixed' | 'moving'>): LabelSummary {
  const lanes = lanesFor(count);
  const [overlap] = tf.tidy(() => {
    const maps = [fixed, moving].map((map) => tf.tensor(map, [1, map.length / lanes, lanes]));
    return tf.div(tf.sum(overlaps(maps[0], maps[1])), count).dataSync();
  });
  return {count, overlap, areUsed: overlap >= LEAST_OVERLAP};
}

/**
 * Whether a model has learned from such pairs: then the answer of its network is right but for what is finer, and a refinement's coarse stages
 * would only do again what it has done (docs/decisions/029-what-a-network-leaves-to-do.md).
 */
export function isKnownPair({overlap}: LabelSummary): boolean {
  return overlap >= KNOWN_OVERLAP;
}
