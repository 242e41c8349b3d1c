import {PORTABLE, type KernelRunner} from '../kernels/voxel-operation.js';
import {conformImage, type NetworkGridSpec} from '../volume/conform.js';
import {fillMissing, type Normalisation} from '../volume/intensity.js';
import {erodeMask, type Mask} from '../volume/mask.js';
import type {Volume} from '../volume/volume.js';
import {Affine} from '../geometry/affine.js';
import {
  alignAsAsked,
  requireMaskGrid,
  type AlignmentKind,
  type AlignmentSummary,
} from './align/align-pair.js';
import {alignmentFor, overlapOf} from './alignment.js';
import {contentOverlap} from './content.js';
import type {VelocityNetwork} from './velocity.js';
import {networkToFixed, networkToMoving, type RegistrationGeometry} from './geometry.js';
import {layNetworkGrid, type PlacedImage} from './plan.js';
import {measureScales, type Scales} from './scales.js';
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
  /** Null: nothing predicts, see `WITHOUT_NETWORK`. */
  readonly network: VelocityNetwork | null;
  readonly grid: NetworkGridSpec;
  readonly normalisation: Normalisation;
  /** Share of what its labeller tells in what a refinement sets against the smoothness, 0 to 1; 0.5 unless told. */
  readonly labelWeight?: number;
}

/** Registering without a network: on the fixed image's own grid, intensities cut at their outermost thousandth. */
export const WITHOUT_NETWORK: RegistrationModel = {
  network: null,
  grid: {orientation: null, spacingMm: null, multiple: [1, 1, 1]},
  normalisation: {kind: 'percentile', low: 0, high: 99.9},
};

/** Where a pair counts; an image without a mask counts everywhere. */
export interface PairMasks {
  /** On the fixed image's grid; 0 where a voxel does not count. */
  readonly fixed?: NamedVolume | undefined;
  /** On the moving image's grid, likewise. */
  readonly moving?: NamedVolume | undefined;
}

/** Two images brought together and conformed: ready to be registered with any hyperparameters. */
export interface PreparedPair {
  readonly model: RegistrationModel;
  readonly fixed: NamedVolume;
  readonly moving: NamedVolume;
  readonly geometry: RegistrationGeometry;
  /** What brought the images together. */
  readonly affine: AlignmentSummary;
  /** Where each image counts with all of the window around a voxel; null: everywhere. */
  readonly masks: {readonly fixed: Mask | null; readonly moving: Mask | null};
  /** What the network sees: [I, J, K] in tensor order, normalised; null where there is none. */
  readonly conformed: ConformedImages | null;
  readonly scales: Scales;
  /** Share of the smaller field of view that both images cover, 0 to 1. */
  readonly overlap: number;
  readonly warnings: readonly string[];
}

/** A pair for which a network predicts. */
export interface PairWithNetwork extends PreparedPair {
  readonly model: RegistrationModel & {readonly network: VelocityNetwork};
  readonly conformed: ConformedImages;
}

export function hasNetwork(pair: PreparedPair): pair is PairWithNetwork {
  return pair.model.network !== null;
}

export interface ConformedImages {
  readonly fixed: Float32Array;
  readonly moving: Float32Array;
}

/**
 * Bring two images together, lay the network's grid on the fixed one, and sample and normalise both on it.
 *
 * @throws {HypermorphError} E_GRID or E_SHAPE as `layNetworkGrid`; E_GRID if a mask does not lie on the grid of its image; E_RANGE if an image has no contrast; E_INTERRUPTED.
 */
export async function preparePair(
  images: {readonly fixed: NamedVolume; readonly moving: NamedVolume},
  model: RegistrationModel,
  options: {
    /** Fixed points -> moving points, RAS mm, or how to find them. */
    readonly affine: AlignmentKind | Affine;
    /** Intensities outside the images; measured at their faces where they are not given. */
    readonly background?: PerImage | undefined;
    readonly masks?: PairMasks | undefined;
    readonly engine: KernelRunner;
    readonly signal?: AbortSignal | undefined;
    readonly stages: StageLog;
  },
): Promise<PreparedPair> {
  const {affine: asked, background, masks = {}, signal, engine, stages} = options;
  requireMaskGrid(images.fixed, masks.fixed);
  requireMaskGrid(images.moving, masks.moving);
  const dimensions = model.network?.architecture.dimensions ?? 3;
  const {geometry, affine} = await stages.run('align', async (tell) => {
    const {fixed, moving} = images;
    const network = layNetworkGrid(fixed, {dimensions, grid: model.grid});
    const onProgress = (finished: number, total: number) => tell(finished / total);
    const aligned = await alignAsAsked(fixed, moving, {asked, masks, engine, signal, onProgress});
    return {
      geometry: {fixed, moving, network, alignment: aligned.affine},
      affine: aligned.summary,
    };
  });
  return stages.run('conform', () => {
    const {alignment} = geometry;
    const scales = measureScales(images, {
      ...{normalisation: model.normalisation, background, masks, engine},
    });
    const fixed = fillMissing(images.fixed, scales.fixed);
    const moving = fillMissing(images.moving, scales.moving);
    const eroded = (mask: Volume | undefined) =>
      mask === undefined ? null : erodeMask(mask, REACH);
    const overlap = overlapOf(fixed, moving, alignment);
    return {
      ...{model, fixed, moving, geometry, affine, scales, overlap},
      masks: {fixed: eroded(masks.fixed), moving: eroded(masks.moving)},
      conformed: model.network && conformPair({fixed, moving, geometry, scales}, engine),
      warnings: warningsAbout(images, scales, {alignment, overlap, asked: affine.asked}),
    };
  });
}

type Images = Readonly<Record<keyof PerImage, NamedVolume>>;

function warningsAbout(
  {fixed, moving}: Images,
  scales: Scales,
  {
    alignment,
    overlap,
    asked,
  }: {
    readonly alignment: Affine;
    readonly overlap: number;
    readonly asked: AlignmentSummary['asked'];
  },
): readonly string[] {
  const content = contentOverlap(
    {...fixed, background: scales.fixed.background},
    {...moving, background: scales.moving.background},
    alignment,
  );
  const names = {fixed: fixed.name, moving: moving.name};
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
  const {fixed, moving} = images;
  const warnAt = (alignment: Affine, how: AlignmentSummary['asked']) => {
    const overlap = overlapOf(fixed, moving, alignment);
    return warningsAbout(images, scales, {alignment, overlap, asked: how});
  };
  if (asked instanceof Affine) return warnAt(asked, 'given');
  if (asked !== 'headers' && asked !== 'centre' && asked !== 'fov') {
    return [...scales.fixed.warnings, ...scales.moving.warnings];
  }
  return warnAt(alignmentFor(asked, fixed, moving, PORTABLE), asked);
}

/** Both images on the network's grid, as the alignment places them: [I, J, K] in tensor order, normalised. */
function conformPair(
  {fixed, moving, geometry, scales}: Pick<PreparedPair, 'fixed' | 'moving' | 'geometry' | 'scales'>,
  engine: KernelRunner,
): ConformedImages {
  const {shape} = geometry.network;
  return {
    fixed: conformImage(fixed, networkToFixed(geometry), {shape, scale: scales.fixed, engine}),
    moving: conformImage(moving, networkToMoving(geometry), {shape, scale: scales.moving, engine}),
  };
}

/** From the middle of a window of refinement and judge to its edge, voxels. */
const REACH = 2;
