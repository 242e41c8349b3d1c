import {HypermorphError} from '../errors.js';
import {Affine} from '../geometry/affine.js';
import {centreOf, isSameGrid, middleOf, type Grid} from '../geometry/grid.js';
import {mapTriple, type Triple} from '../geometry/triple.js';
import {SAMPLE_GRID} from '../kernels/sampling.js';
import type {KernelRunner} from '../kernels/voxel-operation.js';
import type {Voxels} from '../kernels/voxels.js';
import {normaliseInPlace, type IntensityScale} from './intensity.js';

/** Two extents that differ by less than this many network voxels are the same: header fields are float32. */
const EXTENT_TOLERANCE = 0.01;

/** The grid that a model was trained on, without its place; part of a model's description. */
export interface NetworkGridSpec {
  /** Axis codes, e.g. `LIA`: axis 0 runs to the left, axis 1 down, axis 2 forward. Null: the axes of the fixed image. */
  readonly orientation: string | null;
  /** mm per voxel along the network's axes. Null, for one axis or all: the spacing of the fixed image. */
  readonly spacingMm: readonly (number | null)[] | null;
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
 * @example
 * import {networkGridFor, readImage} from 'hypermorph';
 * const fixed = await readImage('fixed.nii.gz');
 * const grid = networkGridFor(fixed, {orientation: 'LIA', spacingMm: [4, 4, 4], multiple: [16, 16, 16]});
 * grid.shape; // [16, 16, 16]
 */
export function networkGridFor(fixed: Grid, spec: NetworkGridSpec): NetworkGrid {
  const axes = networkAxes(fixed, spec);
  const toNetwork = Affine.compose(axes.inverse(), fixed.affine);
  const shape: [number, number, number] = [0, 0, 0];
  for (let axis = 0; axis < 3; axis++) {
    let extent = 0;
    for (let n = 0; n < 3; n++) extent += Math.abs(toNetwork.linear[3 * axis + n]) * fixed.shape[n];
    const multiple = spec.multiple[axis];
    const wanted = Math.max(1, Math.ceil((extent - EXTENT_TOLERANCE) / multiple)) * multiple;
    shape[axis] = Math.min(wanted, spec.maximumShape?.[axis] ?? Infinity);
  }

  const centred = axes.taking(middleOf(shape), centreOf(fixed));
  const affine = toNetwork.isSignedPermutation ? alignVoxels(centred, fixed.affine) : centred;
  const grid = {shape, affine};
  return isSameGrid(grid, fixed)
    ? {shape, affine: fixed.affine, isFixedGrid: true}
    : {shape, affine, isFixedGrid: false};
}

/**
 * Sample an image on the network grid and normalise it: what the network sees.
 *
 * @param toVoxel - Network grid index -> voxel index of the image.
 * @returns [I, J, K] in tensor order (k fastest).
 *
 * @example
 * import {Affine, conformImage, measureIntensity, PORTABLE as engine} from 'hypermorph';
 * const image = {shape: [3, 1, 1] as const, data: Float32Array.of(10, 20, 50)};
 * const scale = measureIntensity(image, {kind: 'minmax'}, engine, {where: 'image'});
 * const backwards = Affine.scaling([-1, 1, 1]).withOffset([2, 0, 0]); // the grid runs the other way
 * conformImage(image, backwards, {shape: [3, 1, 1], scale, engine}); // [1, 0.25, 0]
 */
export function conformImage(
  image: Voxels,
  toVoxel: Affine,
  options: {readonly shape: Triple; readonly scale: IntensityScale; readonly engine: KernelRunner},
): Float32Array {
  const {shape, scale, engine} = options;
  const samples = engine.run(SAMPLE_GRID, image, toVoxel, shape, {
    interpolation: 'linear',
    outside: scale.outside,
  });
  normaliseInPlace(samples, scale, engine);
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

/** The network's axes in the world: columns in mm per network voxel, no offset. */
function networkAxes(fixed: Grid, spec: NetworkGridSpec): Affine {
  const {linear: own, spacing: ownSpacing} = fixed.affine;
  const {spacingMm} = spec;
  if (spec.orientation === null) {
    return linearOf((row, axis) => {
      const value = own[3 * row + axis];
      const wanted = spacingMm?.[axis] ?? null;
      return wanted === null ? value : (value / ownSpacing[axis]) * wanted;
    });
  }
  const codes = axisCodesOf(spec.orientation);
  const imageCodes = Array.from(fixed.affine.orientation, (code) => AXIS_CODES[code]);
  return linearOf((row, axis) => {
    const [worldAxis, sign] = codes[axis];
    if (spec.axes === 'image') {
      const n = imageCodes.findIndex(([axisOfImage]) => axisOfImage === worldAxis);
      const length =
        ((spacingMm?.[axis] ?? ownSpacing[n]) / ownSpacing[n]) * sign * imageCodes[n][1];
      return length * own[3 * row + n];
    }
    return row === worldAxis ? sign * (spacingMm?.[axis] ?? spacingAlong(fixed.affine, row)) : 0;
  });
}

function linearOf(entry: (row: number, axis: number) => number): Affine {
  const row = (n: number): Triple => [entry(n, 0), entry(n, 1), entry(n, 2)];
  return Affine.fromLinear([...row(0), ...row(1), ...row(2)]);
}

function axisCodesOf(orientation: string): readonly (readonly [axis: number, sign: number])[] {
  const codes = Array.from(orientation.toUpperCase(), (code) => AXIS_CODES[code]);
  const axes = new Set(codes.map((code) => code?.[0]));
  if (codes.length !== 3 || codes.includes(undefined as never) || axes.size !== 3) {
    throw new HypermorphError(
      'E_GRID',
      `model: grid orientation must be three axis codes such as LIA or RAS, got "${orientation}".`,
    );
  }
  return codes;
}

/** Spacing of the voxel axis that runs most along one world axis. */
function spacingAlong({rows, spacing}: Affine, worldAxis: number): number {
  const share = [0, 1, 2].map((n) => Math.abs(rows[4 * worldAxis + n]) / spacing[n]);
  return spacing[share.indexOf(Math.max(...share))];
}

/** Move a grid by half a voxel where that lets its voxel centres coincide with those of the image. */
function alignVoxels(affine: Affine, imageAffine: Affine): Affine {
  const {offset} = Affine.compose(affine.inverse(), imageAffine);
  // Index of the image's first voxel: whole, or whole and a half; a quarter decides safely between the two.
  const shift = mapTriple(offset, (index) => index - Math.floor(index + 0.25));
  return affine.withOffset(affine.apply(shift));
}
