import {Affine} from '../../geometry/affine.js';
import type {Grid} from '../../geometry/grid.js';
import {mapTriple, type Triple} from '../../geometry/triple.js';
import {isFiniteArray} from '../../volume/finite.js';
import type {Volume} from '../../volume/volume.js';
import {
  FEWEST_BLOCK_POINTS,
  MOST_BLOCK_POINTS,
  type BlockImage,
} from '../../kernels/block-correlation.js';
import {BLOCK_VARIANCES, blocksAlong} from '../../kernels/block-variances.js';
import {AVERAGE_BOXES} from '../../kernels/average-boxes.js';
import type {KernelRunner} from '../../kernels/voxel-operation.js';

/** Voxels per axis that a coarse level keeps, so that a slab does not become one plane. */
const FEWEST_VOXELS = 4;
/** Along an axis a block reaches this many times the spacing of its level. */
const BLOCK_REACH = 4;
/** Blocks whose variance is below this share of the typical one are flat: they say nothing about likeness. */
const FLAT = 0.05;
/** More blocks than this make an alignment slower, not better. */
const MOST_BLOCKS = 1000;
/** The noise that is added to variances, as a share of the typical one. */
const NOISE = 0.05;

/** An image at one resolution. */
export interface Level extends Grid, BlockImage {}

/**
 * An image at several resolutions, finest first: each the mean over boxes of voxels of the one before, along its own axes.
 *
 * @param image - Voxels that are not finite, and those whose mask is 0, do not count (NaN in every level).
 * @param spacings - mm of each level, growing.
 */
export function buildPyramid(
  image: Volume,
  mask: Volume | null,
  spacings: readonly number[],
  engine: KernelRunner,
): Level[] {
  let current: Grid & {readonly data: Float32Array} = {
    ...image,
    data: maskedVoxels(image, mask),
  };
  return spacings.map((spacing) => {
    current = reduce(current, spacing, engine);
    return {...current, ...cutIntoBlocks(current, spacing, engine)};
  });
}

/** The voxels as float32; NaN where they do not count. The image's own array where there is nothing to change. */
function maskedVoxels({data}: Volume, mask: Volume | null): Float32Array {
  if (mask === null && data instanceof Float32Array && isFiniteArray(data)) return data;
  const voxels = new Float32Array(data.length);
  for (let n = 0; n < voxels.length; n++) {
    const value = data[n];
    const counts = value - value === 0 && (mask === null || mask.data[n] !== 0);
    voxels[n] = counts ? value : NaN;
  }
  return voxels;
}

/** The means over boxes that make the spacing about `spacing` mm; what does not fill a box is left out, evenly on both sides. */
function reduce(
  image: Grid & {readonly data: Float32Array},
  spacing: number,
  engine: KernelRunner,
): Grid & {readonly data: Float32Array} {
  const {shape: size, affine} = image;
  const own = affine.spacing;
  const factor = mapTriple(size, (length, axis) =>
    Math.max(1, Math.min(Math.round(spacing / own[axis]), Math.floor(length / FEWEST_VOXELS))),
  );
  if (factor.every((f) => f === 1)) return image;
  const shape = mapTriple(size, (length, axis) => Math.floor(length / factor[axis]));
  const first = mapTriple(size, (length, n) => Math.floor((length - shape[n] * factor[n]) / 2));
  const toImage = Affine.scaling(factor).withOffset(
    mapTriple(first, (n, axis) => n + (factor[axis] - 1) / 2),
  );
  return {
    data: engine.run(AVERAGE_BOXES, image, {factor, first, shape}),
    shape,
    affine: Affine.compose(affine, toImage),
  };
}

/** The blocks in which there is something, and how much noise there may be. */
function cutIntoBlocks(
  level: Grid & {readonly data: Float32Array},
  spacing: number,
  engine: KernelRunner,
): Pick<BlockImage, 'blockShape' | 'blocks' | 'noise'> {
  const blockShape = blockShapeFor(level, spacing);
  const variances = engine.run(BLOCK_VARIANCES, level, blockShape, FEWEST_BLOCK_POINTS);
  const typical = typicalVariance(variances.filter((variance) => variance > 0));
  const strong: number[] = [];
  for (let block = 0; block < variances.length; block++) {
    if (variances[block] > 0 && variances[block] >= FLAT * typical) strong.push(block);
  }
  const kept = spreadEvenly(Int32Array.from(strong), MOST_BLOCKS);
  const blocks = kept.map((block) => firstVoxel(block, level.shape, blockShape));
  return {blockShape, blocks, noise: NOISE * typical};
}

/** Index of the first voxel of a block. */
function firstVoxel(block: number, shape: Triple, blockShape: Triple): number {
  const [alongI, alongJ] = blocksAlong(shape, blockShape);
  const i = blockShape[0] * (block % alongI);
  const j = blockShape[1] * (Math.floor(block / alongI) % alongJ);
  const k = blockShape[2] * Math.floor(block / (alongI * alongJ));
  return i + shape[0] * (j + shape[1] * k);
}

/** The level with no more than so many of its blocks, spread over the image. */
export function thinned(level: Level, most: number): Level {
  return {...level, blocks: spreadEvenly(level.blocks, most)};
}

function spreadEvenly(blocks: Int32Array, most: number): Int32Array {
  const share = Math.min(1, most / blocks.length);
  return blocks.filter((_, n) => Math.floor((n + 1) * share) > Math.floor(n * share));
}

/** The median over the blocks that are not nearly flat beside the strongest ones; robust against a large background and outliers. */
function typicalVariance(variances: Float64Array): number {
  if (variances.length === 0) return 1;
  const sorted = variances.slice().sort();
  const strong = sorted[Math.floor(0.95 * (sorted.length - 1))];
  const start = sorted.findIndex((variance) => variance >= 0.01 * strong);
  return sorted[start + ((sorted.length - start) >> 1)];
}

function blockShapeFor({affine, shape}: Grid, spacing: number): Triple {
  const own = affine.spacing;
  const block = own.map((mm, axis) =>
    Math.min(
      shape[axis],
      Math.max(1, Math.min(BLOCK_REACH, Math.round((BLOCK_REACH * spacing) / mm))),
    ),
  );
  // Thick slices: more of the plane instead.
  for (;;) {
    const points = block[0] * block[1] * block[2];
    const axes = [0, 1, 2].filter(
      (axis) => 2 * points <= MOST_BLOCK_POINTS && 2 * block[axis] <= shape[axis],
    );
    if (axes.length === 0) return [block[0], block[1], block[2]];
    const shortest = axes.reduce((a, b) => (block[b] * own[b] < block[a] * own[a] ? b : a));
    block[shortest] *= 2;
  }
}

/** The spacings of the levels, mm, finest first. */
export function levelSpacings(fixed: Grid, moving: Grid): number[] {
  const finest = Math.max(...[fixed, moving].map(sensibleSpacing));
  const extent = Math.min(...[fixed, moving].map(extentOf));
  const spacings = [finest];
  while (spacings.length < 4 && extent / (2 * spacings[spacings.length - 1]) >= 12)
    spacings.push(2 * spacings[spacings.length - 1]);
  return spacings;
}

/** The finest spacing, but not more than so many voxels along the longest axis. */
function sensibleSpacing(grid: Grid): number {
  const spacing = grid.affine.spacing.filter((_, axis) => grid.shape[axis] > 1);
  return Math.max(Math.min(...spacing), extentOf(grid) / 128);
}

/** Of the longest axis, mm. */
export function extentOf({shape, affine}: Grid): number {
  return Math.max(...affine.spacing.map((mm, axis) => mm * shape[axis]));
}
