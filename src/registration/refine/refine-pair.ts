import type {KernelRunner} from '../../kernels/voxel-operation.js';
import {Affine} from '../../geometry/affine.js';
import type {Triple} from '../../geometry/triple.js';
import {SAMPLE_GRID} from '../../kernels/sampling.js';
import type {LevelLabels} from '../../optimisers/refinement/level.js';
import {DOUBLE_FIELD} from '../../optimisers/refinement/operations.js';
import {deformedAnswer, type Answer} from '../answers.js';
import {integrationOf} from '../deform.js';
import {onNetwork} from '../geometry.js';
import type {PreparedPair} from '../prepare.js';
import {displacementOn} from '../../transforms/apply.js';
import {displacementTransform} from '../../transforms/transform.js';
import {inDiskOrder, inTensorOrder, inVoxels} from '../../transforms/vector-field.js';
import {
  integrate,
  velocityOnNetworkGrid,
  type Deformation,
  type PredictedLabels,
} from '../velocity.js';
import {contrastOf, type Contrast} from './contrast.js';
import {imagesOf, onFixedGrid} from './images.js';
import {fromPadded, isPlane, toPadded} from './padded.js';
import type {RefinedVelocity} from './pair.js';
import {refineVelocity, type RefineOptions, type RefinementRecord} from './refine-velocity.js';

/** What a network made of a pair. */
export interface FoundByNetwork {
  readonly pair: PreparedPair;
  readonly deformation: Deformation;
  /** What its labeller tells of both images, on the network's grid; null without one. */
  readonly labels: PredictedLabels | null;
}

/** How a pair is refined. */
export type PairRefinement = Pick<RefineOptions, 'lambda' | 'iterations'>;

export interface RefinedPair {
  readonly answer: Answer;
  readonly contrast: Contrast;
  /** What was done at each resolution, from coarse to fine. */
  readonly levels: readonly RefinementRecord[];
}

/**
 * Where contrasts are mixed, the smoothness counts this many times: likeness within a window is then weak evidence, and with less smoothness
 * it was measured to lead away from what an affine has (docs/decisions/019-mixed-contrasts.md).
 */
export const MIXED_SMOOTHNESS = 100;

/** Share of what a labeller tells, where its model does not say. */
const USUAL_LABEL_WEIGHT = 0.5;

/** The lambda at which the smoothness counts so many times more beside the similarity. */
function stiffened(lambda: number): number {
  const smoothness = MIXED_SMOOTHNESS * lambda;
  return smoothness / (1 - lambda + smoothness);
}

/** Whether an image can be refined: a volume, or a slice across its third axis, of at least 4 voxels along every other one. */
export function canRefine(shape: Triple): boolean {
  const axes = isPlane(shape) ? shape.slice(0, 2) : shape;
  return axes.every((length) => length >= 4);
}

/**
 * Optimise the velocity on the pair itself, on the fixed image's own grid, from what a network found or from no displacement,
 * whichever is better; where contrasts are mixed, from no displacement.
 *
 * @throws {HypermorphError} E_INTERRUPTED, between two steps.
 */
export async function refinePair(
  prepared: PreparedPair,
  {
    found = null,
    ...options
  }: PairRefinement &
    Pick<RefineOptions, 'signal' | 'onProgress'> & {readonly found?: FoundByNetwork | null},
  engine: KernelRunner,
): Promise<RefinedPair> {
  const pair = onFixedGrid(prepared);
  const {shape} = pair.geometry.network;
  const images = imagesOf(pair, engine);
  const contrast = contrastOf(images, engine);
  const start = found && !contrast.isMixed ? await velocityOnFixedGrid(found, engine) : null;
  const lambda = contrast.isMixed ? stiffened(options.lambda) : options.lambda;
  const labels = found && !contrast.isMixed ? labelsOnFixedGrid(found, engine) : null;
  const labelled = {...images, labels};
  const {velocity, levels} = await refineVelocity(labelled, {...options, lambda, start, engine});
  const whole = {values: onWholeGrid(velocity, shape, engine), shape: [...shape, 3]};
  const deformation = await integrate(whole, integrationOf(pair, engine));
  return {answer: deformedAnswer('refinement', pair, deformation, engine), contrast, levels};
}

/** The velocity that a network found, where the refinement begins. */
async function velocityOnFixedGrid(
  {pair, deformation}: FoundByNetwork,
  engine: KernelRunner,
): Promise<RefinedVelocity> {
  const {fixed, network} = pair.geometry;
  const values = await velocityOnNetworkGrid(deformation.velocity, integrationOf(pair, engine));
  const field = displacementOn(displacementTransform(onNetwork(network, values)), fixed, engine);
  return {data: inVoxels(inTensorOrder(field)).values, shape: fixed.shape, factor: 1};
}

/** What a labeller told of both images, where they are refined. */
function labelsOnFixedGrid(
  {pair, labels}: FoundByNetwork,
  engine: KernelRunner,
): LevelLabels | null {
  if (labels === null) return null;
  const {fixed, network} = pair.geometry;
  const toNetwork = Affine.compose(network.affine.inverse(), fixed.affine);
  const onFixed = (map: Float32Array) =>
    engine.run(
      SAMPLE_GRID,
      {shape: network.shape, data: inDiskOrder(map, network)},
      toNetwork,
      fixed.shape,
      {interpolation: 'linear', outside: 0},
    );
  return {
    fixed: labels.fixed.map(onFixed),
    moving: labels.moving.map(onFixed),
    weight: pair.model.labelWeight ?? USUAL_LABEL_WEIGHT,
  };
}

/** A refined velocity on the pair's whole grid, [I, J, K, 3]. */
function onWholeGrid(velocity: RefinedVelocity, shape: Triple, engine: KernelRunner): Float32Array {
  if (velocity.factor === 1) return velocity.data;
  const isFlat = isPlane(shape);
  const [i, j, k] = shape;
  const upright: Triple = isFlat ? [k, i, j] : shape;
  const whole = engine.run(DOUBLE_FIELD, toPadded(velocity, isFlat).data, upright);
  return fromPadded(whole, upright, isFlat).data;
}
