import type {Affine, LinearRows} from '../geometry/affine.js';
import type {Triple} from '../geometry/triple.js';
import type {VoxelOperation} from './voxel-operation.js';

/** Parameters of an affine motion: the entries of its 3 x 4 generator, row-major. */
export const MOTION_PARAMETERS = 12;
/** Most points of a block. */
export const MOST_BLOCK_POINTS = 64;
/** A block with fewer points than this inside both images says nothing about their likeness. */
export const FEWEST_BLOCK_POINTS = 8;

/** An image whose voxels are points to compare, cut into blocks. Disk order; NaN marks a voxel that does not count. */
export interface BlockImage {
  readonly data: Float32Array;
  readonly shape: Triple;
  /** Voxels of a block along i, j, k; at most `MOST_BLOCK_POINTS` together. */
  readonly blockShape: Triple;
  /** The first voxel (index into `data`) of every block that counts. */
  readonly blocks: Int32Array;
  /** Added to a block's variance, so that noise where nothing is counts little; > 0. */
  readonly noise: number;
}

/** The image that the points are compared with. */
export type SampledBlocks = Pick<BlockImage, 'data' | 'shape' | 'noise'>;

/** How a point of one image reaches the other, and the motion. */
export interface BlockMap {
  /** Voxel of the points' image -> voxel of the sampled image. */
  readonly toVoxel: Affine;
  /** Voxel of the points' image -> where the motion's generator is evaluated. */
  readonly toMotion: Affine;
  /** Gradient over the sampled image's voxels -> gradient over the generator's value. */
  readonly gradientToMotion: LinearRows;
}

/** The sum over blocks of points times misfit, and its derivatives by the motion's parameters. */
export interface BlockMisfit {
  /** Points in blocks that count, inside both images. */
  readonly points: number;
  /** Sum over blocks of points * E, E in [0, 1]. */
  readonly misfit: number;
  /** [12] */
  readonly gradient: Float64Array;
  /** [12, 12], Gauss-Newton's approximation, positive semi-definite. */
  readonly hessian: Float64Array;
}

/**
 * How badly an image explains another one, block by block, by a linear function of its intensities.
 *
 * For the points i of a block with intensities f of their own and m sampled trilinearly from the other image,
 * E = min over a, b of (mean (f_i - a m_i - b)^2 + a^2 noise_m) / (var f + noise_f) = (var f - cov^2 / (var m + noise_m)) / (var f + noise_f):
 * one minus the squared local correlation, whatever its sign, but for the noise. Points outside the sampled image, or
 * beside a NaN of it, do not count; positions up to half a voxel outside the outermost centres count as on them.
 *
 * With J_i = d m_i / d parameters, the gradient is that of E; the Hessian leaves out the second derivatives of m, moves a block as its
 * centre moves, and uses Kaufman's approximation for a's own dependence on the parameters.
 *
 * @see Golub and Pereyra, Inverse Problems 19, 2003, section 4 (variable projection and Kaufman's approximation).
 */
export const CORRELATE_BLOCKS: VoxelOperation<
  [points: BlockImage, sampled: SampledBlocks, map: BlockMap],
  BlockMisfit
> = {name: 'correlateBlocks', portable: correlateBlocks};

function correlateBlocks(points: BlockImage, sampled: SampledBlocks, map: BlockMap): BlockMisfit {
  const total = {
    points: 0,
    misfit: 0,
    gradient: new Float64Array(MOTION_PARAMETERS),
    hessian: new Float64Array(MOTION_PARAMETERS ** 2),
  };
  const block = {
    count: 0,
    own: new Float64Array(MOST_BLOCK_POINTS),
    other: new Float64Array(MOST_BLOCK_POINTS),
    slopes: new Float64Array(MOST_BLOCK_POINTS * 3),
    places: new Float64Array(MOST_BLOCK_POINTS * 3),
    centre: new Float64Array([0, 0, 0, 1]),
  };
  for (const first of points.blocks) {
    gatherBlock(block, first, {points, sampled, map});
    if (block.count >= FEWEST_BLOCK_POINTS) {
      addBlock(total, block, {own: points.noise, other: sampled.noise});
    }
  }
  return total;
}

interface Block {
  count: number;
  readonly own: Float64Array;
  readonly other: Float64Array;
  /** Of `other` over the motion's value, three per point. */
  readonly slopes: Float64Array;
  /** Where the motion is evaluated, three per point. */
  readonly places: Float64Array;
  /** Where it is evaluated for the whole block, and 1. */
  readonly centre: Float64Array;
}

/** The points of one block that are inside both images. */
function gatherBlock(
  block: Block,
  first: number,
  {
    points,
    sampled,
    map,
  }: {
    readonly points: BlockImage;
    readonly sampled: Pick<BlockImage, 'data' | 'shape'>;
    readonly map: BlockMap;
  },
): void {
  const {data, shape, blockShape} = points;
  const start: Triple = [
    first % shape[0],
    Math.floor(first / shape[0]) % shape[1],
    Math.floor(first / (shape[0] * shape[1])),
  ];
  const end = start.map((n, axis) => Math.min(n + blockShape[axis], shape[axis]));
  const g = map.gradientToMotion;
  const sample = new Float64Array(4);
  const at = new Float64Array(3);
  const [middleI, middleJ, middleK] = start.map((n, axis) => n + (blockShape[axis] - 1) / 2);
  place(block.centre, map.toMotion, middleI, middleJ, middleK);
  block.count = 0;
  for (let k = start[2]; k < end[2]; k++) {
    for (let j = start[1]; j < end[1]; j++) {
      for (let i = start[0]; i < end[0]; i++) {
        const own = data[i + shape[0] * (j + shape[1] * k)];
        place(at, map.toVoxel, i, j, k);
        if (Number.isNaN(own) || !sampleWithGradient(sample, sampled, at)) continue;
        const n = 3 * block.count;
        place(at, map.toMotion, i, j, k);
        block.places.set(at, n);
        block.own[block.count] = own;
        block.other[block.count] = sample[0];
        for (let row = 0; row < 3; row++) {
          block.slopes[n + row] =
            g[3 * row] * sample[1] + g[3 * row + 1] * sample[2] + g[3 * row + 2] * sample[3];
        }
        block.count++;
      }
    }
  }
}

/** Add one block's points * E and its derivatives. */
function addBlock(
  total: {
    points: number;
    misfit: number;
    readonly gradient: Float64Array;
    readonly hessian: Float64Array;
  },
  {count, own, other, slopes, places, centre}: Block,
  noise: {readonly own: number; readonly other: number},
): void {
  let [meanF, meanM, varF, varM, covariance] = [0, 0, 0, 0, 0];
  const meanSlope = new Float64Array(3);
  for (let n = 0; n < count; n++) {
    meanF += own[n] / count;
    meanM += other[n] / count;
    for (let row = 0; row < 3; row++) meanSlope[row] += slopes[3 * n + row] / count;
  }
  for (let n = 0; n < count; n++) {
    varF += (own[n] - meanF) ** 2 / count;
    varM += (other[n] - meanM) ** 2 / count;
    covariance += ((own[n] - meanF) * (other[n] - meanM)) / count;
  }
  const a = covariance / (varM + noise.other);
  const scale = 1 / (varF + noise.own);
  total.points += count;
  total.misfit += count * (varF - a * covariance) * scale;

  const slope = new Float64Array(3);
  const along = new Float64Array(3);
  const products = new Float64Array(9);
  for (let n = 0; n < count; n++) {
    const m = other[n] - meanM;
    const residual = own[n] - meanF - a * m;
    for (let row = 0; row < 3; row++) {
      // What the mean of the slopes adds is nothing: the residuals of a block add up to 0.
      const descent = -2 * a * scale * residual * slopes[3 * n + row];
      for (let axis = 0; axis < 3; axis++) {
        total.gradient[4 * row + axis] += descent * places[3 * n + axis];
      }
      total.gradient[4 * row + 3] += descent;
      slope[row] = slopes[3 * n + row] - meanSlope[row];
      along[row] += m * slope[row];
    }
    addOuterProduct(products, slope, 1);
  }
  addOuterProduct(products, along, -1 / (count * (varM + noise.other)));
  for (let p = 0; p < MOTION_PARAMETERS; p++) {
    for (let q = 0; q < MOTION_PARAMETERS; q++) {
      const product = products[3 * (p >> 2) + (q >> 2)] * centre[p & 3] * centre[q & 3];
      total.hessian[MOTION_PARAMETERS * p + q] += 2 * a * a * scale * product;
    }
  }
}

/** matrix [3, 3] += factor * vector vector^T */
function addOuterProduct(matrix: Float64Array, vector: Float64Array, factor: number): void {
  for (let row = 0; row < 3; row++) {
    for (let column = 0; column < 3; column++) {
      matrix[3 * row + column] += factor * vector[row] * vector[column];
    }
  }
}

function place(to: Float64Array, {rows}: Affine, i: number, j: number, k: number): void {
  for (let row = 0; row < 3; row++) {
    const r = 4 * row;
    to[row] = rows[r] * i + rows[r + 1] * j + rows[r + 2] * k + rows[r + 3];
  }
}

/** Lower corner, fraction and whether the position lies between the outermost centres, of `sampleWithGradient`. */
const lower = new Int32Array(3);
const fraction = new Float64Array(3);
const within = new Float64Array(3);

/** Trilinear value and gradient over voxels into `result` [4]; false outside the image or beside a NaN. */
function sampleWithGradient(
  result: Float64Array,
  {data, shape}: Pick<BlockImage, 'data' | 'shape'>,
  at: Float64Array,
): boolean {
  for (let axis = 0; axis < 3; axis++) {
    const last = shape[axis] - 1;
    const x = at[axis];
    if (!(x >= -0.5 && x <= last + 0.5)) return false;
    const clamped = Math.min(Math.max(x, 0), last);
    lower[axis] = Math.max(Math.min(Math.floor(clamped), last - 1), 0);
    fraction[axis] = clamped - lower[axis];
    within[axis] = x >= 0 && x <= last ? 1 : 0;
  }
  const up = shape[0] > 1 ? 1 : 0;
  const p = lower[0] + shape[0] * (lower[1] + shape[1] * lower[2]);
  const q = p + (shape[1] > 1 ? shape[0] : 0);
  const above = shape[2] > 1 ? shape[0] * shape[1] : 0;
  const [u, v, w] = fraction;
  const atP = data[p] + u * (data[p + up] - data[p]);
  const atQ = data[q] + u * (data[q + up] - data[q]);
  const atR = data[p + above] + u * (data[p + above + up] - data[p + above]);
  const atS = data[q + above] + u * (data[q + above + up] - data[q + above]);
  const near = atP + v * (atQ - atP);
  const far = atR + v * (atS - atR);
  const slopeNear = (1 - v) * (data[p + up] - data[p]) + v * (data[q + up] - data[q]);
  const slopeFar =
    (1 - v) * (data[p + above + up] - data[p + above]) +
    v * (data[q + above + up] - data[q + above]);
  result[0] = near + w * (far - near);
  result[1] = within[0] * (slopeNear + w * (slopeFar - slopeNear));
  result[2] = within[1] * (atQ - atP + w * (atS - atR - (atQ - atP)));
  result[3] = within[2] * (far - near);
  return result[0] === result[0]; // not NaN
}
