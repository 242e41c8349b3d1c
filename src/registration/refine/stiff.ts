import {Affine} from '../../geometry/affine.js';
import type {Triple} from '../../geometry/triple.js';
import type {KernelRunner} from '../../kernels/voxel-operation.js';
import {halfShape} from '../../optimisers/refinement/level.js';
import type {PreparedPair} from '../prepare.js';
import {contrastOf} from './contrast.js';
import {halvedImages} from './halved.js';
import {imagesOf, onFixedGrid} from './images.js';
import {isPlane} from './padded.js';
import type {RefinementPair} from './pair.js';
import {SHORTEST_AXIS} from './plan-levels.js';
import {refineVelocity, type RefineOptions} from './refine-velocity.js';

/** Smoothness weight of a deformation that is nearly as stiff as an affine. */
const STIFF = 0.85;
/** It is optimised at half the fixed image's resolution, or less where that has more voxels than this. */
const MOST_VOXELS = 2e5;
/** A gain of this share of the objective at half of that resolution is not looked at more closely. */
const CLEAR_GAIN = 0.05;
/** A gain of less than this share at that resolution is a tie, and a tie is the headers': measured 0.15 % on a chest, 0.7 % and more on brains. */
const SMALLEST_GAIN = 0.004;

/**
 * Whether a stiff deformation explains a pair better with its affine than without it, by the headers.
 *
 * An affine follows what there is most of, such as a chest's wall and spine, and may lead astray what counts, such as the lungs; likeness
 * after the affine alone cannot tell, what a deformation of little strain reaches from both can. Where the images are too small to
 * tell, or their contrasts are mixed, the affine stays.
 *
 * @throws {HypermorphError} E_INTERRUPTED.
 */
export async function gainsByAffine(
  prepared: PreparedPair,
  options: Pick<RefineOptions, 'engine' | 'signal'>,
): Promise<boolean> {
  const {engine} = options;
  const withAffine = onFixedGrid(prepared);
  const {geometry} = withAffine;
  if (!canBeCoarser(halfShape(geometry.network.shape))) return true;
  const byHeaders = {...withAffine, geometry: {...geometry, alignment: Affine.identity}};
  const [aligned, unaligned] = [withAffine, byHeaders].map((pair) =>
    coarse(imagesOf(pair, engine), engine),
  );
  if ([aligned, unaligned].every((images) => contrastOf(images, engine).isMixed)) return true;
  for (const [place, share] of [
    [(pair: RefinementPair) => halved(pair, engine), CLEAR_GAIN],
    [(pair: RefinementPair) => pair, SMALLEST_GAIN],
  ] as const) {
    const reached = await stiffObjective(place(aligned), options);
    const without = await stiffObjective(place(unaligned), options);
    if (reached <= without - share * Math.abs(without)) return true;
  }
  return false;
}

async function stiffObjective(
  pair: RefinementPair,
  options: Pick<RefineOptions, 'engine' | 'signal'>,
): Promise<number> {
  const {levels} = await refineVelocity(pair, {...options, lambda: STIFF, levels: 2});
  return levels[levels.length - 1].objectiveAfter;
}

function coarse(pair: RefinementPair, engine: KernelRunner): RefinementPair {
  let images = pair;
  do images = halved(images, engine);
  while (images.shape[0] * images.shape[1] * images.shape[2] > MOST_VOXELS);
  return images;
}

function canBeCoarser(shape: Triple): boolean {
  return !isPlane(shape) && halfShape(shape).every((length) => length >= SHORTEST_AXIS);
}

function halved(
  {spacing, fixedMask = null, movingMask = null, ...images}: RefinementPair,
  engine: KernelRunner,
): RefinementPair {
  const [i, j, k] = spacing;
  return {
    ...halvedImages({...images, fixedMask, movingMask}, engine),
    spacing: [2 * i, 2 * j, 2 * k],
  };
}
