import type {JacobianMeasure} from '../evaluation/deformation.js';
import {encodeItkWarp} from '../formats/transforms/itk.js';
import {Affine} from '../geometry/affine.js';
import {
  measureDisplacement,
  sample,
  volumeOfTensor,
  type DisplacementMeasure,
  type SampleOptions,
} from '../transforms/apply.js';
import {affineTransform, displacementTransform, type Transform} from '../transforms/transform.js';
import {conformImage, type NetworkGrid, type NetworkGridSpec} from '../volume/conform.js';
import {measureIntensity, type IntensityScale, type Normalisation} from '../volume/intensity.js';
import type {Triple} from '../geometry/triple.js';
import type {Volume, VoxelArray} from '../volume/volume.js';
import type {Outside, VoxelKernels} from '../volume/voxel-kernels.js';
import {alignmentFor, overlapOf, type AlignmentMode} from './alignment.js';
import {
  backwardTransform,
  forwardTransform,
  isOneGrid,
  networkToFixed,
  networkToMoving,
  onNetwork,
  type RegistrationGeometry,
} from './geometry.js';
import {measureJacobian, measureSimilarity, type SimilarityChange} from './measures.js';
import {predictFields, type NetworkFields, type VelocityNetwork} from './network-fields.js';
import {planNetworkGrid, type PlacedImage, type WantedFields} from './plan.js';
import {Stages, type StageOptions, type StageRecord} from './stages.js';
import {placeWarnings, resultWarnings} from './warnings.js';

/** An image with the name under which messages speak of it. */
export interface NamedVolume extends Volume, PlacedImage {}

/** A network and what it expects of images. */
export interface RegistrationModel {
  readonly network: VelocityNetwork;
  readonly grid: NetworkGridSpec;
  readonly normalisation: Normalisation;
}

export interface RegisterPairOptions extends StageOptions {
  readonly fixed: NamedVolume;
  readonly moving: NamedVolume;
  readonly model: RegistrationModel;
  readonly engine: {readonly voxelKernels: VoxelKernels};
  /** One value per hyperparameter of the model, lambda first; empty for a model without any. */
  readonly hyperparameters: readonly number[];
  readonly align?: AlignmentMode;
  /** Label maps in the moving image's world, warped with the nearest voxel. */
  readonly labels?: readonly NamedVolume[];
  readonly outputs?: WantedFields;
  /** Write world-space fields although a file does not say where its voxels lie. */
  readonly assumeOrientation?: boolean;
}

/** Everything in disk order; images and the warp on the fixed grid unless said otherwise. */
export interface Registration {
  readonly moved: Float32Array;
  /** Fixed -> moving. */
  readonly transform: Transform;
  /** Fixed -> moving as a file of ITK's holds it (`encodeItkWarp`), where asked for. */
  readonly warp: Float32Array | null;
  /** Moving -> fixed, likewise, on the moving grid. */
  readonly inverseWarp: Float32Array | null;
  readonly jacobian: Float32Array | null;
  /** Stationary velocity, likewise, on the network grid. */
  readonly velocity: Float32Array | null;
  /** In the order of `options.labels`, each in its own element type. */
  readonly labels: readonly VoxelArray[];
  readonly network: NetworkGrid;
  readonly summary: RegistrationSummary;
}

export interface RegistrationSummary {
  readonly displacement: DisplacementMeasure;
  readonly similarity: SimilarityChange;
  readonly jacobian: JacobianMeasure;
  /** Share of the smaller field of view that both images cover, 0 to 1. */
  readonly overlap: number;
  /** Translation before the network, fixed -> moving, RAS mm. */
  readonly alignmentMm: Triple;
  readonly networkShape: Triple;
  readonly stages: readonly StageRecord[];
  readonly warnings: readonly string[];
}

const STAGES = 6;

/**
 * Register a moving image to a fixed one.
 *
 * The two are conformed to the network's grid; the network's velocity is integrated; and the original moving image is sampled
 * once through the composed map from fixed voxels to moving voxels.
 *
 * @throws {HypermorphError} E_GRID or E_SHAPE as `planNetworkGrid`; E_RANGE if an image has no contrast, or if the network
 *   answers with numbers that are not finite; E_INTERRUPTED.
 */
export async function registerPair(options: RegisterPairOptions): Promise<Registration> {
  const {fixed, moving, model} = options;
  const stages = new Stages(STAGES, options);
  const geometry = await stages.run('align', () => placeGrids(options));
  const conformed = await stages.run('conform', () => conformPair(options, geometry));
  const fields = await stages.run('predict', () =>
    predictFields(model.network, conformed, {
      shape: geometry.network.shape,
      hyperparameters: options.hyperparameters,
      wants: {
        inverse: options.outputs?.inverseWarp === true,
        velocity: options.outputs?.velocity === true,
      },
      kernels: options.engine.voxelKernels,
    }),
  );
  const transform = forwardTransform(geometry, fields.displacement);
  const sampled = await stages.run('sample', () => sampleImages(options, geometry, transform));
  const placed = await stages.run('place', () => placeFields(options, geometry, fields));
  const {alignment, network} = geometry;
  const {engine} = options;
  const kernels = engine.voxelKernels;
  const measures = await stages.run('measure', () => ({
    displacement: measureDisplacement(transform, fixed, {affine: alignment, engine}),
    similarity: measureSimilarity({fixed: fixed.data, ...sampled}, conformed.scales, kernels),
    jacobian: measureJacobian(fields.jacobian, geometry, kernels),
  }));
  kernels.fillMissing(sampled.after, conformed.scales.moving.background);

  const overlap = overlapOf(fixed, moving, alignment);
  const align = options.align ?? 'headers';
  return {
    ...placed,
    transform,
    moved: sampled.after,
    labels: sampled.labels,
    network,
    summary: {
      ...measures,
      overlap,
      alignmentMm: alignment.offset,
      networkShape: network.shape,
      stages: stages.records,
      warnings: [
        ...placeWarnings(
          {fixed: fixed.name, moving: moving.name},
          {overlap, align, fixed, network},
        ),
        ...conformed.warnings,
        ...resultWarnings(measures, network),
      ],
    },
  };
}

/** Bring the two images together and lay the network's grid on the fixed one. */
function placeGrids(options: RegisterPairOptions): RegistrationGeometry {
  const {fixed, moving, model} = options;
  const {dimensions} = model.network.architecture;
  return {
    fixed,
    moving,
    network: planNetworkGrid(options, {dimensions, grid: model.grid}, options),
    alignment: alignmentFor(options.align ?? 'headers', fixed, moving),
  };
}

interface ConformedPair {
  readonly fixed: Float32Array;
  readonly moving: Float32Array;
  readonly scales: {readonly fixed: IntensityScale; readonly moving: IntensityScale};
  readonly warnings: readonly string[];
}

/** What the network sees: both images on its grid, normalised. */
function conformPair(options: RegisterPairOptions, geometry: RegistrationGeometry): ConformedPair {
  const {fixed, moving, model} = options;
  const kernels = options.engine.voxelKernels;
  const {shape} = geometry.network;
  const fixedScale = measureIntensity(fixed, model.normalisation, kernels, fixed.name);
  const movingScale = measureIntensity(moving, model.normalisation, kernels, moving.name);
  return {
    fixed: conformImage(fixed, networkToFixed(geometry), {shape, scale: fixedScale, kernels}),
    moving: conformImage(moving, networkToMoving(geometry), {shape, scale: movingScale, kernels}),
    scales: {fixed: fixedScale, moving: movingScale},
    warnings: [...fixedScale.warnings, ...movingScale.warnings],
  };
}

interface SampledImages {
  /** The moving image on the fixed grid as the headers (or the alignment) place it; NaN outside it. */
  readonly before: Float32Array;
  /** The moved image; NaN outside the moving image, until it has been measured. */
  readonly after: Float32Array;
  readonly labels: readonly VoxelArray[];
}

/** Sample the original moving image and its label maps on the fixed grid, each once. */
function sampleImages(
  options: RegisterPairOptions,
  geometry: RegistrationGeometry,
  transform: Transform,
): SampledImages {
  const {fixed, moving, labels = [], engine} = options;
  // As the original does where all grids are one: beyond the image its edge continues, unless the model says otherwise.
  const repeatsEdge = isOneGrid(geometry) && options.model.network.architecture.fill === null;
  const outside: Outside = repeatsEdge ? 'edge' : NaN;
  const unmoved = affineTransform(geometry.alignment);
  const onFixed = (image: Volume, through: Transform, how: SampleOptions) =>
    sample(image, through, fixed, {...how, engine}).data;
  return {
    before: onFixed(moving, unmoved, {outside}) as Float32Array,
    after: onFixed(moving, transform, {outside}) as Float32Array,
    labels: labels.map((label) => onFixed(label, transform, {interpolation: 'nearest'})),
  };
}

/** Bring the network's fields to the grids of the files. */
function placeFields(
  options: RegisterPairOptions,
  geometry: RegistrationGeometry,
  fields: NetworkFields,
): Pick<Registration, 'warp' | 'inverseWarp' | 'jacobian' | 'velocity'> {
  const {fixed, moving, engine, outputs = {}} = options;
  const {network} = geometry;
  const {displacement, inverseDisplacement: inverse, velocity, jacobian} = fields;
  const still = affineTransform(Affine.identity);
  return {
    warp:
      outputs.warp === true
        ? encodeItkWarp(forwardTransform(geometry, displacement), fixed, engine)
        : null,
    inverseWarp:
      inverse === null ? null : encodeItkWarp(backwardTransform(geometry, inverse), moving, engine),
    jacobian:
      outputs.jacobian === true
        ? (sample(volumeOfTensor(jacobian, network), still, fixed, {outside: 1, engine})
            .data as Float32Array)
        : null,
    velocity:
      velocity === null
        ? null
        : encodeItkWarp(displacementTransform(onNetwork(network, velocity)), network, engine),
  };
}
