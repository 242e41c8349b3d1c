import {countVoxels} from '../../geometry/grid.js';
import type {Triple} from '../../geometry/triple.js';
import type {KernelRunner} from '../../kernels/voxel-operation.js';
import {
  halfShape,
  isSameShape,
  lanesFor,
  type LevelLabels,
} from '../../optimisers/refinement/level.js';
import {HALVE} from '../../optimisers/refinement/operations.js';
import {halvedImages, type LevelImages} from './halved.js';
import type {PairLabels} from './pair.js';
import type {LevelPlan} from './plan-levels.js';

/**
 * The labels of a pair for each stage of a plan: on the grid of its velocity, or on half of that where they are no finer; null where they are
 * coarser still.
 *
 * Labels that were told coarser than a stage's images know less of where an edge is: they count as many times less as they have fewer voxels.
 */
export function labelsOfLevels(
  labels: PairLabels | null,
  images: readonly LevelImages[],
  plan: readonly LevelPlan[],
  engine: KernelRunner,
): readonly (LevelLabels | null)[] {
  if (labels === null) return plan.map(() => null);
  const pyramid = labelPyramid(labels, images, plan, engine);
  const on = (shape: Triple) => pyramid.find((level) => isSameShape(level.shape, shape));
  return plan.map(({velocityShape, halvings}) => {
    const found = on(velocityShape) ?? on(halfShape(velocityShape));
    if (found === undefined) return null;
    const share = countVoxels(labels.shape) / countVoxels(images[halvings].shape);
    return {...found, weight: labels.weight * Math.min(1, share)};
  });
}

/** The labels and their halves down to the coarsest velocity, each with the masks of the images there. */
function labelPyramid(
  labels: PairLabels,
  images: readonly LevelImages[],
  plan: readonly LevelPlan[],
  engine: KernelRunner,
): LevelLabels[] {
  const [coarsest] = plan;
  const pyramid: LevelLabels[] = [];
  let maps = labels;
  let level = images[0];
  for (let halvings = 0; ; halvings++) {
    if (halvings > 0) level = images[halvings] ?? halvedImages(level, engine);
    const isThere = isSameShape(level.shape, maps.shape);
    const {fixedMask, movingMask} = level;
    if (isThere) pyramid.push({...maps, fixedMask, movingMask});
    if (isSameShape(level.shape, coarsest.velocityShape)) return pyramid;
    if (isThere) maps = halvedLabels(maps, engine);
  }
}

function halvedLabels(labels: PairLabels, engine: KernelRunner): PairLabels {
  const {shape, count, fixed, moving} = labels;
  const halve = (maps: Float32Array) => engine.run(HALVE, maps, shape, lanesFor(count));
  return {...labels, shape: halfShape(shape), fixed: halve(fixed), moving: halve(moving)};
}
