import * as tf from '@tensorflow/tfjs-core';
import {Affine} from '../../geometry/affine.js';
import type {Grid} from '../../geometry/grid.js';
import {mapTriple} from '../../geometry/triple.js';
import type {KernelRunner} from '../../kernels/voxel-operation.js';
import {overlaps} from '../../ops/overlaps.js';
import {halfShape, lanesFor} from '../../optimisers/refinement/level.js';
import {SAMPLE_MEMBERSHIPS} from '../../optimisers/refinement/operations.js';
import {LEAST_OVERLAP, type PredictedLabels} from '../label-pair.js';
import type {PreparedPair} from '../prepare.js';
import type {PairLabels} from './pair.js';

/** What a labeller told of a pair. */
export interface ToldOfPair {
  readonly pair: PreparedPair;
  /** Null without a labeller. */
  readonly labels: PredictedLabels | null;
}

/** How the labels of both images go together as the images are aligned. */
export interface LabelSummary {
  readonly count: number;
  /** Mean over labels of 2 sum(fm) / sum(f + m). */
  readonly overlap: number;
  /** Whether they take part in the refinement. */
  readonly areUsed: boolean;
}

/** Share of what a labeller tells, where its model does not say. */
const USUAL_LABEL_WEIGHT = 0.5;
/** What a labeller told of both images, where they are refined: as fine as it told it, on the fixed grid or on halves of that. */
export function labelsOnFixedGrid(
  {pair, labels}: ToldOfPair,
  engine: KernelRunner,
): PairLabels | null {
  if (labels === null) return null;
  const {count, grid} = labels;
  const {shape, affine} = halvedTowards(grid, pair.geometry.fixed);
  const toGrid = Affine.compose(grid.affine.inverse(), affine);
  const onto = (memberships: Float32Array) => {
    const maps = {memberships, labels: count, shape: grid.shape};
    return engine.run(SAMPLE_MEMBERSHIPS, maps, toGrid, shape);
  };
  return {
    ...{shape, count},
    fixed: onto(labels.fixed),
    moving: onto(labels.moving),
    weight: pair.model.labelWeight ?? USUAL_LABEL_WEIGHT,
  };
}

/** A grid halved until its voxels are as large as those of another, or it would have fewer than two along an axis. */
function halvedTowards(coarse: Grid, fine: Grid): Grid {
  const sizeOf = ({affine}: Grid) => Math.cbrt(affine.spacing.reduce((all, size) => all * size, 1));
  const canHalve = ({shape}: Grid) => shape.every((length) => length === 1 || length >= 4);
  let grid = fine;
  for (let n = Math.round(Math.log2(sizeOf(coarse) / sizeOf(fine))); n > 0 && canHalve(grid); n--) {
    const factors = mapTriple(grid.shape, (length) => (length > 1 ? 2 : 1));
    const toFine = Affine.scaling(factors).withOffset(mapTriple(factors, (f) => (f - 1) / 2));
    grid = {shape: halfShape(grid.shape), affine: Affine.compose(grid.affine, toFine)};
  }
  return grid;
}

/** Whether the labels are good for anything. */
export function summariseLabels({count, fixed, moving}: PairLabels): LabelSummary {
  const lanes = lanesFor(count);
  const [overlap] = tf.tidy(() => {
    const maps = [fixed, moving].map((map) => tf.tensor(map, [1, map.length / lanes, lanes]));
    return tf.div(tf.sum(overlaps(maps[0], maps[1])), count).dataSync();
  });
  return {count, overlap, areUsed: overlap >= LEAST_OVERLAP};
}
