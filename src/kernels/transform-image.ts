import type {Affine} from '../geometry/affine.js';
import type {Triple} from '../geometry/triple.js';
import type {VoxelOperation} from './voxel-operation.js';
import type {Outside} from './voxels.js';

/** Voxels between the points of a random displacement. */
export const FIELD_SPACING = 4;

/** A map from the voxels x of a grid to places in an image on it: A (x + u(x)) + t. */
export interface GridTransform {
  readonly affine: Affine;
  /** Null: nowhere displaced. [FI, FJ, FK, 3], voxels of that grid, on points FIELD_SPACING voxels apart. */
  readonly field: Float32Array | null;
  readonly fieldShape: Triple;
}

/** How an image is looked up: labels by the nearest voxel. */
export interface TransformOptions {
  readonly interpolation: 'linear' | 'nearest';
  /** Value beyond half a voxel outside the image; `edge` repeats the outermost voxel. */
  readonly outside: Outside;
}

/**
 * Look up an image [I, J, K], k fastest, on its own grid through a transform of that grid.
 *
 * `SAMPLE_MAP` could do this too, but any field on any grid; here the field's points lie on the voxel axes, so that a row of voxels
 * shares most of the work. Gives a new array of the same type and size.
 */
export const TRANSFORM_IMAGE: VoxelOperation<
  [
    image: Float32Array | Uint16Array,
    shape: Triple,
    transform: GridTransform,
    options: TransformOptions,
  ],
  Float32Array | Uint16Array
> = {name: 'transformImage', portable: transformImage};

function transformImage(
  image: Float32Array | Uint16Array,
  shape: Triple,
  transform: GridTransform,
  options: TransformOptions,
): Float32Array | Uint16Array {
  const result =
    image instanceof Float32Array ? new Float32Array(image.length) : new Uint16Array(image.length);
  const [lengthI, lengthJ, lengthK] = shape;
  const [a, b, c, d, e, f, g, h, i, j, k, l] = transform.affine.rows;
  const isLinear = options.interpolation === 'linear';
  const repeats = options.outside === 'edge';
  const outside = options.outside === 'edge' ? 0 : options.outside;
  const [endI, endJ, endK] = [lengthI - 1, lengthJ - 1, lengthK - 1];
  const row = new Float32Array(3 * lengthK);
  for (let x = 0, n = 0; x < lengthI; x++) {
    for (let y = 0; y < lengthJ; y++) {
      displacementRow(row, transform, x, y);
      for (let z = 0, m = 0; z < lengthK; z++, n++, m += 3) {
        const xu = x + row[m];
        const yu = y + row[m + 1];
        const zu = z + row[m + 2];
        let p = a * xu + b * yu + c * zu + d;
        let q = e * xu + f * yu + g * zu + h;
        let r = i * xu + j * yu + k * zu + l;
        if (
          !repeats &&
          (p < -0.5 || q < -0.5 || r < -0.5 || p > endI + 0.5 || q > endJ + 0.5 || r > endK + 0.5)
        ) {
          result[n] = outside;
          continue;
        }
        p = p < 0 ? 0 : p > endI ? endI : p;
        q = q < 0 ? 0 : q > endJ ? endJ : q;
        r = r < 0 ? 0 : r > endK ? endK : r;
        if (!isLinear) {
          const at = ((p + 0.5) | 0) * lengthJ + ((q + 0.5) | 0);
          result[n] = image[at * lengthK + ((r + 0.5) | 0)];
          continue;
        }
        const i0 = p | 0;
        const j0 = q | 0;
        const k0 = r | 0;
        const at = (i0 * lengthJ + j0) * lengthK + k0;
        const stepI = i0 < endI ? lengthJ * lengthK : 0;
        const stepJ = j0 < endJ ? lengthK : 0;
        const stepK = k0 < endK ? 1 : 0;
        const fr = r - k0;
        const v00 = image[at] + fr * (image[at + stepK] - image[at]);
        const v01 = mix(image, at + stepJ, stepK, fr);
        const v10 = mix(image, at + stepI, stepK, fr);
        const v11 = mix(image, at + stepI + stepJ, stepK, fr);
        const v0 = v00 + (q - j0) * (v01 - v00);
        const v1 = v10 + (q - j0) * (v11 - v10);
        result[n] = v0 + (p - i0) * (v1 - v0);
      }
    }
  }
  return result;
}

function mix(image: Float32Array | Uint16Array, at: number, step: number, share: number): number {
  return image[at] + share * (image[at + step] - image[at]);
}

/** The displacement of the voxels (x, y, 0 …), three numbers each. */
function displacementRow(
  row: Float32Array,
  {field, fieldShape}: GridTransform,
  x: number,
  y: number,
): void {
  if (field === null) return;
  const [lengthI, lengthJ, lengthK] = fieldShape;
  const [i0, fi] = splitPosition(x, lengthI);
  const [j0, fj] = splitPosition(y, lengthJ);
  const stride = 3 * lengthK;
  const stepI = i0 + 1 < lengthI ? lengthJ * stride : 0;
  const stepJ = j0 + 1 < lengthJ ? stride : 0;
  const start = (i0 * lengthJ + j0) * stride;
  const line = new Float32Array(stride + 3);
  for (let n = 0; n < stride; n++) {
    const at = start + n;
    const low = field[at] + fj * (field[at + stepJ] - field[at]);
    const high = field[at + stepI] + fj * (field[at + stepI + stepJ] - field[at + stepI]);
    line[n] = low + fi * (high - low);
  }
  line.copyWithin(stride, stride - 3, stride);
  for (let z = 0, n = 0; n < row.length; z++, n += 3) {
    const at = 3 * Math.floor(z / FIELD_SPACING);
    const share = (z % FIELD_SPACING) / FIELD_SPACING;
    row[n] = line[at] + share * (line[at + 3] - line[at]);
    row[n + 1] = line[at + 1] + share * (line[at + 4] - line[at + 1]);
    row[n + 2] = line[at + 2] + share * (line[at + 5] - line[at + 2]);
  }
}

/** The field point below a voxel, and how far on to the next one it lies; an axis of one point has one voxel. */
function splitPosition(voxel: number, points: number): readonly [number, number] {
  if (points === 1) return [0, 0];
  const position = voxel / FIELD_SPACING;
  const low = Math.floor(position);
  return [low, position - low];
}
