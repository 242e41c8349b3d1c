import * as tf from '@tensorflow/tfjs-core';
import {HypermorphError} from '../errors.js';
import {Affine} from '../geometry/affine.js';
import {largestDistance} from '../geometry/grid.js';
import {integrateVelocity} from '../ops/integrate.js';
import {warpTensor} from '../ops/warp.js';
import {
  affineTransform,
  compose,
  displacementTransform,
  partsOf,
  type DisplacementTransform,
  type SimpleTransform,
  type StationaryVelocity,
  type Transform,
} from './transform.js';
import {denseFieldOf} from './dense-field.js';
import {affineOfFaces} from './face-affine.js';
import {tensorOf, valuesOf} from './tensors.js';
import {inVoxels, type VectorField} from './vector-field.js';

export interface InverseOptions {
  /** Most steps of the search for the inverse of a plain displacement; 100 unless told. */
  readonly steps?: number;
  /** The search ends where no voxel is further off than this; 0.001 mm unless told. */
  readonly toleranceMm?: number;
}

export interface Inverse {
  /** Moving -> fixed, RAS mm. */
  readonly transform: Transform;
  /** How far the search was from its goal at the worst voxel when it ended, mm; 0 where nothing had to be searched. */
  readonly residualMm: number;
}

/**
 * The transform that leads back.
 *
 * An affine map is inverted as it is, a displacement that carries its velocity by integrating the negative velocity. The inverse
 * of a plain displacement u is searched on u's own grid: v <- -u(x + v(x)), which converges where u changes by less than a voxel
 * per voxel; beyond its grid u continues as at its edge meanwhile. Where the faces of the grid move, the affine map nearest to what
 * they do is taken out before and inverted as it is, and holds beyond the grid. A spline is inverted as a field of 2 mm. Needs a
 * started engine for the fields.
 *
 * @throws {HypermorphError} E_RANGE if an affine map is flat, or if a search does not converge at all.
 * @see Chen et al., Med. Phys. 35 (2008) 81, "A simple fixed-point approach to invert a deformation field".
 *
 * @example
 * import {Affine, affineTransform, inverse, mapPoints} from 'hypermorph';
 * const shift = affineTransform(Affine.translation([1, 2, 3]));
 * mapPoints(inverse(shift).transform, [[1, 2, 3]]); // [[0, 0, 0]]
 */
export function inverse(transform: Transform, options: InverseOptions = {}): Inverse {
  const inverses = partsOf(transform).map((part) => inverseOf(part, options));
  return {
    transform: compose(...inverses.map((part) => part.transform).reverse()),
    residualMm: Math.max(...inverses.map((part) => part.residualMm)),
  };
}

function inverseOf(part: SimpleTransform, options: InverseOptions): Inverse {
  if (part.kind === 'affine') {
    return {transform: affineTransform(part.affine.inverse()), residualMm: 0};
  }
  if (part.kind === 'spline') return searchInverse(denseFieldOf(part), options);
  return part.velocity === null
    ? searchInverse(part, options)
    : {transform: exponential(negated(part.velocity)), residualMm: 0};
}

/**
 * The transform of a stationary velocity: its integral by scaling and squaring. It inverts without a search.
 *
 * @param velocity - Voxels of its own grid; `steps` squarings. Needs a started engine.
 * @see integrateVelocity
 *
 * @example
 * import {Affine, exponential, inverse, mapPoints, startEngine} from 'hypermorph';
 * await startEngine({engine: 'javascript'});
 * const grid = {shape: [3, 3, 3], affine: Affine.identity} as const;
 * const values = new Float32Array(81).fill(0.25);
 * const field = {grid, unit: 'voxels', order: 'tensor', values} as const;
 * const {transform} = inverse(exponential({field, steps: 4}));
 * mapPoints(transform, [[1, 1, 1]]); // [[0.75, 0.75, 0.75]]
 */
export function exponential(velocity: StationaryVelocity): DisplacementTransform {
  const {field, steps} = velocity;
  const values = valuesOf(() => integrateVelocity(tensorOf(field), {steps}));
  return displacementTransform({...field, values}, velocity);
}

function negated({field, steps}: StationaryVelocity): StationaryVelocity {
  return {field: {...field, values: field.values.map((value) => -value)}, steps};
}

/** Faces that move by less, in voxels, are left as they are: the inverse is then exact at the voxels of the grid. */
const SMALL_VOX = 3;

/** T = B D, B the affine map of the faces, which may lead far away: D stays on the grid, where its inverse is searched. */
function searchInverse({field}: DisplacementTransform, options: InverseOptions): Inverse {
  const whole = inVoxels(field);
  const {grid} = whole;
  const faces = affineOfFaces(whole);
  const isSmall = largestDistance(faces, Affine.identity, grid.shape) < SMALL_VOX;
  if (isSmall || !faces.isUsable) return searchOnGrid(whole, options);
  const rest = searchOnGrid(without(faces, whole), options);
  const outer = Affine.compose(grid.affine, faces, grid.affine.inverse());
  return {...rest, transform: compose(rest.transform, affineTransform(outer.inverse()))};
}

type InVoxels = VectorField<'voxels', 'tensor'>;

/** The displacement of x -> A^-1 (x + u(x)). */
function without(affine: Affine, {grid, values, ...field}: InVoxels): InVoxels {
  const {rows: r} = affine.inverse();
  const [lengthI, lengthJ, lengthK] = grid.shape;
  const rest = new Float32Array(values.length);
  let n = 0;
  for (let i = 0; i < lengthI; i++) {
    for (let j = 0; j < lengthJ; j++) {
      for (let k = 0; k < lengthK; k++, n += 3) {
        const [x, y, z] = [i + values[n], j + values[n + 1], k + values[n + 2]];
        rest[n] = r[0] * x + r[1] * y + r[2] * z + r[3] - i;
        rest[n + 1] = r[4] * x + r[5] * y + r[6] * z + r[7] - j;
        rest[n + 2] = r[8] * x + r[9] * y + r[10] * z + r[11] - k;
      }
    }
  }
  return {...field, grid, values: rest};
}

function searchOnGrid(
  displacement: InVoxels,
  {steps = 100, toleranceMm = 1e-3}: InverseOptions,
): Inverse {
  const {linear} = displacement.grid.affine;
  let residualMm = Infinity;
  const values = valuesOf(() => {
    const u = tensorOf(displacement);
    const toMm = tf.transpose<tf.Tensor2D>(tf.tensor2d([...linear], [3, 3]));
    let v: tf.Tensor = tf.neg(u);
    for (let step = 0; step < steps && residualMm > toleranceMm; step++) {
      const better: tf.Tensor = tf.neg(warpTensor(u, v));
      residualMm = largestLength(tf.sub(better, v), toMm);
      v.dispose();
      v = better;
    }
    return v;
  });
  if (!Number.isFinite(residualMm)) {
    throw new HypermorphError(
      'E_RANGE',
      `inverse: the displacement must be finite to have an inverse, got a residual of ${residualMm} mm.`,
    );
  }
  return {transform: displacementTransform({...displacement, values}), residualMm};
}

/** The largest length among vectors [..., 3] in voxels. */
function largestLength(vectors: tf.Tensor, toMm: tf.Tensor2D): number {
  return tf.tidy(() => {
    const lengths = tf.norm(tf.matMul(tf.reshape(vectors, [-1, 3]), toMm), 'euclidean', 1);
    return tf.max(lengths).dataSync()[0];
  });
}
