import type {Affine} from '../geometry/affine.js';
import {countVoxels} from '../geometry/grid.js';
import type {Triple} from '../geometry/triple.js';
import {positionInSpline, setSplineWeights} from './spline-weights.js';
import type {PlacedField, VoxelMap} from './voxel-map.js';
import type {VoxelOperation} from './voxel-operation.js';
import type {Outside, VoxelArray, Voxels} from './voxels.js';

/*
 * Sampling, the same for every engine: an index may lie up to half a voxel outside the outermost voxel centres and then counts as
 * on them (the voxel reaches so far); beyond, `outside` applies. Voxels that are NaN or infinite count as 0.
 * Positions are computed in float64. Nearest rounds halves up: floor(x + 1/2).
 * A field is sampled trilinearly with the same half voxel of tolerance; beyond it, u = 0. A field of a spline has u where four
 * coefficients along each axis reach, from the second point of its grid to the last but one, and u = 0 elsewhere.
 */

/** How an image is looked up on a grid. */
export interface GridSampleOptions {
  readonly interpolation: 'linear' | 'nearest';
  readonly outside: Outside;
}

/**
 * Sample an image on a grid: the value at grid index x is `volume(toVoxel x)`.
 *
 * Gives [I, J, K] in tensor order: k varies fastest.
 */
export const SAMPLE_GRID: VoxelOperation<
  [volume: Voxels, toVoxel: Affine, shape: Triple, options: GridSampleOptions],
  Float32Array
> = {name: 'sampleGrid', portable: sampleGrid};

/**
 * Sample an image at the places where a map takes voxels, trilinearly, for every voxel of `shape`.
 *
 * Gives one number per voxel in disk order: i varies fastest.
 */
export const SAMPLE_MAP: VoxelOperation<
  [volume: Voxels, map: VoxelMap, shape: Triple, options: {readonly outside: Outside}],
  Float32Array
> = {name: 'sampleMap', portable: sampleMap};

/**
 * Sample a label map at the places where a map takes voxels, nearest voxel, for every voxel of `shape`.
 *
 * Gives the element type of the label map, disk order.
 */
export const SAMPLE_LABELS: VoxelOperation<
  [volume: Voxels, map: VoxelMap, shape: Triple, options: {readonly outside: Outside}],
  VoxelArray
> = {name: 'sampleLabels', portable: sampleLabels};

/**
 * How far a map takes every voxel v of `shape`: map(v) - origin v.
 *
 * Gives three components, slowest: all of the first, then the second, then the third, each in disk order.
 */
export const MAP_OFFSETS: VoxelOperation<
  [map: VoxelMap, origin: Affine, shape: Triple],
  Float32Array
> = {name: 'mapOffsets', portable: mapOffsets};

/** Largest length of the offsets of `MAP_OFFSETS`, and their sum. */
export const MEASURE_LENGTHS: VoxelOperation<
  [map: VoxelMap, origin: Affine, shape: Triple],
  {readonly maximum: number; readonly sum: number}
> = {name: 'measureLengths', portable: measureLengths};

/** How far outside the outermost voxel centres a position still belongs to the image. */
const HALF_VOXEL = 0.5;

function sampleGrid(
  volume: Voxels,
  toVoxel: Affine,
  shape: Triple,
  options: GridSampleOptions,
): Float32Array {
  const {data, shape: size} = volume;
  const sample = options.interpolation === 'linear' ? sampleLinear : sampleNearest;
  const [a, b, c, d, e, f, g, h, i, j, k, l] = toVoxel.rows;
  const [lengthI, lengthJ, lengthK] = shape;
  const result = new Float32Array(lengthI * lengthJ * lengthK);
  let n = 0;
  for (let x = 0; x < lengthI; x++) {
    for (let y = 0; y < lengthJ; y++) {
      const startX = a * x + b * y + d;
      const startY = e * x + f * y + h;
      const startZ = i * x + j * y + l;
      for (let z = 0; z < lengthK; z++, n++) {
        result[n] = sample(
          data,
          size,
          startX + c * z,
          startY + g * z,
          startZ + k * z,
          options.outside,
        );
      }
    }
  }
  return result;
}

function sampleMap(
  volume: Voxels,
  map: VoxelMap,
  shape: Triple,
  options: {readonly outside: Outside},
): Float32Array {
  const result = new Float32Array(shape[0] * shape[1] * shape[2]);
  sampleInto(result, volume, map, shape, {sample: sampleLinear, outside: options.outside});
  return result;
}

function sampleLabels(
  volume: Voxels,
  map: VoxelMap,
  shape: Triple,
  options: {readonly outside: Outside},
): VoxelArray {
  const result = emptyLike(volume.data, shape[0] * shape[1] * shape[2]);
  sampleInto(result, volume, map, shape, {sample: sampleNearest, outside: options.outside});
  return result;
}

function mapOffsets(map: VoxelMap, origin: Affine, shape: Triple): Float32Array {
  const voxels = countVoxels(shape);
  const result = new Float32Array(3 * voxels);
  forEachOffset(map, origin, shape, (offset, n) => {
    for (let axis = 0; axis < 3; axis++) result[n + axis * voxels] = offset[axis];
  });
  return result;
}

function measureLengths(
  map: VoxelMap,
  origin: Affine,
  shape: Triple,
): {readonly maximum: number; readonly sum: number} {
  let maximum = 0;
  let sum = 0;
  forEachOffset(map, origin, shape, ([x, y, z]) => {
    const length = Math.sqrt(x * x + y * y + z * z);
    if (length > maximum) maximum = length;
    sum += length;
  });
  return {maximum, sum};
}

/** Where a map takes one point, in place. */
export function followMap(position: Float64Array, map: VoxelMap): void {
  for (const {base, displacement} of map) {
    const [x, y, z] = position;
    move(position, base, x, y, z);
    if (displacement !== null) displace(position, displacement, x, y, z);
  }
}

function setTo(position: Float64Array, i: number, j: number, k: number): void {
  position[0] = i;
  position[1] = j;
  position[2] = k;
}

function move(position: Float64Array, {rows: m}: Affine, x: number, y: number, z: number): void {
  position[0] = m[0] * x + m[1] * y + m[2] * z + m[3];
  position[1] = m[4] * x + m[5] * y + m[6] * z + m[7];
  position[2] = m[8] * x + m[9] * y + m[10] * z + m[11];
}

/** Where a point lies in a field, and the vector there: memory of `displace`, which calls nothing that comes back to it. */
const place = new Float64Array(3);
const u = new Float64Array(3);

function displace(
  position: Float64Array,
  {toField, linear, field, fieldShape, degree}: PlacedField,
  x: number,
  y: number,
  z: number,
): void {
  move(place, toField, x, y, z);
  if (degree === 3) sampleSplineField(u, field, fieldShape, place);
  else sampleField(u, field, fieldShape, place[0], place[1], place[2]);
  for (let axis = 0; axis < 3; axis++) {
    const c = 3 * axis;
    position[axis] += linear[c] * u[0] + linear[c + 1] * u[1] + linear[c + 2] * u[2];
  }
}

function forEachOffset(
  map: VoxelMap,
  origin: Affine,
  shape: Triple,
  use: (offset: Float64Array, n: number) => void,
): void {
  const position = new Float64Array(3);
  const from = new Float64Array(3);
  for (let k = 0, n = 0; k < shape[2]; k++) {
    for (let j = 0; j < shape[1]; j++) {
      for (let i = 0; i < shape[0]; i++, n++) {
        setTo(position, i, j, k);
        followMap(position, map);
        move(from, origin, i, j, k);
        for (let axis = 0; axis < 3; axis++) position[axis] -= from[axis];
        use(position, n);
      }
    }
  }
}

type Sample = typeof sampleLinear;

/** Look an image up by `sample` at every place where a map takes voxels. */
export function sampleInto(
  result: VoxelArray,
  volume: Voxels,
  map: VoxelMap,
  shape: Triple,
  options: {readonly sample: Sample; readonly outside: Outside},
): void {
  const {data, shape: size} = volume;
  const {sample, outside} = options;
  const position = new Float64Array(3);
  for (let k = 0, n = 0; k < shape[2]; k++) {
    for (let j = 0; j < shape[1]; j++) {
      for (let i = 0; i < shape[0]; i++, n++) {
        setTo(position, i, j, k);
        followMap(position, map);
        result[n] = sample(data, size, position[0], position[1], position[2], outside);
      }
    }
  }
}

/** Trilinear u at (x, y, z) of its grid into `u`; zero further than half a voxel outside. */
function sampleField(
  u: Float64Array,
  field: Float32Array,
  shape: Triple,
  x: number,
  y: number,
  z: number,
): void {
  const [lengthI, lengthJ, lengthK] = shape;
  u.fill(0);
  if (!isWithin(shape, x, y, z)) return;
  const px = clampIndex(x, lengthI);
  const py = clampIndex(y, lengthJ);
  const pz = clampIndex(z, lengthK);
  const i0 = Math.floor(px);
  const j0 = Math.floor(py);
  const k0 = Math.floor(pz);
  for (let corner = 0; corner < 8; corner++) {
    const di = corner & 1;
    const dj = (corner >> 1) & 1;
    const dk = corner >> 2;
    const weight =
      (di === 1 ? px - i0 : 1 - px + i0) *
      (dj === 1 ? py - j0 : 1 - py + j0) *
      (dk === 1 ? pz - k0 : 1 - pz + k0);
    if (weight === 0) continue; // also keeps the index inside at the upper edge
    const n = 3 * (((i0 + di) * lengthJ + j0 + dj) * lengthK + k0 + dk);
    u[0] += weight * field[n];
    u[1] += weight * field[n + 1];
    u[2] += weight * field[n + 2];
  }
}

/** Weights along each axis: memory of `sampleSplineField`. */
const splineWeights = [0, 1, 2].map(() => new Float64Array(4));

/** u of a spline at a place of its grid of coefficients into `u`; zero where fewer than four reach it along an axis. */
function sampleSplineField(
  u: Float64Array,
  coefficients: Float32Array,
  shape: Triple,
  place: Float64Array,
): void {
  u.fill(0);
  let first = 0;
  for (let axis = 0; axis < 3; axis++) {
    const length = shape[axis];
    const position = positionInSpline(place[axis], length);
    if (Number.isNaN(position)) return;
    const lower = Math.min(Math.floor(position), length - 3);
    setSplineWeights(splineWeights[axis], position - lower);
    first = first * length + lower - 1;
  }
  const [alongI, alongJ, alongK] = splineWeights;
  for (let i = 0; i < 4; i++) {
    for (let j = 0; j < 4; j++) {
      for (let k = 0; k < 4; k++) {
        const weight = alongI[i] * alongJ[j] * alongK[k];
        const n = 3 * (first + (i * shape[1] + j) * shape[2] + k);
        u[0] += weight * coefficients[n];
        u[1] += weight * coefficients[n + 1];
        u[2] += weight * coefficients[n + 2];
      }
    }
  }
}

/** Trilinear value at voxel index (x, y, z) of an image stored i fastest. */
function sampleLinear(
  data: VoxelArray,
  shape: Triple,
  x: number,
  y: number,
  z: number,
  outside: Outside,
): number {
  if (outside !== 'edge' && !isWithin(shape, x, y, z)) return outside;
  const [lengthI, lengthJ, lengthK] = shape;
  const px = clampIndex(x, lengthI);
  const py = clampIndex(y, lengthJ);
  const pz = clampIndex(z, lengthK);
  const i0 = Math.floor(px);
  const j0 = Math.floor(py);
  const k0 = Math.floor(pz);
  const stepI = i0 + 1 < lengthI ? 1 : 0;
  const stepJ = j0 + 1 < lengthJ ? lengthI : 0;
  const stepK = k0 + 1 < lengthK ? lengthI * lengthJ : 0;
  const n = i0 + lengthI * (j0 + lengthJ * k0);
  const fi = px - i0;
  const fj = py - j0;
  const fk = pz - k0;
  const value =
    (1 - fk) *
      ((1 - fj) * ((1 - fi) * data[n] + fi * data[n + stepI]) +
        fj * ((1 - fi) * data[n + stepJ] + fi * data[n + stepJ + stepI])) +
    fk *
      ((1 - fj) * ((1 - fi) * data[n + stepK] + fi * data[n + stepK + stepI]) +
        fj * ((1 - fi) * data[n + stepK + stepJ] + fi * data[n + stepK + stepJ + stepI]));
  if (value - value === 0) return value;
  // A corner is NaN or infinite (or the product of such a corner with weight 0): again, with such voxels as 0.
  return (
    (1 - fk) *
      ((1 - fj) * ((1 - fi) * finiteAt(data, n) + fi * finiteAt(data, n + stepI)) +
        fj * ((1 - fi) * finiteAt(data, n + stepJ) + fi * finiteAt(data, n + stepJ + stepI))) +
    fk *
      ((1 - fj) * ((1 - fi) * finiteAt(data, n + stepK) + fi * finiteAt(data, n + stepK + stepI)) +
        fj *
          ((1 - fi) * finiteAt(data, n + stepK + stepJ) +
            fi * finiteAt(data, n + stepK + stepJ + stepI)))
  );
}

function finiteAt(data: VoxelArray, index: number): number {
  const value = data[index];
  return value - value === 0 ? value : 0;
}

/** Value of the voxel nearest to index (x, y, z) of an image stored i fastest. */
function sampleNearest(
  data: VoxelArray,
  shape: Triple,
  x: number,
  y: number,
  z: number,
  outside: Outside,
): number {
  if (outside !== 'edge' && !isWithin(shape, x, y, z)) return outside;
  const [lengthI, lengthJ, lengthK] = shape;
  const i = Math.floor(clampIndex(x, lengthI) + HALF_VOXEL);
  const j = Math.floor(clampIndex(y, lengthJ) + HALF_VOXEL);
  const k = Math.floor(clampIndex(z, lengthK) + HALF_VOXEL);
  return finiteAt(data, i + lengthI * (j + lengthJ * k));
}

/** Whether a position is no more than half a voxel outside the outermost voxel centres. */
export function isWithin(shape: Triple, x: number, y: number, z: number): boolean {
  return isAlong(x, shape[0]) && isAlong(y, shape[1]) && isAlong(z, shape[2]);
}

/** The same along one axis. */
export function isAlong(position: number, length: number): boolean {
  return position >= -HALF_VOXEL && position <= length - 1 + HALF_VOXEL; // false for NaN
}

/** The position on an axis that a position counts as. */
export function clampIndex(position: number, length: number): number {
  if (!(position > 0)) return 0; // NaN too
  return position < length - 1 ? position : length - 1;
}

function emptyLike(data: VoxelArray, length: number): VoxelArray {
  const Type = data.constructor as new (length: number) => VoxelArray;
  return new Type(length);
}
