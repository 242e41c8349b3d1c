import type {KernelRunner} from '../kernels/voxel-operation.js';
import type {VoxelArray} from '../kernels/voxels.js';
import type {NetworkGrid} from '../volume/conform.js';
import type {Triple} from '../geometry/triple.js';
import type {Affine} from '../geometry/affine.js';
import type {AlignmentKind, AlignmentSummary} from './align/align-pair.js';
import {deform} from './deform.js';
import type {Transform} from '../transforms/transform.js';
import type {OutputKey, PerOutput} from './outputs.js';
import {requirePlacement} from './plan.js';
import {inputWarnings, lostLabelWarnings} from './input-warnings.js';
import {preparePair, type NamedVolume, type PerImage, type RegistrationModel} from './prepare.js';
import {
  canRefine,
  refinePair,
  type Answer,
  type PairRefinement,
  type RefinementSummary,
} from './refine/refine-pair.js';
import {realise, type Measures} from './realise.js';
import {StageLog, type StageOptions, type StageRecord} from './stages.js';
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
   * Optimise the velocity on the pair itself after the network, where the fixed image has 4 voxels or more along
   * every axis (but the third of a slice); null: do not.
   */
  readonly refine?: PairRefinement | null;
  /** Label maps in the moving image's world, warped with the nearest voxel. */
  readonly labels?: readonly NamedVolume[];
  /** Intensities outside the images, such as the padding of the moved one; measured at their faces where they are not given. */
  readonly background?: PerImage | undefined;
  /** What to make beside the moved image. */
  readonly outputs?: readonly OutputKey[];
  /** Make fields of the world although a file does not say where its voxels lie. */
  readonly assumeOrientation?: boolean;
  /** Writes down the stages, where others come before or after them. */
  readonly stages?: StageLog;
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

export interface RegistrationSummary extends Measures {
  /** Share of the smaller field of view that both images cover, 0 to 1. */
  readonly overlap: number;
  /** What brought the images together before anything deformed. */
  readonly affine: AlignmentSummary;
  readonly networkShape: Triple;
  /** What was chosen and why; null without a refinement. */
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
  const {fixed, moving, model, hyperparameters, engine, affine = 'headers'} = options;
  const {labels = [], outputs = [], stages = new StageLog(options)} = options;
  const tools = {engine, stages};
  if (options.assumeOrientation !== true) requirePlacement([fixed, moving, ...labels], outputs);
  const pair = await preparePair({fixed, moving}, model, {
    ...{affine, background: options.background, signal: options.signal},
    ...tools,
  });
  const predicted = {pair, deformation: await deform(pair, hyperparameters, tools)};
  const refined = await refineWhereAsked(predicted, options, tools);
  const answer = refined ?? predicted;
  const {measures, ...made} = await realise(
    answer.pair,
    answer.deformation,
    {labels, outputs},
    tools,
  );

  const {network} = answer.pair.geometry;
  return {
    ...made,
    network,
    summary: {
      ...measures,
      overlap: pair.overlap,
      affine: pair.affine,
      networkShape: pair.geometry.network.shape,
      refinement: refined?.summary ?? null,
      stages: stages.records,
      warnings: [
        ...inputWarnings({fixed, moving, labels}, network),
        ...pair.warnings,
        ...labels.flatMap((label, n) => lostLabelWarnings(label, made.labels[n])),
        ...resultWarnings(measures, network),
      ],
    },
  };
}

async function refineWhereAsked(
  predicted: Answer,
  {refine, signal}: RegisterPairOptions,
  tools: {readonly engine: KernelRunner; readonly stages: StageLog},
) {
  if (!refine || !canRefine(predicted.pair.fixed.shape)) return null;
  return refinePair(predicted, {...refine, signal}, tools);
}
