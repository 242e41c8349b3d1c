import {Affine} from '../geometry/affine.js';
import {centreOf, type Grid} from '../geometry/grid.js';
import {mapTriple, type Triple} from '../geometry/triple.js';
import type {KernelRunner} from '../kernels/voxel-operation.js';
import {backgroundOf} from '../volume/intensity.js';
import type {Volume} from '../volume/volume.js';

/**
 * The map from fixed points to moving points, RAS mm, before any deformation.
 *
 * `headers` trusts both files; `centre` moves the centre of mass of the one onto that of the other; `fov` does so with the
 * centres of the fields of view.
 */
export function alignmentFor(
  mode: 'headers' | 'centre' | 'fov',
  fixed: Volume,
  moving: Volume,
  engine: KernelRunner,
): Affine {
  if (mode === 'headers') return Affine.identity;
  const centre = (image: Volume) =>
    mode === 'centre' ? centreOfMass(image, engine) : centreOf(image);
  const from = centre(fixed);
  const to = centre(moving);
  return Affine.translation(mapTriple(to, (place, axis) => place - from[axis]));
}

/** Mean position of the voxels weighted by how much they differ from the background, RAS mm; non-finite voxels weigh nothing. */
export function centreOfMass(volume: Volume, engine: KernelRunner): Triple {
  const {data, shape, affine} = volume;
  const background = backgroundOf(volume, engine);
  let total = 0;
  let sumI = 0;
  let sumJ = 0;
  let sumK = 0;
  for (let k = 0, n = 0; k < shape[2]; k++) {
    for (let j = 0; j < shape[1]; j++) {
      for (let i = 0; i < shape[0]; i++, n++) {
        const mass = Math.abs(data[n] - background);
        if (!(mass > 0 && mass < Infinity)) continue;
        total += mass;
        sumI += mass * i;
        sumJ += mass * j;
        sumK += mass * k;
      }
    }
  }
  if (total === 0) return centreOf(volume);
  return affine.apply([sumI / total, sumJ / total, sumK / total]);
}

/** Points per axis with which an overlap is estimated. */
const LATTICE = 24;

/**
 * How much the two fields of view share, as a share of the smaller one, in [0, 1].
 *
 * Estimated on a lattice of 24^3 points in each image.
 */
export function overlapOf(fixed: Grid, moving: Grid, alignment: Affine): number {
  const fixedToMoving = Affine.compose(moving.affine.inverse(), alignment, fixed.affine);
  const shareOfFixed = shareInside(fixed.shape, fixedToMoving, moving.shape);
  const shareOfMoving = shareInside(moving.shape, fixedToMoving.inverse(), fixed.shape);
  return Math.max(shareOfFixed, shareOfMoving);
}

/** Share of one box of voxels whose points another box holds. Plain loops: this runs once, before anything is compiled. */
function shareInside(shape: Triple, {rows: m}: Affine, other: Triple): number {
  const [endI, endJ, endK] = mapTriple(other, (length) => length - 0.5);
  const step = mapTriple(shape, (length) => length / LATTICE);
  let inside = 0;
  for (let c = 0; c < LATTICE; c++) {
    const k = (c + 0.5) * step[2] - 0.5;
    for (let b = 0; b < LATTICE; b++) {
      const j = (b + 0.5) * step[1] - 0.5;
      const x = m[1] * j + m[2] * k + m[3];
      const y = m[5] * j + m[6] * k + m[7];
      const z = m[9] * j + m[10] * k + m[11];
      for (let a = 0; a < LATTICE; a++) {
        const i = (a + 0.5) * step[0] - 0.5;
        const u = m[0] * i + x;
        const v = m[4] * i + y;
        const w = m[8] * i + z;
        if (u >= -0.5 && u <= endI && v >= -0.5 && v <= endJ && w >= -0.5 && w <= endK) inside++;
      }
    }
  }
  return inside / LATTICE ** 3;
}
