import {HypermorphError} from '../../errors.js';
import {pause} from '../../platform.js';
import {Affine} from '../../geometry/affine.js';
import {isSameGrid} from '../../geometry/grid.js';
import type {Volume} from '../../volume/volume.js';
import {alignmentFor} from '../alignment.js';
import {judgeAgainst, type Judgement} from './judge.js';
import type {KernelRunner} from '../../kernels/voxel-operation.js';
import {distanceOverBody, type Body, type MotionKind} from './motion.js';
import type {LevelPair} from './optimise.js';
import {buildPyramid, levelSpacings} from './pyramid.js';
import {bodyOf, searchAlignment, type Candidate} from './search.js';
import {placements, type Start} from './starts.js';

/**
 * How two images are brought together before anything deforms.
 *
 * `auto` searches an affine and keeps it where it is better than its start; `rigid`, `similarity` and `affine` search such a
 * motion and keep it; `centre` moves the centre of mass onto that of the other image, `fov` the centre of the field of view;
 * `headers` trusts both files.
 */
export type AlignmentKind = 'auto' | 'headers' | 'centre' | 'fov' | MotionKind;

export const ALIGNMENT_KINDS: readonly AlignmentKind[] = [
  'auto',
  'headers',
  'centre',
  'fov',
  'rigid',
  'similarity',
  'affine',
];

/** An image and the name under which messages speak of it. */
export interface AlignedImage extends Volume {
  readonly name: string;
}

export interface AlignOptions {
  readonly kind: AlignmentKind;
  readonly engine: KernelRunner;
  /** On the grids of their images; voxels where a mask is 0 do not count. */
  readonly masks?: {readonly fixed?: Volume | undefined; readonly moving?: Volume | undefined};
  /** Levels done, of how many. */
  readonly onProgress?: ((finished: number, total: number) => void) | undefined;
  /** Aborted: the next level does not start. */
  readonly signal?: AbortSignal | undefined;
}

export interface Alignment {
  /** Fixed points -> moving points, RAS mm. */
  readonly affine: Affine;
  /** What was asked for. */
  readonly kind: AlignmentKind;
  /** What `affine` is, `auto` decided: nothing moved, centres brought together, or a motion of that kind. */
  readonly found: Exclude<AlignmentKind, 'auto'>;
  /** Where the search began; null where nothing was searched. */
  readonly start: Start['name'] | null;
  /** Likeness where the search began and where it ended; null where nothing was searched. */
  readonly similarity: Judgement | null;
  /** Why, in sentences. */
  readonly reasons: readonly string[];
}

/** What was decided about bringing two images together, as far as a report tells. */
export interface AlignmentSummary extends Omit<Alignment, 'affine' | 'kind' | 'found'> {
  /** `given`: not ours to decide. */
  readonly asked: AlignmentKind | 'given';
  readonly found: Alignment['found'] | 'given';
  /** Fixed -> moving points, RAS mm: twelve numbers, row by row. */
  readonly matrix: readonly number[];
  /** Mutual information won, nats; null where nothing was searched. */
  readonly gain: number | null;
}

/** Align two images as asked for, or take an affine that is given. */
export async function alignAsAsked(
  fixed: AlignedImage,
  moving: AlignedImage,
  {asked, ...options}: Omit<AlignOptions, 'kind'> & {readonly asked: AlignmentKind | Affine},
): Promise<{readonly affine: Affine; readonly summary: AlignmentSummary}> {
  if (asked instanceof Affine) {
    const nothing = {start: null, similarity: null, gain: null, reasons: []};
    const summary = {asked: 'given', found: 'given', matrix: asked.rows, ...nothing} as const;
    return {affine: asked, summary};
  }
  const {affine, kind, found, ...rest} = await alignPair(fixed, moving, {...options, kind: asked});
  const {before = null, after = null} = rest.similarity ?? {};
  const gain = before === null || after === null ? null : after - before;
  return {affine, summary: {asked: kind, found, matrix: affine.rows, gain, ...rest}};
}

/** A gain of mutual information below this is none, nats. */
const SMALLEST_GAIN = 0.001;
/**
 * The farther an affine leads from a start, the more it must gain: this share of what the start has, times the distance over the
 * body's radius. An outline that fits a little better half a turn away is no reason to leave the headers.
 */
const GAIN_BY_DISTANCE = 0.1;

/**
 * Find the affine that brings a moving image onto a fixed one: the stage before anything deforms.
 *
 * Several starts (headers, centres of mass, centres of view), each turned up to 45 degrees and scaled, are followed from coarse
 * to fine; the squared correlation of intensities in small blocks, whatever its sign, says how well they do, from both
 * images' sides. So contrasts may differ, and exchanging the images inverts the answer. Every number of threads gives the
 * same bits.
 *
 * @param fixed - Any grid; a single slice moves in its plane.
 * @throws {HypermorphError} E_RANGE if an image shows nothing (within its mask), E_GRID if a mask lies on another one,
 *   E_INTERRUPTED.
 */
export async function alignPair(
  fixed: AlignedImage,
  moving: AlignedImage,
  options: AlignOptions,
): Promise<Alignment> {
  const {kind, engine} = options;
  if (kind === 'headers' || kind === 'centre' || kind === 'fov') {
    const affine = alignmentFor(kind, fixed, moving, engine);
    return {...NOTHING_SEARCHED, affine, kind, found: kind, reasons: []};
  }
  const levels = levelsOf(fixed, moving, options);
  const empty = emptySide(levels, {fixed, moving}, options.masks);
  if (empty !== null && kind === 'auto') {
    const reasons = [`No affine is searched: ${empty}`];
    return {...NOTHING_SEARCHED, affine: Affine.identity, kind, found: 'headers', reasons};
  }
  if (empty !== null) {
    const hint = 'Check that it is the intended file, or align by the headers.';
    throw new HypermorphError('E_RANGE', empty, {hint});
  }
  const finest = levels[levels.length - 1];
  const body = bodyOf(finest.moving);
  const starts = placements(fixed, moving, {spread: body.radius, engine});
  const best = await searchAlignment(levels, starts, {
    kind: kind === 'auto' ? 'affine' : kind,
    body,
    engine,
    beforeLevel: (finished, total) => pauseBetweenLevels(options, finished, total),
  });
  const pair = levels[Math.max(levels.length - 2, 0)];
  const judgeStart = judgeAgainst(pair, best.affine);
  const judgements = starts.map((start) => ({start, similarity: judgeStart(start.affine)}));
  const own = judgements.find(({start}) => start === best.start)!;
  if (kind !== 'auto') {
    const {start, similarity} = own;
    const gain = `Began at the ${start.name}; ${gainSentence(similarity)}`;
    return {affine: best.affine, kind, found: kind, start: start.name, similarity, reasons: [gain]};
  }
  return decide(best, own, judgements, body);
}

const NOTHING_SEARCHED = {start: null, similarity: null} as const;

interface StartJudgement {
  readonly start: Start;
  readonly similarity: Judgement;
}

/** Keep the affine only where the judge finds it better than every start. */
function decide(
  best: Candidate,
  own: StartJudgement,
  judgements: readonly StartJudgement[],
  body: Body,
): Alignment {
  const smallestGain = ({start, similarity}: StartJudgement) => {
    const distance = distanceOverBody(start.affine, best.affine, body) / body.radius;
    return Math.max(SMALLEST_GAIN, GAIN_BY_DISTANCE * distance * (similarity.before ?? 0));
  };
  const better = judgements
    .filter((judgement) => gainOf(judgement.similarity) < smallestGain(judgement))
    .sort((a, b) => gainOf(a.similarity) - gainOf(b.similarity));
  if (better.length === 0) {
    return {
      affine: best.affine,
      kind: 'auto',
      found: 'affine',
      start: own.start.name,
      similarity: own.similarity,
      reasons: [`Began at the ${own.start.name}; ${gainSentence(own.similarity)}`],
    };
  }
  // The headers are left only for something better.
  const {start, similarity} = better.find((item) => item.start.found === 'headers') ?? better[0];
  return {
    affine: start.affine,
    kind: 'auto',
    found: start.found,
    start: start.name,
    similarity,
    reasons: [`No affine is kept: from the ${start.name}, ${gainSentence(similarity)}`],
  };
}

function gainOf({before, after}: Judgement): number {
  // Nothing to judge the start by: the images do not meet there.
  return before === null ? Infinity : (after ?? 0) - before;
}

function gainSentence({before, after}: Judgement): string {
  const text = (value: number | null) => value?.toFixed(4) ?? 'nothing';
  return `mutual information goes from ${text(before)} to ${text(after)}.`;
}

/** Both images at all resolutions, coarsest first. */
function levelsOf(
  fixed: AlignedImage,
  moving: AlignedImage,
  {engine, masks = {}}: AlignOptions,
): LevelPair[] {
  const spacings = levelSpacings(fixed, moving);
  const [fixedLevels, movingLevels] = (
    [
      [fixed, masks.fixed ?? null],
      [moving, masks.moving ?? null],
    ] as const
  ).map(([image, mask]) => {
    requireMaskGrid(image, mask);
    return buildPyramid(image, mask, spacings, engine);
  });
  return fixedLevels.map((level, n) => ({fixed: level, moving: movingLevels[n]})).reverse();
}

/** What is wrong with an image that shows nothing at some resolution; null where both show something. */
function emptySide(
  levels: readonly LevelPair[],
  images: {readonly fixed: AlignedImage; readonly moving: AlignedImage},
  masks: AlignOptions['masks'] = {},
): string | null {
  for (const side of ['fixed', 'moving'] as const) {
    if (levels.every((pair) => pair[side].blocks.length > 0)) continue;
    const where = masks[side] === undefined ? '' : ' within the mask';
    return `${images[side].name}: voxels must differ from each other for an alignment${where}, got no part where they do.`;
  }
  return null;
}

/** @throws {HypermorphError} E_GRID unless a mask, where there is one, lies on the grid of its image. */
export function requireMaskGrid(image: AlignedImage, mask: Volume | null = null): void {
  if (mask === null || isSameGrid(mask, image)) return;
  throw new HypermorphError(
    'E_GRID',
    `${image.name}: a mask must lie on the grid of its image (${image.shape.join('x')}), got ${mask.shape.join('x')} or another place.`,
  );
}

/** Lets a progress bar draw itself and an interruption arrive. */
async function pauseBetweenLevels(
  {onProgress, signal}: AlignOptions,
  finished: number,
  total: number,
): Promise<void> {
  onProgress?.(finished, total);
  await pause();
  if (signal?.aborted === true) {
    throw new HypermorphError('E_INTERRUPTED', 'align: interrupted.');
  }
}
