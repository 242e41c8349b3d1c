import {HypermorphError} from '../errors.js';
import {
  applyToPoint,
  fromLinearAndOffset,
  invert,
  linearPart,
  multiply,
  orientationOf,
  spacingOf,
  type Matrix4,
} from './affine.js';
import {normaliseInPlace, type IntensityScale} from './intensity.js';
import type {Grid, Triple} from './volume.js';
import type {Voxels, VoxelKernels} from './voxel-kernels.js';

/** Two extents that differ by less than this many network voxels are the same: header fields are float32. */
const EXTENT_TOLERANCE = 0.01;
/** Two grids whose voxels lie closer than this (in voxels) are the same grid. */
const GRID_TOLERANCE = 1e-3;

/** The grid that a model was trained on, without its place; part of a model's description. */
export interface NetworkGridSpec {
  /** Axis codes, e.g. `LIA`: axis 0 runs to the left, axis 1 down, axis 2 forward. Null: the axes of the fixed image. */
  readonly orientation: string | null;
  /** mm per voxel along the network's axes. Null, for one axis or all: the spacing of the fixed image. */
  readonly spacing: readonly (number | null)[] | null;
  /** Whether `orientation` means axes of the world, or those axes of the image that run closest to them; world unless told. */
  readonly axes?: 'world' | 'image';
  /** Sizes are multiples of these. */
  readonly multiple: Triple;
  /** The largest grid to use, for training; what does not fit is cut off, the same on both sides. */
  readonly maximumShape?: Triple | null;
}

export interface NetworkGrid extends Grid {
  /** Whether this is the fixed image's own grid, so that no voxel of it is interpolated. */
  readonly isFixedGrid: boolean;
}

/**
 * Place the network's grid on the fixed image: it covers the field of view, has the model's axes and spacing, shares the
 * image's centre, and its sizes are multiples of `spec.multiple`.
 *
 * Where the axes and the spacing are those of the image, voxel centres coincide (the centre then moves by half a voxel if the
 * sizes have different parity), so that padding changes no voxel.
 *
 * @throws {HypermorphError} E_GRID if `spec.orientation` is not three axis codes of different axes.
 */
export function networkGridFor(fixed: Grid, spec: NetworkGridSpec): NetworkGrid {
  const linear = networkAxes(fixed, spec);
  const toNetwork = linearPart(
    multiply(invert(fromLinearAndOffset(linear, [0, 0, 0])), fixed.affine),
  );
  const shape: [number, number, number] = [0, 0, 0];
  for (let axis = 0; axis < 3; axis++) {
    let extent = 0;
    for (let n = 0; n < 3; n++) extent += Math.abs(toNetwork[3 * axis + n]) * fixed.shape[n];
    const multiple = spec.multiple[axis];
    const wanted = Math.max(1, Math.ceil((extent - EXTENT_TOLERANCE) / multiple)) * multiple;
    shape[axis] = Math.min(wanted, spec.maximumShape?.[axis] ?? Infinity);
  }

  const centre = applyToPoint(fixed.affine, middleOf(fixed.shape));
  const centred = affineAround(linear, middleOf(shape), centre);
  const affine = isSignedPermutation(toNetwork) ? alignVoxels(centred, fixed.affine) : centred;
  const grid = {shape, affine};
  return isSameGrid(grid, fixed)
    ? {shape, affine: fixed.affine, isFixedGrid: true}
    : {shape, affine, isFixedGrid: false};
}

/** Whether two grids have the same size and, to a thousandth of a voxel, the same place. */
export function isSameGrid(a: Grid, b: Grid): boolean {
  if (a.shape.some((length, axis) => length !== b.shape[axis])) return false;
  const between = multiply(invert(b.affine), a.affine); // voxel of a -> voxel of b
  for (let corner = 0; corner < 8; corner++) {
    const index: Triple = [
      corner & 1 ? a.shape[0] - 1 : 0,
      corner & 2 ? a.shape[1] - 1 : 0,
      corner & 4 ? a.shape[2] - 1 : 0,
    ];
    const image = applyToPoint(between, index);
    if (index.some((position, axis) => Math.abs(position - image[axis]) > GRID_TOLERANCE)) {
      return false;
    }
  }
  return true;
}

/**
 * Sample an image on the network grid and normalise it: what the network sees.
 *
 * @param toVoxel - Network grid index -> voxel index of the image.
 * @returns [I, J, K] in tensor order (k fastest).
 */
export function conformImage(
  image: Voxels,
  toVoxel: Matrix4,
  options: {readonly shape: Triple; readonly scale: IntensityScale; readonly kernels: VoxelKernels},
): Float32Array {
  const {shape, scale, kernels} = options;
  const samples = kernels.sampleOnGrid(image, toVoxel, shape, {
    interpolation: 'linear',
    outside: scale.outside,
  });
  normaliseInPlace(samples, scale, kernels);
  return samples;
}

const AXIS_CODES: Readonly<Record<string, readonly [axis: number, sign: number]>> = {
  R: [0, 1],
  L: [0, -1],
  A: [1, 1],
  P: [1, -1],
  S: [2, 1],
  I: [2, -1],
};

/** The network's axes in the world: nine numbers, row-major, columns in mm per network voxel. */
function networkAxes(fixed: Grid, spec: NetworkGridSpec): number[] {
  const spacing = spec.spacing;
  const ownLinear = linearPart(fixed.affine);
  const ownSpacing = spacingOf(fixed.affine);
  const imageCodes = Array.from(orientationOf(fixed.affine), (code) => AXIS_CODES[code]);
  if (spec.orientation === null) {
    return ownLinear.map((value, n) => {
      const wanted = spacing?.[n % 3] ?? null;
      return wanted === null ? value : (value / ownSpacing[n % 3]) * wanted;
    });
  }
  const codes = spec.orientation
    .toUpperCase()
    .split('')
    .map((code) => AXIS_CODES[code]);
  const axes = new Set(codes.map((code) => code?.[0]));
  if (codes.length !== 3 || codes.includes(undefined as never) || axes.size !== 3) {
    throw new HypermorphError(
      'E_GRID',
      `model: grid orientation must be three axis codes such as LIA or RAS, got "${spec.orientation}".`,
    );
  }
  const linear = new Array<number>(9).fill(0);
  codes.forEach(([worldAxis, sign], axis) => {
    if (spec.axes === 'image') {
      const n = imageCodes.findIndex(([own]) => own === worldAxis);
      const length = ((spacing?.[axis] ?? ownSpacing[n]) / ownSpacing[n]) * sign * imageCodes[n][1];
      for (let row = 0; row < 3; row++) linear[3 * row + axis] = length * ownLinear[3 * row + n];
      return;
    }
    const length = spacing?.[axis] ?? spacingAlong(fixed.affine, worldAxis);
    linear[3 * worldAxis + axis] = sign * length;
  });
  return linear;
}

/** Spacing of the voxel axis that runs most along one world axis. */
function spacingAlong(affine: Matrix4, worldAxis: number): number {
  const spacing = spacingOf(affine);
  const share = [0, 1, 2].map((n) => Math.abs(affine[4 * worldAxis + n]) / spacing[n]);
  return spacing[share.indexOf(Math.max(...share))];
}

function middleOf(shape: Triple): Triple {
  return [(shape[0] - 1) / 2, (shape[1] - 1) / 2, (shape[2] - 1) / 2];
}

/** The affine with these axes that puts voxel index `voxel` at world point `point`. */
function affineAround(linear: readonly number[], voxel: Triple, point: Triple): Matrix4 {
  const [x, y, z] = applyToPoint(fromLinearAndOffset(linear, [0, 0, 0]), voxel);
  return fromLinearAndOffset(linear, [point[0] - x, point[1] - y, point[2] - z]);
}

function isSignedPermutation(linear: readonly number[]): boolean {
  let ones = 0;
  for (const value of linear) {
    const size = Math.abs(value);
    // Over a thousand voxels this adds up to a hundredth of a voxel.
    if (Math.abs(size - 1) < 1e-5) ones++;
    else if (size > 1e-5) return false;
  }
  return ones === 3;
}

/** Move a grid by half a voxel where that lets its voxel centres coincide with those of the image. */
function alignVoxels(affine: Matrix4, imageAffine: Matrix4): Matrix4 {
  const toGrid = multiply(invert(affine), imageAffine);
  // Index of the image's first voxel: whole, or whole and a half; a quarter decides safely between the two.
  const shift = [3, 7, 11].map((n) => toGrid[n] - Math.floor(toGrid[n] + 0.25)) as [
    number,
    number,
    number,
  ];
  const linear = linearPart(affine);
  return fromLinearAndOffset(linear, applyToPoint(affine, shift));
}
