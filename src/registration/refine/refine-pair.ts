import type {KernelRunner} from '../../kernels/voxel-operation.js';
import type {Triple} from '../../geometry/triple.js';
import {DOUBLE_FIELD} from '../../optimisers/refinement/operations.js';
import {deformedAnswer, type Answer} from '../answers.js';
import {integrationOf} from '../deform.js';
import {onNetwork} from '../geometry.js';
import type {ToldLabels} from '../label-pair.js';
import type {PreparedPair} from '../prepare.js';
import {displacementOn} from '../../transforms/apply.js';
import {displacementTransform} from '../../transforms/transform.js';
import {inTensorOrder, inVoxels} from '../../transforms/vector-field.js';
import {integrate, velocityOnNetworkGrid, type Deformation} from '../velocity.js';
import {contrastOf, type Contrast} from './contrast.js';
import {imagesOf, onFixedGrid} from './images.js';
import {fromPadded, isPlane, standingAxes, toPadded} from './padded.js';
import {halvedTowards, voxelEdge} from './halved.js';
import type {RefinedVelocity, RefinementPair, RefinementStart} from './pair.js';
import {SHORTEST_AXIS} from './plan-levels.js';
import {sharpened} from './sharpen.js';
import {isKnownPair, type LabelSummary} from './told-labels.js';
import type {RefinementRecord} from './refine-level.js';
import {refineVelocity, type RefineOptions} from './refine-velocity.js';

/** What a network made of a pair. */
export interface FoundByNetwork {
  readonly pair: PreparedPair;
  readonly deformation: Deformation;
}

/** A pair on the fixed image's own grid. */
export interface RefinablePair {
  readonly pair: PreparedPair;
  /** Sharpened, unless their contrasts are mixed. */
  readonly images: RefinementPair;
  readonly contrast: Contrast;
}

/** Bring a pair to where it is refined. */
export function refinable(prepared: PreparedPair, engine: KernelRunner): RefinablePair {
  const pair = onFixedGrid(prepared);
  const placed = imagesOf(pair, engine, 'cubic');
  const contrast = contrastOf(placed, engine);
  return {pair, contrast, images: contrast.isMixed ? placed : sharpened(placed, engine)};
}

/** How a pair is refined. */
export type PairRefinement = Pick<RefineOptions, 'lambda' | 'iterations'>;

export interface RefinedPair {
  readonly answer: Answer;
  readonly contrast: Contrast;
  /** What was done at each resolution, from coarse to fine. */
  readonly levels: readonly RefinementRecord[];
  /** What became of the labels that a labeller told; null where none was asked. */
  readonly labels: LabelSummary | null;
}

/**
 * Where contrasts are mixed, the smoothness counts this many times: likeness within a window is then weak evidence, and with less smoothness
 * it was measured to lead away from what an affine has (docs/decisions/019-mixed-contrasts.md).
 */
export const MIXED_SMOOTHNESS = 200;

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
 * whichever is better.
 *
 * @throws {HypermorphError} E_INTERRUPTED, between two steps.
 */
export async function refinePair(
  {pair, images, contrast}: RefinablePair,
  {
    found = null,
    told = null,
    ...options
  }: PairRefinement &
    Pick<RefineOptions, 'signal' | 'onProgress'> & {
      /** Where it begins. */
      readonly found?: FoundByNetwork | null;
      readonly told?: ToldLabels | null;
    },
  engine: KernelRunner,
): Promise<RefinedPair> {
  const {shape} = pair.geometry.network;
  const isClose = told !== null && isKnownPair(told.summary);
  const start = found && {...(await velocityOnFixedGrid(found, engine)), isClose};
  const lambda = contrast.isMixed ? stiffened(options.lambda) : options.lambda;
  const labelled = {...images, labels: told?.summary.areUsed === true ? told.labels : null};
  const {velocity, levels} = await refineVelocity(labelled, {...options, lambda, start, engine});
  const whole = {values: onWholeGrid(velocity, shape, engine), shape: [...shape, 3]};
  const deformation = await integrate(whole, integrationOf(pair, engine));
  return {
    answer: deformedAnswer('refinement', pair, deformation, engine),
    contrast,
    levels,
    labels: told && told.summary,
  };
}

/** Halvings of the fixed grid that every refinement of so many voxels begins with or goes beyond. */
const START_HALVINGS = 3;

/** The velocity that a network found, where the refinement begins: on the fixed grid, or on halves of it that are no coarser than it was found. */
async function velocityOnFixedGrid(
  {pair, deformation}: FoundByNetwork,
  engine: KernelRunner,
): Promise<RefinementStart> {
  const {fixed, network} = pair.geometry;
  const {velocity} = deformation;
  const found = (voxelEdge(network) * network.shape[0]) / velocity.shape[0];
  const edge = Math.min(found, voxelEdge(fixed) * 2 ** START_HALVINGS);
  const grid = halvedTowards(edge, fixed, SHORTEST_AXIS);
  const values = await velocityOnNetworkGrid(velocity, integrationOf(pair, engine));
  const field = displacementOn(displacementTransform(onNetwork(network, values)), grid, engine);
  return {data: inVoxels(inTensorOrder(field)).values, shape: grid.shape};
}

/** A refined velocity on the pair's whole grid, [I, J, K, 3]. */
function onWholeGrid(velocity: RefinedVelocity, shape: Triple, engine: KernelRunner): Float32Array {
  if (velocity.factor === 1) return velocity.data;
  const isFlat = isPlane(shape);
  const upright = standingAxes(shape, isFlat);
  const whole = engine.run(DOUBLE_FIELD, toPadded(velocity, isFlat).data, upright);
  return fromPadded(whole, upright, isFlat).data;
}
