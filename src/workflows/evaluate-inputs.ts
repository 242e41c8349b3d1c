import {HypermorphError} from '../errors.js';
import {readPointPairs, readPoints} from '../formats/landmarks.js';
import {describeImage} from '../formats/images/describe-image.js';
import {readImage} from '../formats/images/read-image.js';
import {Affine} from '../geometry/affine.js';
import {isSameGrid, type Grid} from '../geometry/grid.js';
import type {Triple} from '../geometry/triple.js';
import type {Volume} from '../volume/volume.js';

/** An image or label map with the path under which messages speak of it. */
export interface NamedImage extends Volume {
  readonly path: string;
  readonly warnings: readonly string[];
}

export async function readBoth(
  paths: readonly [string, string],
  kind: 'intensity' | 'label',
): Promise<readonly [NamedImage, NamedImage]> {
  return [await readImage(paths[0], {kind}), await readImage(paths[1], {kind})];
}

/**
 * Check that two images lie on one grid.
 *
 * @throws {HypermorphError} E_GRID with both grids.
 */
export function requireOneGrid(
  first: Grid & {readonly path: string},
  second: Grid & {readonly path: string},
  hint: string,
): void {
  if (isSameGrid(first, second)) return;
  throw new HypermorphError(
    'E_GRID',
    `evaluate: ${first.path} and ${second.path} must share one grid, got ${describeGrid(first)} and ${describeGrid(second)}.`,
    {hint},
  );
}

function describeGrid({shape, affine}: Grid): string {
  const round = (values: readonly number[]) => values.map((value) => Number(value.toFixed(2)));
  const corner = round(affine.offset).join(', ');
  return `${shape.join('x')} voxels of ${round(affine.spacing).join('x')} mm from (${corner})`;
}

/** How the numbers of a table of landmarks are meant. */
export type LandmarkSystem =
  | {readonly kind: 'ras' | 'lps'}
  /** Voxel indices, from 0, of these two images. */
  | {readonly kind: 'voxels'; readonly images: readonly [string, string]};

/** Pairs of points, RAS mm. */
export interface Landmarks {
  readonly fixed: readonly Triple[];
  readonly moving: readonly Triple[];
}

/**
 * Read pairs of landmarks: one table with both points of each pair, or two tables of which equal rows are partners.
 *
 * @throws {HypermorphError} As `readPoints`; E_SHAPE if two tables differ in length.
 */
export async function readLandmarks(
  paths: readonly string[],
  system: LandmarkSystem,
): Promise<Landmarks> {
  const {fixed, moving} =
    paths.length === 1
      ? await readPointPairs(paths[0])
      : {fixed: await readPoints(paths[0]), moving: await readPoints(paths[1])};
  if (fixed.length !== moving.length) {
    throw new HypermorphError(
      'E_SHAPE',
      `evaluate: ${paths.join(' and ')} must hold equally many points, got ${fixed.length} and ${moving.length}.`,
    );
  }
  const [ofFixed, ofMoving] = await toRas(system);
  return {
    fixed: fixed.map((point) => ofFixed.apply(point)),
    moving: moving.map((point) => ofMoving.apply(point)),
  };
}

/** The maps that take fixed and moving landmarks to RAS mm. */
export async function toRas(system: LandmarkSystem): Promise<readonly [Affine, Affine]> {
  if (system.kind === 'voxels') {
    const [fixed, moving] = system.images;
    return [(await describeImage(fixed)).affine, (await describeImage(moving)).affine];
  }
  const sign = system.kind === 'lps' ? -1 : 1;
  const map = Affine.scaling([sign, sign, 1]);
  return [map, map];
}
