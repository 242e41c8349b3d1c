import * as tf from '@tensorflow/tfjs-core';
import {Affine} from '../geometry/affine.js';
import {countVoxels, type Grid} from '../geometry/grid.js';
import {mapTriple, type Triple} from '../geometry/triple.js';
import type {Labeller} from '../models/architecture.js';
import {overlaps} from '../ops/overlaps.js';
import type {ConformedImages, PairWithNetwork} from './prepare.js';
import type {StageLog} from './stages.js';
import type {VelocityNetwork} from './velocity.js';

/** What a labeller told of both images: memberships, [I, J, K, 1 + count] in tensor order, the background first. */
export interface PredictedLabels {
  readonly count: number;
  /** Where they lie. */
  readonly grid: Grid;
  readonly fixed: Float32Array;
  readonly moving: Float32Array;
}

/**
 * Labels that overlap less than this as the images are aligned were not recognised: a labeller of brains finds 0.5 and more between two
 * brains, and below 0.2 in chests, spinal cords and crops of a brain.
 */
export const LEAST_OVERLAP = 0.3;

/** Voxels along each axis of the part that is looked at first. */
const GLIMPSE = 48;
/** Labelling a whole that takes less than this many times longer is not worth a look before. */
const WORTH_A_GLIMPSE = 8;

/** A box of a grid's voxels. */
interface Box {
  readonly first: Triple;
  readonly shape: Triple;
}

/**
 * What the network's labeller tells of a prepared pair: of the part of the network's grid that the fixed image covers, or, where that is large and
 * it does not recognise what is in the middle of the fixed image, of that middle.
 *
 * @returns Null where the network has no labeller.
 * @throws {HypermorphError} E_INTERRUPTED.
 */
export async function labelPair(
  {geometry, model: {network}, conformed}: PairWithNetwork,
  stages: StageLog,
): Promise<PredictedLabels | null> {
  const {labeller} = network.architecture;
  if (labeller === undefined) return null;
  return stages.run('label', async () => {
    const grid = geometry.network;
    const covered = boxOfFixed(geometry, sizeMultipleOf(labeller));
    const tell = (box: Box) => predictLabels(network, conformed, {grid, box});
    if (countVoxels(covered.shape) >= WORTH_A_GLIMPSE * GLIMPSE ** 3) {
      const glimpse = await tell(middleOfImage(conformed.fixed, grid.shape));
      if (overlapOf(glimpse) < LEAST_OVERLAP) return glimpse;
    }
    return tell(covered);
  });
}

/** Sizes of images must be multiples of this. */
function sizeMultipleOf({encoder}: Labeller): number {
  return 2 ** encoder.length;
}

/** The smallest box, of sizes that a labeller can divide, that holds the fixed image's voxels; its first voxel may lie before them. */
function boxOfFixed({fixed, network}: PairWithNetwork['geometry'], multiple: number): Box {
  const toNetwork = Affine.compose(network.affine.inverse(), fixed.affine);
  const middle = toNetwork.apply(mapTriple(fixed.shape, (length) => (length - 1) / 2));
  const sides = [0, 1, 2].map((axis) => toNetwork.apply(unit(axis, fixed.shape[axis] / 2)));
  const origin = toNetwork.apply([0, 0, 0]);
  const reach = mapTriple(origin, (at, axis) =>
    sides.reduce((sum, side) => sum + Math.abs(side[axis] - at), 0),
  );
  const shape = mapTriple(network.shape, (length, axis) => {
    const needed = Math.ceil((2 * reach[axis] - ROUNDING) / multiple) * multiple;
    return Math.min(length, Math.max(multiple, needed));
  });
  return {first: firstOf(middle, shape, network.shape), shape};
}

/** Of a voxel: a size that a header gives may be larger by this than what it stands for. */
const ROUNDING = 1e-3;

function unit(axis: number, length: number): Triple {
  return mapTriple([0, 0, 0], (_, other) => (other === axis ? length : 0));
}

/** The box about the centre of mass of an image, [I, J, K] in tensor order. */
function middleOfImage(image: Float32Array, shape: Triple): Box {
  const size = mapTriple(shape, (length) => Math.min(length, GLIMPSE));
  const sums = [0, 0, 0];
  let total = 0;
  let n = 0;
  for (let i = 0; i < shape[0]; i++) {
    for (let j = 0; j < shape[1]; j++) {
      for (let k = 0; k < shape[2]; k++) {
        const value = image[n++];
        total += value;
        sums[0] += value * i;
        sums[1] += value * j;
        sums[2] += value * k;
      }
    }
  }
  const middle = mapTriple(shape, (length, axis) =>
    total > 0 ? sums[axis] / total : (length - 1) / 2,
  );
  return {first: firstOf(middle, size, shape), shape: size};
}

/** Where a box begins that has its middle at a place, or as near to it as the grid allows. */
function firstOf(middle: Triple, shape: Triple, whole: Triple): Triple {
  return mapTriple(shape, (length, axis) => {
    const first = Math.round(middle[axis] - (length - 1) / 2);
    return Math.min(Math.max(first, 0), whole[axis] - length);
  });
}

/** Run the labeller on a box of two conformed images. */
async function predictLabels(
  network: VelocityNetwork,
  images: ConformedImages,
  {grid, box}: {readonly grid: Grid; readonly box: Box},
): Promise<PredictedLabels> {
  const {labeller, dimensions} = network.architecture;
  const [whole, first, size] = [grid.shape, box.first, box.shape].map((values) =>
    values.slice(0, dimensions),
  );
  const labelsOf = async (image: Float32Array) => {
    const memberships = tf.tidy(() => {
      const part = tf.slice(tf.tensor(image, whole), first, size);
      return network.predictLabels!(tf.reshape(part, [1, ...size, 1]));
    });
    const values = (await memberships.data()) as Float32Array;
    memberships.dispose();
    return values;
  };
  return {
    count: labeller!.labels,
    grid: {shape: box.shape, affine: Affine.compose(grid.affine, Affine.translation(box.first))},
    fixed: await labelsOf(images.fixed),
    moving: await labelsOf(images.moving),
  };
}

/** Mean over labels of 2 sum(fm) / sum(f + m). */
function overlapOf({count, fixed, moving}: PredictedLabels): number {
  return tf.tidy(() => {
    const maps = [fixed, moving].map((map) =>
      tf.tensor(map, [1, map.length / (1 + count), 1 + count]),
    );
    const [, ...ofLabels] = overlaps(maps[0], maps[1]).dataSync();
    return ofLabels.reduce((sum, overlap) => sum + overlap, 0) / count;
  });
}
