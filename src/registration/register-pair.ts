import type {KernelRunner} from '../kernels/voxel-operation.js';
import type {VoxelArray} from '../kernels/voxels.js';
import type {NetworkGrid} from '../volume/conform.js';
import type {Triple} from '../geometry/triple.js';
import type {Affine} from '../geometry/affine.js';
import type {AlignmentKind, AlignmentSummary} from './align/align-pair.js';
import {alignmentAnswer, deformedAnswer, type Answer} from './answers.js';
import {deform} from './deform.js';
import {labelPair, type ToldLabels} from './label-pair.js';
import {bestOf, judgeAnswers, MIXED_GAIN, type AnswerName, type Judgement} from './judge.js';
import type {ImageInterpolation} from '../transforms/apply.js';
import type {Transform} from '../transforms/transform.js';
import type {OutputKey, PerOutput} from './outputs.js';
import {requirePlacement} from './plan.js';
import {inputWarnings, lostLabelWarnings} from './input-warnings.js';
import {
  hasNetwork,
  preparePair,
  type NamedVolume,
  type PairMasks,
  type PerImage,
  type PreparedPair,
  type RegistrationModel,
} from './prepare.js';
import {
  canRefine,
  MIXED_SMOOTHNESS,
  refinable,
  refinePair,
  type PairRefinement,
  type FoundByNetwork,
  type RefinedPair,
} from './refine/refine-pair.js';
import {gainsByAffine} from './refine/stiff.js';
import type {RefinementProgress} from './refine/refine-velocity.js';
import {isKnownPair} from './refine/told-labels.js';
import {realise, type Measures} from './realise.js';
import {StageLog, type StageOptions, type StageRecord} from './stages.js';
import {qualityOf, type Quality} from './quality.js';
import type {Deformation} from './velocity.js';
import {resultWarnings} from './warnings.js';

export type {NamedVolume, RegistrationModel} from './prepare.js';

export interface RegisterPairOptions extends StageOptions {
  readonly fixed: NamedVolume;
  readonly moving: NamedVolume;
  readonly model: RegistrationModel;
  readonly engine: KernelRunner;
  /** One value per hyperparameter of the model, lambda first; empty for a model without any. */
  readonly hyperparameters: readonly number[];
  /** Fixed points -> moving points, RAS mm, or how to find them before anything deforms; `headers` unless told. */
  readonly affine?: AlignmentKind | Affine;
  /**
   * Optimise the velocity on the pair itself, where the fixed image has 4 voxels or more along every axis (but the third of a
   * slice); null: do not.
   */
  readonly refine?: PairRefinement | null;
  /**
   * Which answer counts: the last one (of alignment, network and refinement those that were made), or the one that fits best by the
   * judge; the last unless told.
   */
  readonly keep?: 'best' | 'last';
  /** Where the images count when they are aligned, refined and judged. */
  readonly masks?: PairMasks | undefined;
  /** Label maps in the moving image's world, warped with the nearest voxel. */
  readonly labels?: readonly NamedVolume[];
  /** Intensities outside the images, such as the padding of the moved one; measured at their faces where they are not given. */
  readonly background?: PerImage | undefined;
  /** How the moving image is looked up for the moved one; 'linear' unless told. */
  readonly interpolation?: ImageInterpolation | undefined;
  /** What to make beside the moved image. */
  readonly outputs?: readonly OutputKey[];
  /** Make fields of the world although a file does not say where its voxels lie. */
  readonly assumeOrientation?: boolean;
  /** Writes down the stages, where others come before or after them. */
  readonly stages?: StageLog;
  /** Called with everything that was found before most of it is given up, to look at it. */
  readonly onFound?: ((found: FoundAnswers) => void) | undefined;
}

/** The answers of a registration, from simple to elaborate, and the one that counts. */
export interface FoundAnswers {
  readonly pair: PreparedPair;
  readonly answers: readonly Answer[];
  readonly kept: Answer;
  readonly deformation: Deformation;
}

/** Everything in disk order, vectors with the component slowest. */
export interface Registration {
  /** Fixed -> moving. */
  readonly transform: Transform;
  /** On the fixed grid. */
  readonly moved: Float32Array;
  /** In the order of `options.labels`, each in its own element type, on the fixed grid. */
  readonly labels: readonly VoxelArray[];
  /** What was asked for, on the grids and in the units that the table of outputs says. */
  readonly outputs: PerOutput<Float32Array>;
  readonly network: NetworkGrid;
  readonly summary: RegistrationSummary;
}

export type RefinementSummary = Pick<RefinedPair, 'contrast' | 'levels' | 'labels'>;

export interface RegistrationSummary extends Measures {
  /** Share of the smaller field of view that both images cover, 0 to 1. */
  readonly overlap: number;
  /** What brought the images together before anything deformed. */
  readonly affine: AlignmentSummary;
  readonly networkShape: Triple;
  /** Which answer was kept, and how well each one fits; no judgements where the last one is kept anyway. */
  readonly answer: {readonly kept: AnswerName; readonly judgements: readonly Judgement[]};
  readonly quality: Quality;
  /** How the contrasts go together, and what the refinement did at each resolution, from coarse to fine; null without one. */
  readonly refinement: RefinementSummary | null;
  readonly stages: readonly StageRecord[];
  readonly warnings: readonly string[];
}

/**
 * Register a moving image to a fixed one.
 *
 * The two are conformed to the network's grid; the network's velocity is integrated; and the original moving image is sampled
 * once through the composed map from fixed voxels to moving voxels.
 *
 * @throws {HypermorphError} E_GRID if a world-space field is asked for and an orientation is unknown; errors of `preparePair`
 *   and `deform`; E_INTERRUPTED.
 * @example
 * import {openModel, readImage, registerPair, startEngine} from 'hypermorph';
 * const engine = await startEngine({engine: 'javascript'});
 * const model = await openModel('model.safetensors');
 * const fixed = {...(await readImage('fixed.nii.gz')), name: 'fixed'};
 * const moving = {...(await readImage('moving.nii.gz')), name: 'moving'};
 * const {moved} = await registerPair({fixed, moving, model, engine, hyperparameters: [0.3]});
 * moved.length; // 990
 * model.dispose();
 */
export async function registerPair(options: RegisterPairOptions): Promise<Registration> {
  const {fixed, moving, model, engine, affine = 'headers'} = options;
  const {labels = [], outputs = [], stages = new StageLog(options)} = options;
  const wanted = {labels, outputs, interpolation: options.interpolation ?? 'linear'};
  const tools = {engine, stages};
  if (options.assumeOrientation !== true) requirePlacement([fixed, moving, ...labels], outputs);
  const prepared = await preparePair({fixed, moving}, model, {...options, affine, ...tools});
  const pair = await settleAffine(prepared, options, tools);
  const {refinement, warnings, ...found} = await findAnswers(pair, options, tools);
  const {answers} = found;
  const isMixed = refinement?.contrast.isMixed ?? false;
  const {kept, judgements} = await keepAnswer({...found, isMixed}, options, tools);
  const deformation = kept.deformation();
  const {onFound} = options;
  if (onFound) await stages.run('draw', () => onFound({pair, answers, kept, deformation}));
  const {measures, ...made} = await realise(kept.pair, deformation, wanted, tools);

  const {network} = kept.pair.geometry;
  const [alignment = null] = judgements;
  const information = pair.affine.similarity?.after ?? null;
  return {
    ...made,
    network,
    summary: {
      ...measures,
      overlap: pair.overlap,
      affine: pair.affine,
      networkShape: pair.geometry.network.shape,
      answer: {kept: kept.answer, judgements},
      quality: qualityOf({...measures, overlap: pair.overlap, alignment, information}),
      refinement,
      stages: stages.records,
      warnings: [
        ...inputWarnings({fixed, moving, labels}, pair.geometry.network),
        ...pair.warnings,
        ...warnings,
        ...labels.flatMap((label, n) => lostLabelWarnings(label, made.labels[n])),
        ...resultWarnings({...measures, isPredicted: kept.answer === 'network'}, network),
      ],
    },
  };
}

/** The pair without its affine, by the headers, where a refinement reaches as much from there; an affine that was asked for stays. */
async function settleAffine(
  pair: PreparedPair,
  options: RegisterPairOptions,
  {engine, stages}: Tools,
): Promise<PreparedPair> {
  const {refine = null, signal, model, fixed, moving} = options;
  const {asked, found, reasons} = pair.affine;
  if (asked !== 'auto' || found !== 'affine' || refine === null) return pair;
  return stages.run('settle', async () => {
    if (await gainsByAffine(pair, {engine, signal})) return pair;
    const byHeaders = await preparePair({fixed, moving}, model, {
      ...{...options, affine: 'headers', engine, stages: new StageLog()},
    });
    const why =
      'No affine is kept: from the headers, a stiff deformation makes the images as alike with less strain.';
    const {matrix} = byHeaders.affine;
    const affine = {...pair.affine, found: 'headers', matrix, reasons: [...reasons, why]} as const;
    return {...byHeaders, affine, warnings: pair.warnings};
  });
}

interface Tools {
  readonly engine: KernelRunner;
  readonly stages: StageLog;
}

/** Everything that was asked for, from simple to elaborate. */
async function findAnswers(
  pair: PreparedPair,
  {hyperparameters, refine = null, signal}: RegisterPairOptions,
  tools: Tools,
) {
  const {engine, stages} = tools;
  const isRefined = refine !== null && canRefine(pair.fixed.shape);
  const images = isRefined ? await stages.run('prepare', () => refinable(pair, engine)) : null;
  const answers = [alignmentAnswer(pair)];
  let found: FoundByNetwork | null = null;
  let told: ToldLabels | null = null;
  // A network and its labels know one contrast only: they would be of no use.
  if (hasNetwork(pair) && images?.contrast.isMixed !== true) {
    const deformation = await deform(pair, hyperparameters, tools);
    found = {pair, deformation};
    if (images !== null) told = await labelPair(pair, tools);
    answers.push(deformedAnswer('network', pair, found.deformation, engine));
  }
  if (refine === null) return {answers, judgements: [], refinement: null, warnings: []};
  if (images === null) {
    const size = pair.fixed.shape.join('x');
    const warning = `${pair.fixed.name}: not refined, because an image must have at least 4 voxels along every axis for that, got ${size}.`;
    return {answers, judgements: [], refinement: null, warnings: [warning]};
  }
  // What the network ran in; a refinement needs more, and nothing of it.
  engine.releaseMemory?.();
  const {judgements, answer, ...refinement} = await stages.run('refine', async (tell) => {
    const judged = found === null ? [] : judgeAnswers(pair, answers, {engine, isMixed: false});
    // A network that leads astray is no place to begin; one that knows what it sees does not, whatever likeness says of a brain in a head.
    const isTrusted = (told !== null && isKnownPair(told.summary)) || bestOf(judged) > 0;
    const start = isTrusted ? found : null;
    const onProgress = ({level, levels: all, iteration, iterations}: RefinementProgress) =>
      tell((level + iteration / iterations) / all);
    const options = {...refine, found: start, told, signal, onProgress};
    return {judgements: judged, ...(await refinePair(images, options, engine))};
  });
  const {isMixed} = refinement.contrast;
  const warnings = isMixed ? [mixedWarning(pair.moving.name)] : [];
  return {answers: [...answers, answer], judgements, refinement, warnings};
}

function mixedWarning(moving: string): string {
  return `${moving}: its contrast is another one, neither that of the fixed image nor its opposite, so no network is used, the refinement's smoothness counts ${MIXED_SMOOTHNESS} times as much, and it is the best answer only if it gains ${(100 * MIXED_GAIN).toFixed(1)} % of mutual information, too.`;
}

/** The answer that counts. */
async function keepAnswer(
  {
    answers,
    judgements: known,
    isMixed,
  }: {
    readonly answers: readonly Answer[];
    readonly judgements: readonly Judgement[];
    readonly isMixed: boolean;
  },
  {keep = 'last'}: RegisterPairOptions,
  {engine, stages}: Tools,
): Promise<{readonly kept: Answer; readonly judgements: readonly Judgement[]}> {
  const last = answers[answers.length - 1];
  if (keep === 'last') return {kept: last, judgements: []};
  return stages.run('judge', () => {
    const others = answers.slice(known.length);
    const judgements = [...known, ...judgeAnswers(last.pair, others, {engine, isMixed})];
    return {kept: answers[bestOf(judgements)], judgements};
  });
}
