import {SAMPLE_GRID} from '../../kernels/sampling.js';
import {FILL_MISSING} from '../../kernels/intensities.js';
import type {KernelRunner} from '../../kernels/voxel-operation.js';
import type {Triple} from '../../geometry/triple.js';
import {DOUBLE_FIELD, OPEN_LEVEL} from '../../optimisers/refinement/operations.js';
import {sample} from '../../transforms/apply.js';
import {affineTransform} from '../../transforms/transform.js';
import {conformImage} from '../../volume/conform.js';
import {normaliseInPlace} from '../../volume/intensity.js';
import {integrationOf} from '../deform.js';
import {forwardTransform, networkToFixed, networkToMoving} from '../geometry.js';
import {measureJacobian} from '../measures.js';
import type {PreparedPair} from '../prepare.js';
import type {StageLog} from '../stages.js';
import {integrate, type Deformation} from '../velocity.js';
import {fromPadded, isPlane, toPadded} from './padded.js';
import type {RefinedVelocity} from './pair.js';
import {refineVelocity, type RefineOptions, type RefinementRecord} from './refine-velocity.js';

/** A pair and how its images are laid onto each other. */
export interface Answer {
  readonly pair: PreparedPair;
  readonly deformation: Deformation;
}

/** What a registration may end with, from simple to elaborate. */
export type AnswerName = 'alignment' | 'network' | 'refinement';

/** How well one answer fits, on the fixed grid. */
export interface Judgement {
  readonly answer: AnswerName;
  /** Mean squared local correlation where both images are; a voxel that leaves the moving image adds 0. */
  readonly similarity: number;
  readonly foldingFraction: number | null;
}

/** What was chosen and why. */
export interface RefinementSummary {
  readonly kept: AnswerName;
  readonly judgements: readonly Judgement[];
  /** What the refinement did at each resolution, from coarse to fine. */
  readonly levels: readonly RefinementRecord[];
}

/** How a pair is refined after the network. */
export type PairRefinement = Pick<RefineOptions, 'lambda' | 'iterations'>;

export interface RefinePairTools {
  readonly engine: KernelRunner;
  readonly stages: StageLog;
}

/** A more elaborate answer has to be better by this much: less is what interpolation alone changes. */
const NOTABLE_GAIN = 1e-4;
/** Share of folds above which an answer is none. */
const MOST_FOLDS = 0.005;
/** Windows of the judge, voxels from the centre to the edge, and the deviation that counts as contrast. */
const JUDGE = {radius: 2, deviation: 0.01} as const;
/** Squarings of a refined velocity, as of the networks'. */
const STEPS = 7;

/** Whether an image can be refined: a volume, or a slice across its third axis, of at least 4 voxels along every other one. */
export function canRefine(shape: Triple): boolean {
  const axes = isPlane(shape) ? shape.slice(0, 2) : shape;
  return axes.every((length) => length >= 4);
}

/**
 * Optimise the velocity on the pair itself, on the fixed image's own grid, and keep what fits best: the alignment alone, the network's
 * answer or the refined one.
 *
 * An answer replaces a simpler one if its squared local correlation is larger by more than 1e-4 and no more than 0.5 % of its voxels fold,
 * so that the result is never worse than its start.
 *
 * @param start - The network's answer.
 * @throws {HypermorphError} E_INTERRUPTED, between two steps.
 */
export function refinePair(
  start: Answer,
  options: PairRefinement & {readonly signal?: AbortSignal | undefined},
  {engine, stages}: RefinePairTools,
): Promise<Answer & {readonly summary: RefinementSummary}> {
  return stages.run('refine', async () => {
    const pair = onFixedGrid(start.pair);
    const images = imagesOf(pair, engine);
    const {velocity, levels} = await refineVelocity(images, {...options, engine});
    const answerOf = async (found: RefinedVelocity): Promise<Answer> => ({
      pair,
      deformation: await integrate(onWholeGrid(found, images.shape, engine), {
        ...integrationOf(pair, engine),
      }),
    });
    const answers: readonly (readonly [AnswerName, Answer])[] = [
      ['alignment', await answerOf({...velocity, data: new Float32Array(velocity.data.length)})],
      ['network', start],
      ['refinement', await answerOf(velocity)],
    ];
    const judgements = answers.map(([name, answer]) => judge(name, answer, engine));
    const [kept, answer] = answers[bestOf(judgements)];
    return {...answer, summary: {kept, judgements, levels}};
  });
}

/** The pair with the fixed image's grid in the place of the network's. */
function onFixedGrid(pair: PreparedPair): PreparedPair {
  const {fixed, geometry, model} = pair;
  const {network} = model;
  return {
    ...pair,
    geometry: {
      ...geometry,
      network: {shape: fixed.shape, affine: fixed.affine, isFixedGrid: true},
    },
    model: {
      ...model,
      network: {
        architecture: {
          ...{dimensions: 3, integrationResolution: 1, integrationSteps: STEPS},
          fill: network.architecture.fill,
        },
        predictVelocity: (inputs) => network.predictVelocity(inputs),
      },
    },
  };
}

/** Both images on the fixed grid, as the alignment places them, and where the moving image is. */
function imagesOf({geometry, fixed, moving, scales}: PreparedPair, engine: KernelRunner) {
  const {shape, affine} = geometry.network;
  const toMoving = networkToMoving(geometry);
  const sampled = engine.run(SAMPLE_GRID, moving, toMoving, shape, {
    interpolation: 'linear',
    outside: NaN,
  });
  return {
    shape,
    spacing: affine.spacing,
    fixed: conformImage(fixed, networkToFixed(geometry), {shape, scale: scales.fixed, engine}),
    moving: conformImage(moving, toMoving, {shape, scale: scales.moving, engine}),
    movingMask: presenceOf(sampled),
  };
}

/** 1 where there is a number. */
function presenceOf(values: Float32Array): Float32Array {
  return values.map((value) => (Number.isFinite(value) ? 1 : 0));
}

/** A refined velocity on the pair's whole grid. */
function onWholeGrid(velocity: RefinedVelocity, shape: Triple, engine: KernelRunner) {
  if (velocity.factor === 1) return {values: velocity.data, shape: [...shape, 3]};
  const isFlat = isPlane(shape);
  const [i, j, k] = shape;
  const upright: Triple = isFlat ? [k, i, j] : shape;
  const whole = engine.run(DOUBLE_FIELD, toPadded(velocity, isFlat).data, upright);
  return {values: fromPadded(whole, upright, isFlat).data, shape: [...shape, 3]};
}

function judge(answer: AnswerName, {pair, deformation}: Answer, engine: KernelRunner): Judgement {
  const {fixed, moving, scales, geometry} = pair;
  const transform =
    answer === 'alignment'
      ? affineTransform(geometry.alignment)
      : forwardTransform(geometry, deformation.displacement);
  const moved = sample(moving, transform, fixed, {outside: NaN, engine}).data as Float32Array;
  const still = Float32Array.from(fixed.data);
  const movingMask = presenceOf(moved);
  engine.run(FILL_MISSING, moved, scales.moving.background);
  normaliseInPlace(still, scales.fixed, engine);
  normaliseInPlace(moved, scales.moving, engine);
  const [i, j, k] = fixed.shape;
  const shape: Triple = [k, j, i]; // disk order
  const level = engine.run(OPEN_LEVEL, {
    ...{fixed: still, moving: moved, shape, fixedMask: null, movingMask},
    velocityShape: shape,
    velocity: new Float32Array(4 * i * j * k),
    similarity: 'lncc',
    radius: JUDGE.radius,
    bound: (2 * JUDGE.radius + 1) ** (k > 1 ? 3 : 2) * JUDGE.deviation ** 2,
    similarityWeight: 1,
    roughnessWeights: new Array<number>(9).fill(0),
  });
  const {similarity} = level.iterate(0);
  level.dispose();
  const {foldingFraction} = measureJacobian(deformation.jacobian, geometry, engine);
  return {answer, similarity, foldingFraction};
}

/** Number of the answer to keep; they go from simple to elaborate. */
function bestOf(judgements: readonly Judgement[]): number {
  return judgements.reduce((best, {similarity, foldingFraction}, n) => {
    const isBetter = similarity > judgements[best].similarity + NOTABLE_GAIN;
    return isBetter && (foldingFraction ?? 0) <= MOST_FOLDS ? n : best;
  }, 0);
}
