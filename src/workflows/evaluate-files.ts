import {HypermorphError} from '../errors.js';
import {compareLabels, type LabelsAgreement} from '../evaluation/labels.js';
import {pointErrors, type PointErrors} from '../evaluation/landmarks.js';
import {
  compareImages,
  type CompareImagesOptions,
  type ImageAgreement,
} from '../evaluation/similarity.js';
import {readImage} from '../formats/images/read-image.js';
import type {ConventionName} from '../formats/transforms/conventions.js';
import {readWarp} from '../formats/transforms/read-transform.js';
import {startEngine} from '../engines/select.js';
import {Affine} from '../geometry/affine.js';
import {PORTABLE, type KernelRunner} from '../kernels/voxel-operation.js';
import type {VoxelArray} from '../kernels/voxels.js';
import {sample} from '../transforms/apply.js';
import {affineTransform, type DisplacementTransform} from '../transforms/transform.js';
import {
  readBoth,
  readLandmarks,
  requireOneGrid,
  type LandmarkSystem,
  type NamedImage,
} from './evaluate-inputs.js';
import {measureWarp, warpPoints, type WarpMeasure} from './evaluate-warp.js';

/** The files to evaluate, by path; at least one kind. */
export interface EvaluateFilesOptions extends Omit<CompareImagesOptions, 'mask'> {
  readonly images?: readonly [fixed: string, moved: string] | undefined;
  readonly labels?: readonly [fixed: string, moved: string] | undefined;
  readonly warp?: string | undefined;
  /** Whose numbers the warp holds, where its file does not show that. */
  readonly warpConvention?: ConventionName | undefined;
  readonly landmarks?: readonly string[] | undefined;
  readonly landmarkSystem?: LandmarkSystem;
  /** Voxels that are 0 do not count, for images and the warp. On the grid of the fixed image, or of the warp. */
  readonly mask?: string | undefined;
  /** All that occur but 0, unless told. */
  readonly wantedLabels?: readonly number[] | undefined;
  /** Sample the second image and label map on the grid of the first: through the warp where there is one, else by their headers. */
  readonly resample?: boolean;
}

/** What files were compared, and how. */
interface Compared {
  readonly fixed: string;
  readonly moved: string;
  /** How the second file reached the grid of the first; null where it lay there. */
  readonly resampled: 'warp' | 'headers' | null;
}

export interface WarpEvaluation extends WarpMeasure {
  readonly path: string;
}

export interface LandmarksEvaluation {
  readonly files: readonly string[];
  readonly points: number;
  /** Points that the warp does not cover; they do not count in `after`. */
  readonly outside: number;
  readonly before: PointErrors;
  /** Null without a warp, or where it covers no point. */
  readonly after: PointErrors | null;
}

/** What `evaluate` found; what was not asked for is null. */
export interface Evaluation {
  readonly images: (Compared & ImageAgreement) | null;
  readonly labels: (Compared & LabelsAgreement) | null;
  readonly warp: WarpEvaluation | null;
  readonly landmarks: LandmarksEvaluation | null;
  readonly warnings: readonly string[];
}

/**
 * Measure how well two images, two label maps or two sets of landmarks agree, and how regular a warp is.
 *
 * @throws {HypermorphError} E_USAGE if there is nothing to evaluate; E_GRID if files that must share a grid do not; else as the
 *   readers.
 *
 * @example
 * import {evaluateFiles} from 'hypermorph';
 * const {labels} = await evaluateFiles({labels: ['fixed_labels.nii.gz', 'labels.nii.gz']});
 * labels?.mean.dice; // 1
 */
export async function evaluateFiles(options: EvaluateFilesOptions): Promise<Evaluation> {
  const {images, labels, landmarks} = options;
  const {warp: warpPath, warpConvention: convention} = options;
  if (!images && !labels && !landmarks && warpPath === undefined) {
    throw new HypermorphError(
      'E_USAGE',
      'evaluate: there must be images, labels, a warp or landmarks to evaluate, got nothing.',
    );
  }
  const warp =
    warpPath === undefined ? null : {path: warpPath, ...(await readWarp(warpPath, {convention}))};
  const mask = options.mask === undefined ? null : await readImage(options.mask, {kind: 'label'});
  const warnings: string[] = [...(warp?.warnings ?? []), ...(mask?.warnings ?? [])];
  const engine = warp === null ? PORTABLE : await startEngine({engine: 'auto'});
  const context: Context = {options, warp, mask, engine, warnings};
  return {
    images: images ? await evaluateImages(images, context) : null,
    labels: labels ? await evaluateLabels(labels, context) : null,
    warp: warp === null ? null : evaluateWarp(warp, context),
    landmarks: landmarks ? await evaluateLandmarks(landmarks, context) : null,
    warnings: [...new Set(warnings)],
  };
}

/** A warp with the path under which messages speak of it. */
interface Warp {
  readonly path: string;
  readonly transform: DisplacementTransform;
}

interface Context {
  readonly options: EvaluateFilesOptions;
  readonly warp: Warp | null;
  readonly mask: NamedImage | null;
  readonly engine: KernelRunner;
  readonly warnings: string[];
}

async function evaluateImages(
  paths: readonly [string, string],
  context: Context,
): Promise<Compared & ImageAgreement> {
  const {mask, options} = context;
  const {fixed, moved, resampled} = await readPair(paths, 'intensity', context);
  if (mask) requireOneGrid(mask, fixed, 'Give a mask on the grid of the fixed image.');
  const agreement = compareImages([fixed.data as Float32Array, moved as Float32Array], fixed, {
    ...(options.window === undefined ? {} : {window: options.window}),
    ...(options.bins === undefined ? {} : {bins: options.bins}),
    ...(mask ? {mask: mask.data} : {}),
  });
  return {fixed: paths[0], moved: paths[1], resampled, ...agreement};
}

async function evaluateLabels(
  paths: readonly [string, string],
  context: Context,
): Promise<Compared & LabelsAgreement> {
  const {fixed, moved, resampled} = await readPair(paths, 'label', context);
  const agreement = compareLabels([fixed.data, moved], fixed, context.options.wantedLabels);
  if (agreement.labels.length === 0) {
    context.warnings.push(
      `${paths.join(' and ')}: neither holds a label; there is nothing to compare.`,
    );
  }
  if (agreement.labels.length > 0 && agreement.mean.hd95Mm === null && fixed.affine.shear > 1e-3) {
    context.warnings.push(
      `${paths[0]}: the voxel axes are not at right angles, so that surface distances are left out.`,
    );
  }
  if (agreement.inOneOnly.length > 0) {
    context.warnings.push(
      `${paths.join(' and ')}: only one of them holds the labels ${agreement.inOneOnly.join(', ')}; their Dice is 0, and they have no surface distance.`,
    );
  }
  return {fixed: paths[0], moved: paths[1], resampled, ...agreement};
}

/** Without a warp, as the headers place the images. */
const AS_PLACED = affineTransform(Affine.identity);

/** Voxels of an image beyond the other do not count; labels end there. */
const LOOK_UPS = {
  intensity: {interpolation: 'linear', outside: NaN},
  label: {interpolation: 'nearest', outside: 0},
} as const;

interface PairOnGrid extends Pick<Compared, 'resampled'> {
  readonly fixed: NamedImage;
  readonly moved: VoxelArray;
}

/** Read two files and bring the second to the grid of the first. */
async function readPair(
  paths: readonly [string, string],
  kind: 'intensity' | 'label',
  {options, warp, engine, warnings}: Context,
): Promise<PairOnGrid> {
  const [fixed, moved] = await readBoth(paths, kind);
  warnings.push(...fixed.warnings, ...moved.warnings);
  if (options.resample === true) {
    const {data} = sample(moved, warp?.transform ?? AS_PLACED, fixed, {...LOOK_UPS[kind], engine});
    return {fixed, moved: data, resampled: warp ? 'warp' : 'headers'};
  }
  requireOneGrid(fixed, moved, 'Sample the second on the grid of the first: `resample: true`.');
  return {fixed, moved: moved.data, resampled: null};
}

function evaluateWarp({path, transform}: Warp, {mask, engine}: Context): WarpEvaluation {
  if (mask) {
    requireOneGrid(mask, {path, ...transform.field.grid}, 'Give a mask on the grid of the warp.');
  }
  return {path, ...measureWarp(transform, mask?.data ?? null, engine)};
}

async function evaluateLandmarks(
  files: readonly string[],
  {options, warp, warnings}: Context,
): Promise<LandmarksEvaluation> {
  const system = options.landmarkSystem ?? {kind: 'ras'};
  const {fixed, moving} = await readLandmarks(files, system);
  const warped = warp ? warpPoints(fixed, warp.transform) : null;
  const covered = fixed.flatMap((_, n) => {
    const point = warped?.[n] ?? null;
    return point === null ? [] : [{point, partner: moving[n]}];
  });
  const outside = warped === null ? 0 : fixed.length - covered.length;
  if (outside > 0) {
    warnings.push(
      `${files[0]}: the warp does not cover ${outside} of ${fixed.length} landmarks; they do not count.`,
    );
  }
  const points = covered.map(({point}) => point);
  const partners = covered.map(({partner}) => partner);
  return {
    files,
    points: fixed.length,
    outside,
    before: pointErrors(fixed, moving),
    after: points.length === 0 ? null : pointErrors(points, partners),
  };
}
