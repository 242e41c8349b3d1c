import * as tf from '@tensorflow/tfjs-core';
import {Affine} from '../geometry/affine.js';
import {boundingSize, countVoxels, middleOf, type Grid} from '../geometry/grid.js';
import {mapTriple, type Triple} from '../geometry/triple.js';
import type {KernelRunner} from '../kernels/voxel-operation.js';
import {sizeMultiple, unetOfLabeller} from '../models/architecture.js';
import {turnedRound} from '../transforms/apply.js';
import {centreOfMass} from './alignment.js';
import type {PairWithNetwork} from './prepare.js';
import type {PairLabels} from './refine/pair.js';
import {
  labelsOnFixedGrid,
  summariseLabels,
  type LabelLanes,
  type LabelSummary,
} from './refine/told-labels.js';
import type {StageLog} from './stages.js';
import type {VelocityNetwork} from './velocity.js';

/** Voxels along each axis of the part that is looked at first. */
const GLIMPSE = 48;
/** Labelling a whole that takes less than this many times longer is not worth a look before. */
const WORTH_A_GLIMPSE = 8;

/** A box of a grid's voxels. */
interface Box {
  readonly first: Triple;
  readonly shape: Triple;
}

/** The labels of both images where the pair is refined, and how they go together. */
export interface ToldLabels {
  readonly labels: PairLabels;
  readonly summary: LabelSummary;
}

/** Share of what a labeller tells, where its model does not say. */
const USUAL_LABEL_WEIGHT = 0.5;

/**
 * What the network's labeller tells of a prepared pair: of the part of the network's grid that the fixed image covers, or, where that is large and
 * it does not recognise what is in the middle of the fixed image, of that middle.
 *
 * @returns Null where nothing is told, as where the network has no labeller.
 * @throws {HypermorphError} E_INTERRUPTED.
 */
export async function labelPair(
  {geometry, model: {network, labelWeight}, conformed}: PairWithNetwork,
  {engine, stages}: {readonly engine: KernelRunner; readonly stages: StageLog},
): Promise<ToldLabels | null> {
  const {labeller} = network.architecture;
  if (labeller === undefined) return null;
  const tell = async (box: Box): Promise<ToldLabels> => {
    // One after the other: what is told of a whole image is large.
    const of = (image: Float32Array) => labelImage(image, {geometry, network, box, engine});
    const [fixed, moving] = [await of(conformed.fixed), await of(conformed.moving)];
    const labels = {
      ...{shape: fixed.shape, count: labeller.labels, fixed: fixed.lanes, moving: moving.lanes},
      weight: labelWeight ?? USUAL_LABEL_WEIGHT,
    };
    return {labels, summary: summariseLabels(labels)};
  };
  return stages.run('label', async () => {
    const covered = boxOfFixed(geometry, sizeMultiple(unetOfLabeller(labeller)));
    if (countVoxels(covered.shape) >= WORTH_A_GLIMPSE * GLIMPSE ** 3) {
      const glimpse = await tell(middleOfImage(conformed.fixed, geometry.network, engine));
      if (!glimpse.summary.areUsed) return glimpse;
    }
    return tell(covered);
  });
}

/** The smallest box, of sizes that a labeller can divide, that holds the fixed image's voxels; its first voxel may lie before them. */
function boxOfFixed({fixed, network}: PairWithNetwork['geometry'], multiple: number): Box {
  const toNetwork = Affine.compose(network.affine.inverse(), fixed.affine);
  const middle = toNetwork.apply(middleOf(fixed.shape));
  const size = boundingSize({shape: fixed.shape, affine: toNetwork});
  const shape = mapTriple(network.shape, (length, axis) => {
    const needed = Math.ceil((size[axis] - ROUNDING) / multiple) * multiple;
    return Math.min(length, Math.max(multiple, needed));
  });
  return {first: firstOf(middle, shape, network.shape), shape};
}

/** Of a voxel: a size that a header gives may be larger by this than what it stands for. */
const ROUNDING = 1e-3;

/** The box about what an image on the network's grid shows. */
function middleOfImage(data: Float32Array, grid: Grid, engine: KernelRunner): Box {
  const centre = centreOfMass({data, ...turnedRound(grid)}, engine);
  const shape = mapTriple(grid.shape, (length) => Math.min(length, GLIMPSE));
  return {first: firstOf(grid.affine.inverse().apply(centre), shape, grid.shape), shape};
}

/** Where a box begins that has its middle at a place, or as near to it as the grid allows. */
function firstOf(middle: Triple, shape: Triple, whole: Triple): Triple {
  return mapTriple(shape, (length, axis) => {
    const first = Math.round(middle[axis] - (length - 1) / 2);
    return Math.min(Math.max(first, 0), whole[axis] - length);
  });
}

/** What the labeller tells of a box of a conformed image, where the pair is refined. */
async function labelImage(
  image: Float32Array,
  {
    geometry,
    network,
    box,
    engine,
  }: Pick<PairWithNetwork, 'geometry'> & {
    readonly network: VelocityNetwork;
    readonly box: Box;
    readonly engine: KernelRunner;
  },
): Promise<LabelLanes> {
  const {dimensions, labeller} = network.architecture;
  const [whole, first, size] = [geometry.network.shape, box.first, box.shape].map((values) =>
    values.slice(0, dimensions),
  );
  const told = tf.tidy(() => {
    const part = tf.slice(tf.tensor(image, whole), first, size);
    return network.predictLogOdds!(tf.reshape(part, [1, ...size, 1]));
  });
  try {
    const logOdds = engine.valuesInPlace?.(told) ?? ((await told.data()) as Float32Array);
    const affine = Affine.compose(geometry.network.affine, Affine.translation(box.first));
    const grid = {shape: box.shape, affine};
    return labelsOnFixedGrid({count: labeller!.labels, grid, logOdds}, geometry.fixed, engine);
  } finally {
    told.dispose();
  }
}
