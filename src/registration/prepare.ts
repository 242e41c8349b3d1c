import type {KernelRunner} from '../kernels/voxel-operation.js';
import {conformImage, type NetworkGridSpec} from '../volume/conform.js';
import {measureIntensity, type IntensityScale, type Normalisation} from '../volume/intensity.js';
import type {Volume} from '../volume/volume.js';
import type {Affine} from '../geometry/affine.js';
import {alignAsAsked, type AlignmentKind, type AlignmentSummary} from './align/align-pair.js';
import {overlapOf} from './alignment.js';
import type {VelocityNetwork} from './velocity.js';
import {networkToFixed, networkToMoving, type RegistrationGeometry} from './geometry.js';
import {layNetworkGrid, type PlacedImage} from './plan.js';
import type {StageLog} from './stages.js';
import {placeWarnings} from './warnings.js';

/** An image with the name under which messages speak of it. */
export interface NamedVolume extends Volume, PlacedImage {}

/** A network and what it expects of images. */
export interface RegistrationModel {
  readonly network: VelocityNetwork;
  readonly grid: NetworkGridSpec;
  readonly normalisation: Normalisation;
}

/** Two images brought together and conformed: ready to be registered with any hyperparameters. */
export interface PreparedPair {
  readonly model: RegistrationModel;
  readonly fixed: NamedVolume;
  readonly moving: NamedVolume;
  readonly geometry: RegistrationGeometry;
  /** What brought the images together. */
  readonly affine: AlignmentSummary;
  /** What the network sees: [I, J, K] in tensor order, normalised. */
  readonly conformed: {readonly fixed: Float32Array; readonly moving: Float32Array};
  readonly scales: {readonly fixed: IntensityScale; readonly moving: IntensityScale};
  /** Share of the smaller field of view that both images cover, 0 to 1. */
  readonly overlap: number;
  readonly warnings: readonly string[];
}

/**
 * Bring two images together, lay the network's grid on the fixed one, and sample and normalise both on it.
 *
 * @throws {HypermorphError} E_GRID or E_SHAPE as `layNetworkGrid`; E_RANGE if an image has no contrast; E_INTERRUPTED.
 */
export async function preparePair(
  {fixed, moving}: {readonly fixed: NamedVolume; readonly moving: NamedVolume},
  model: RegistrationModel,
  options: {
    /** Fixed points -> moving points, RAS mm, or how to find them. */
    readonly affine: AlignmentKind | Affine;
    readonly engine: KernelRunner;
    readonly signal?: AbortSignal | undefined;
    readonly stages: StageLog;
  },
): Promise<PreparedPair> {
  const {affine: asked, signal, engine, stages} = options;
  const {dimensions} = model.network.architecture;
  const {geometry, affine} = await stages.run('align', async () => {
    const network = layNetworkGrid(fixed, {dimensions, grid: model.grid});
    const aligned = await alignAsAsked(fixed, moving, {asked, engine, signal});
    return {
      geometry: {fixed, moving, network, alignment: aligned.affine},
      affine: aligned.summary,
    };
  });
  return stages.run('conform', () => {
    const {network, alignment} = geometry;
    const {shape} = network;
    const scale = (image: NamedVolume) =>
      measureIntensity(image, model.normalisation, engine, image.name);
    const scales = {fixed: scale(fixed), moving: scale(moving)};
    const overlap = overlapOf(fixed, moving, alignment);
    const names = {fixed: fixed.name, moving: moving.name};
    return {
      ...{model, fixed, moving, geometry, affine, scales, overlap},
      conformed: {
        fixed: conformImage(fixed, networkToFixed(geometry), {shape, scale: scales.fixed, engine}),
        moving: conformImage(moving, networkToMoving(geometry), {
          ...{shape, scale: scales.moving, engine},
        }),
      },
      warnings: [
        ...placeWarnings(names, {overlap, affine, fixed, network}),
        ...scales.fixed.warnings,
        ...scales.moving.warnings,
      ],
    };
  });
}
