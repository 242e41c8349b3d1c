import {PORTABLE, type KernelRunner} from '../kernels/voxel-operation.js';
import {conformImage, type NetworkGridSpec} from '../volume/conform.js';
import {
  fillMissing,
  measureIntensity,
  type IntensityScale,
  type Normalisation,
} from '../volume/intensity.js';
import type {Volume} from '../volume/volume.js';
import {Affine} from '../geometry/affine.js';
import {alignAsAsked, type AlignmentKind, type AlignmentSummary} from './align/align-pair.js';
import {alignmentFor, overlapOf} from './alignment.js';
import {contentOverlap} from './content.js';
import type {VelocityNetwork} from './velocity.js';
import {networkToFixed, networkToMoving, type RegistrationGeometry} from './geometry.js';
import {layNetworkGrid, type PlacedImage} from './plan.js';
import type {StageLog} from './stages.js';
import {placeWarnings} from './warnings.js';

/** An image with the name under which messages speak of it. */
export interface NamedVolume extends Volume, PlacedImage {}

/** A number for each image; what is left out is measured. */
export interface PerImage {
  readonly fixed?: number | undefined;
  readonly moving?: number | undefined;
}

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
  images: {readonly fixed: NamedVolume; readonly moving: NamedVolume},
  model: RegistrationModel,
  options: {
    /** Fixed points -> moving points, RAS mm, or how to find them. */
    readonly affine: AlignmentKind | Affine;
    /** Intensities outside the images; measured at their faces where they are not given. */
    readonly background?: PerImage | undefined;
    readonly engine: KernelRunner;
    readonly signal?: AbortSignal | undefined;
    readonly stages: StageLog;
  },
): Promise<PreparedPair> {
  const {affine: asked, background, signal, engine, stages} = options;
  const {dimensions} = model.network.architecture;
  const {geometry, affine} = await stages.run('align', async () => {
    const {fixed, moving} = images;
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
    const scales = measureScales(images, {normalisation: model.normalisation, background, engine});
    const fixed = fillMissing(images.fixed, scales.fixed);
    const moving = fillMissing(images.moving, scales.moving);
    const overlap = overlapOf(fixed, moving, alignment);
    return {
      ...{model, fixed, moving, geometry, affine, scales, overlap},
      conformed: {
        fixed: conformImage(fixed, networkToFixed(geometry), {shape, scale: scales.fixed, engine}),
        moving: conformImage(moving, networkToMoving(geometry), {
          ...{shape, scale: scales.moving, engine},
        }),
      },
      warnings: warningsAbout(images, scales, {alignment, asked: affine.asked}),
    };
  });
}

type Images = Readonly<Record<keyof PerImage, NamedVolume>>;
type Scales = PreparedPair['scales'];

function measureScales(
  images: Images,
  options: {
    readonly normalisation: Normalisation;
    readonly background?: PerImage | undefined;
    readonly engine: KernelRunner;
  },
): Scales {
  const {normalisation, background, engine} = options;
  const measure = (name: keyof PerImage) =>
    measureIntensity(images[name], normalisation, engine, {
      ...{where: images[name].name, background: background?.[name]},
    });
  return {fixed: measure('fixed'), moving: measure('moving')};
}

function warningsAbout(
  {fixed, moving}: Images,
  scales: Scales,
  {alignment, asked}: {readonly alignment: Affine; readonly asked: AlignmentSummary['asked']},
): readonly string[] {
  const content = contentOverlap(
    {...fixed, background: scales.fixed.background},
    {...moving, background: scales.moving.background},
    alignment,
  );
  const names = {fixed: fixed.name, moving: moving.name};
  const overlap = overlapOf(fixed, moving, alignment);
  return [
    ...placeWarnings(names, {overlap, content, asked}),
    ...scales.fixed.warnings,
    ...scales.moving.warnings,
  ];
}

/**
 * What `preparePair` would warn of, as far as it is known without a search for an alignment.
 *
 * @throws {HypermorphError} E_RANGE if an image has no contrast.
 */
export function foreseeWarnings(
  images: Images,
  options: {
    readonly affine: AlignmentKind | Affine;
    readonly background?: PerImage | undefined;
    readonly normalisation: Normalisation;
  },
): readonly string[] {
  const {affine: asked} = options;
  const scales = measureScales(images, {...options, engine: PORTABLE});
  if (asked instanceof Affine) {
    return warningsAbout(images, scales, {alignment: asked, asked: 'given'});
  }
  if (asked !== 'headers' && asked !== 'centre' && asked !== 'fov') {
    return [...scales.fixed.warnings, ...scales.moving.warnings];
  }
  const alignment = alignmentFor(asked, images.fixed, images.moving);
  return warningsAbout(images, scales, {alignment, asked});
}
