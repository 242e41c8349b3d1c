import {HypermorphError} from '../errors.js';
import type {EngineName} from '../engines/engine.js';
import {startEngine} from '../engines/select.js';
import {requireWritable, writeFilesAtomically, type FileContent} from '../formats/files.js';
import {geometryFromGrid} from '../formats/images/nifti/geometry.js';
import {openSeries} from '../formats/images/series.js';
import type {FileSeries, PlacedGrid} from '../formats/images/types.js';
import {encodeSeries, isCompressedName, requireImageName} from '../formats/images/write-image.js';
import {atSpacing, isSameGrid, type Grid} from '../geometry/grid.js';
import type {Triple} from '../geometry/triple.js';
import type {KernelRunner} from '../kernels/voxel-operation.js';
import type {Outside, VoxelArray} from '../kernels/voxels.js';
import {gzipPieces, pause} from '../platform.js';
import {sample, type ImageInterpolation, type SampleOptions} from '../transforms/apply.js';
import type {Transform} from '../transforms/transform.js';
import {VERSION} from '../version.js';
import {coverageWarnings} from './coverage-warnings.js';
import {movePoints, type PointSystem} from './apply-points.js';
import {LABEL} from './encode-outputs.js';
import {requireName, requireSeparateFiles, TABLE_NAME, type FilePair} from './output-paths.js';
import type {WorkflowCallbacks} from './register-files.js';
import {readChain, readGrid, type TransformInput, type Warn} from './transform-chain.js';
import {WarningLog} from './warnings.js';

export interface ApplyFilesSettings {
  /** T(x) = A(B(x)) for A, B: the last one acts first on a point of the reference. None: everything stays where it is. */
  readonly transforms?: readonly TransformInput[] | undefined;
  /** The image on whose grid the results lie, of which the header is read alone; `own`: each on the grid of its own image. */
  readonly reference?: string | undefined;
  /** Images; those of several volumes volume by volume. */
  readonly images?: readonly FilePair[] | undefined;
  /** Label maps, which keep their whole numbers. */
  readonly labels?: readonly FilePair[] | undefined;
  /** Tables of points of the reference, which go to where the transform takes them. */
  readonly points?: readonly FilePair[] | undefined;
  /** What the numbers of the tables are; `{kind: 'ras'}` unless told. */
  readonly pointSystem?: PointSystem | undefined;
  /** Another distance between the voxels of the results: mm, one number or one per axis. */
  readonly spacingMm?: readonly number[] | undefined;
  /** How images are looked up, 'linear' unless told. */
  readonly interpolation?: ImageInterpolation | undefined;
  /** 'nearest' voxel unless told, or the 'majority' of a linear look-up. */
  readonly labelInterpolation?: 'nearest' | 'majority' | undefined;
  /** Of an image where the transform leads out of it, 0 unless told; 'edge' is its nearest voxel. Labels have 0 there. */
  readonly background?: Outside | undefined;
  readonly engine?: 'auto' | EngineName | undefined;
  readonly threads?: number | undefined;
}

/** One file that was written. */
export interface AppliedFile extends FilePair {
  readonly kind: 'image' | 'labels' | 'points';
  /** Voxels along i, j, k; of points null. */
  readonly shape: Triple | null;
  /** Volumes of an image, or rows of a table. */
  readonly count: number;
}

/** What `applyFiles` did. */
export interface Applied {
  readonly transforms: readonly TransformInput[];
  readonly reference: string;
  readonly files: readonly AppliedFile[];
  readonly warnings: readonly string[];
}

/** The reference that stands for no file. */
const OWN = 'own';

/**
 * Carry images, label maps, series and points through a chain of transforms: all files are written, or none.
 *
 * Images go from moving to the reference, points from the reference to moving: the result at a voxel x of the reference is the
 * image at T(x), interpolated once however long the chain is. A series needs the memory of one volume.
 *
 * @throws {HypermorphError} E_USAGE if nothing is asked for, or about names of files; else as the readers; E_INTERRUPTED.
 *
 * @example
 * import {applyFiles} from 'hypermorph';
 * const {files} = await applyFiles({
 *   transforms: [{path: 'affine.txt'}, {path: 'warp.nii.gz'}],
 *   reference: 'fixed.nii.gz',
 *   images: [{source: 'moving.nii.gz', target: 'moved.nii.gz'}],
 *   labels: [{source: 'labels.nii.gz', target: 'labels_moved.nii.gz'}],
 *   engine: 'javascript',
 * });
 * files.map(({target}) => target); // ['moved.nii.gz', 'labels_moved.nii.gz']
 */
export async function applyFiles(
  settings: ApplyFilesSettings,
  {onProgress, signal}: Pick<WorkflowCallbacks, 'onProgress' | 'signal'> = {},
): Promise<Applied> {
  const {transforms = [], images = [], labels = [], points = []} = settings;
  const reference = await checkPaths(settings);
  const log = new WarningLog(onProgress);
  const warn: Warn = (...texts) => log.add(texts);
  const grid = reference === OWN ? null : await readGrid(reference, warn);
  const {engine: name = 'auto', threads} = settings;
  const engine = await startEngine({engine: name, ...(threads === undefined ? {} : {threads})});
  warn(...engine.warnings);
  const moving = await commonGrid([...images, ...labels]);
  const transform = await readChain(transforms, {fixed: grid ?? undefined, moving}, warn);
  if (grid !== null) warn(...coverageWarnings(grid, transform));
  const work: Work = {settings, grid, transform, engine, warn, signal};
  const jobs = [
    ...(await Promise.all(images.map((pair) => moveImage(pair, 'image', work)))),
    ...(await Promise.all(labels.map((pair) => moveImage(pair, 'labels', work)))),
    ...(await Promise.all(
      points.map(async (pair) => {
        const system = settings.pointSystem ?? {kind: 'ras'};
        const {text, count} = await movePoints(pair.source, {system, transform, warn});
        return {...pair, kind: 'points' as const, shape: null, count, content: text};
      }),
    )),
  ];
  await writeFilesAtomically(jobs.map(({target, content}) => ({path: target, content})));
  return {
    transforms,
    reference,
    files: jobs.map(({kind, source, target, shape, count}) => ({
      kind,
      source,
      target,
      shape,
      count,
    })),
    warnings: log.texts,
  };
}

/** @returns The reference. */
async function checkPaths({
  transforms = [],
  images = [],
  labels = [],
  points = [],
  reference,
}: ApplyFilesSettings): Promise<string> {
  if (images.length + labels.length + points.length === 0) {
    throw new HypermorphError(
      'E_USAGE',
      'apply: there must be images, labels or points to move, got none.',
    );
  }
  const maps = [...images, ...labels];
  if (reference === undefined && maps.length > 0) {
    throw new HypermorphError(
      'E_USAGE',
      'apply: `reference` must be given, the image on whose grid the results lie.',
      {hint: 'With `reference: own` each result lies on the grid of its own image.'},
    );
  }
  maps.forEach(({target}) => requireImageName(target));
  points.forEach(({target}) => requireName(target, TABLE_NAME));
  const pairs = [...maps, ...points];
  const inputs = [...transforms.map(({path}) => path), ...pairs.map(({source}) => source)];
  if (reference !== undefined && reference !== OWN) inputs.push(reference);
  const outputs = pairs.map(({target}) => target);
  await requireSeparateFiles(inputs, outputs, 'apply');
  for (const path of outputs) await requireWritable(path);
  return reference ?? OWN;
}

/** What all files share. */
interface Work {
  readonly settings: ApplyFilesSettings;
  /** Null: the own grid of every image. */
  readonly grid: PlacedGrid | null;
  readonly transform: Transform;
  readonly engine: KernelRunner;
  readonly warn: Warn;
  readonly signal: AbortSignal | undefined;
}

/** The grid of all images, where they have one in common: some conventions of transforms depend on it. */
async function commonGrid(pairs: readonly FilePair[]): Promise<Grid | undefined> {
  const grids = await Promise.all(pairs.map(({source}) => readGrid(source, () => undefined)));
  return grids.every((grid) => isSameGrid(grid, grids[0])) ? grids[0] : undefined;
}

/** A file that is ready to be written; an image is made while it is. */
async function moveImage(
  pair: FilePair,
  kind: 'image' | 'labels',
  work: Work,
): Promise<AppliedFile & {readonly content: FileContent}> {
  const {settings, warn} = work;
  const series = await openSeries(pair.source, {
    kind: kind === 'image' ? 'intensity' : 'label',
    onWarning: warn,
  });
  warn(...series.warnings);
  const grid = respaced(work.grid ?? series, settings.spacingMm);
  const output = {
    ...{shape: grid.shape, geometry: grid.geometry, further: series.further},
    description: `hypermorph ${VERSION} ${kind === 'image' ? 'moved' : 'labels moved'}`,
    ...(kind === 'image' ? {} : {intent: LABEL}),
  };
  const pieces = encodeSeries(pair.target, output, moveVolumes(series, grid, kind, work));
  const content = isCompressedName(pair.target) ? gzipPieces(pieces) : pieces;
  return {...pair, kind, shape: grid.shape, count: series.volumes, content};
}

async function* moveVolumes(
  series: FileSeries,
  grid: Grid,
  kind: 'image' | 'labels',
  {settings, transform, engine, signal}: Work,
): AsyncGenerator<VoxelArray> {
  const {interpolation = 'linear', labelInterpolation = 'nearest', background = 0} = settings;
  const options: SampleOptions =
    kind === 'image'
      ? {interpolation, outside: background, engine}
      : {interpolation: labelInterpolation, outside: 0, engine};
  for await (const data of series.read()) {
    await pause(); // lets an interruption arrive
    if (signal?.aborted === true) {
      throw new HypermorphError('E_INTERRUPTED', 'apply: interrupted.');
    }
    yield sample({...series, data}, transform, grid, options).data;
  }
}

/** The same box at another distance between voxels. */
function respaced(grid: PlacedGrid, spacingMm: readonly number[] | undefined): PlacedGrid {
  if (spacingMm === undefined)
    return {shape: grid.shape, affine: grid.affine, geometry: grid.geometry};
  const [x, y = x, z = x] = spacingMm;
  if (![x, y, z].every((mm) => mm > 0 && mm < Infinity) || ![1, 3].includes(spacingMm.length)) {
    throw new HypermorphError(
      'E_RANGE',
      `apply: \`spacingMm\` must be one or three positive numbers, got ${spacingMm.join(', ')}.`,
    );
  }
  const {sformCode, qformCode} = grid.geometry;
  const next = atSpacing(grid, [x, y, z]);
  const geometry = geometryFromGrid(next, {code: sformCode || qformCode || 1});
  return {...next, geometry};
}
