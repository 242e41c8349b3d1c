import {HypermorphError} from '../../errors.js';
import {Affine} from '../../geometry/affine.js';
import {mapTriple} from '../../geometry/triple.js';
import type {Grid} from '../../geometry/grid.js';
import type {Transform} from '../../transforms/transform.js';
import {joinBytes} from '../bytes.js';
import {inflateRange, inflateStart, isGzip} from '../gzip.js';
import {encodeMghHeader, encodeMghVoxels, MGH_HEADER_BYTES} from '../images/mgh.js';
import type {FileField, PlacedGrid} from '../images/types.js';
import {withOpenSource, type Source} from '../source.js';
import {requireUsable} from './matrix-text.js';
import {fromField, RAS_WORLDS, type FieldKind} from './worlds.js';

// A warp of FreeSurfer is an .mgh or .mgz file of three volumes, on the grid of the fixed image (its target), whose version says so and
// behind whose voxels tags tell what the numbers are, and where the moving image (its source) lies.

/** In the second byte of the version. */
const WARP_INTENT = 3;
/** Behind the voxels: five numbers about the scan, then tags. */
const SCAN_BYTES = 20;
/** Tags are looked for in so much. */
const TAIL_BYTES = 1 << 16;
const TAGS = {geometries: 10, meaning: 13} as const;
/** Tags without a length, beside that of the geometries: what follows them cannot be skipped. */
const WITHOUT_LENGTH: readonly number[] = [1, 2, 11, 12, 20];
/** Valid, size, spacing, directions, centre, name of a file. */
const GEOMETRY_BYTES = 4 + 12 + 12 + 36 + 12 + 512;

/** What the numbers of a warp are, by their code: of voxels of the two images, or of RAS mm. */
const MEANINGS: readonly {readonly kind: FieldKind; readonly ofVoxels: boolean}[] = [
  {kind: 'positions', ofVoxels: true},
  {kind: 'displacements', ofVoxels: true},
  {kind: 'positions', ofVoxels: false},
  {kind: 'displacements', ofVoxels: false},
];
const DISPLACEMENTS_RAS = 3;

function refuse(problem: string): never {
  throw new HypermorphError('E_IO', `${problem}.`, {
    hint: 'The file must be a warp of FreeSurfer (.mgz); mri_warp_convert writes one.',
  });
}

/** The bytes of an .mgh or .mgz file from one on, as far as there are any. */
async function bytesOf(source: Source, start: number, count: number): Promise<Uint8Array> {
  return withOpenSource(source, async (file) => {
    if (!isGzip(await file.read(0, Math.min(3, file.size)))) {
      return file.read(Math.min(start, file.size), Math.min(start + count, file.size));
    }
    const stream = await file.read(0, file.size);
    if (start === 0) return inflateStart(stream, count);
    return (await inflateRange(stream, [start, start + count], start + count)).bytes;
  });
}

/**
 * The transform of a warp of FreeSurfer, fixed -> moving.
 *
 * @param field - The three volumes of the file. Not modified.
 * @returns Null where the file does not say that it is one.
 * @throws {HypermorphError} E_IO if it does not tell what its numbers are; without the name of the file.
 * @see FreeSurfer, `include/mri.h` and `utils/mriio.cpp` (intents, tags, VOL_GEOM); surfa, `Warp.Format` (what the codes mean).
 */
export async function decodeMghWarp(source: Source, field: FileField): Promise<Transform | null> {
  const [, , intent] = await bytesOf(source, 0, 4);
  if (intent !== WARP_INTENT) return null;
  if (field.datatype !== 'float32') refuse(`must hold float32 numbers, got ${field.datatype}`);
  const end = MGH_HEADER_BYTES + Float32Array.BYTES_PER_ELEMENT * field.data.length;
  const tags = readTags(await bytesOf(source, end + SCAN_BYTES, TAIL_BYTES));
  const meaning = MEANINGS[tags.meaning ?? -1];
  if (meaning === undefined) {
    refuse(`must say with a code of 0 to 3 what its numbers are, got ${tags.meaning ?? 'none'}`);
  }
  if (!meaning.ofVoxels) return fromField(field, RAS_WORLDS, meaning.kind);
  if (tags.moving === null) refuse('must say where the voxels of its source lie, got none');
  const worlds = {fixed: field.affine.inverse(), moving: tags.moving.inverse()};
  return fromField(field, worlds, meaning.kind);
}

/** The code of what the numbers are, and voxel -> RAS mm of the moving image, as far as tags tell. */
function readTags(bytes: Uint8Array): {meaning: number | null; moving: Affine | null} {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const found: {meaning: number | null; moving: Affine | null} = {meaning: null, moving: null};
  for (let at = 0; at + 12 <= bytes.length;) {
    const tag = view.getInt32(at);
    if (tag === 0 || WITHOUT_LENGTH.includes(tag)) break;
    if (tag === TAGS.geometries) {
      if (at + 4 + GEOMETRY_BYTES <= bytes.length) found.moving = placeAt(view, at + 4);
      at += 4 + 2 * GEOMETRY_BYTES;
      continue;
    }
    if (tag === TAGS.meaning && at + 16 <= bytes.length) found.meaning = view.getInt32(at + 12);
    at += 12 + Math.max(0, Number(view.getBigInt64(at + 4)));
  }
  return found;
}

/** Voxel -> RAS mm; null where it is said not to be known. */
function placeAt(view: DataView, at: number): Affine | null {
  if (view.getInt32(at) !== 1) return null;
  const triple = (from: number) => mapTriple([0, 4, 8], (n) => view.getFloat32(at + from + n));
  const shape = mapTriple([4, 8, 12], (from) => view.getInt32(at + from));
  const [[xr, xa, xs], [yr, ya, ys], [zr, za, zs]] = [triple(28), triple(40), triple(52)];
  const linear = Affine.compose(
    Affine.fromLinear([xr, yr, zr, xa, ya, za, xs, ys, zs]),
    Affine.scaling(triple(16)),
  );
  return requireUsable(
    linear.taking(
      mapTriple(shape, (length) => length / 2),
      triple(64),
    ),
  );
}

/**
 * The bytes of a warp of FreeSurfer, not compressed.
 *
 * @param vectors - Displacements, RAS mm, on the fixed grid, component slowest.
 */
export function encodeMghWarp(
  vectors: Float32Array,
  {fixed, moving}: {readonly fixed: PlacedGrid; readonly moving: Grid},
): Uint8Array {
  const {shape, geometry} = fixed;
  const further = {lengths: [3], steps: [1], timeUnit: 0};
  const header = encodeMghHeader({shape, geometry, further}, vectors);
  header[2] = WARP_INTENT;
  const meaning = new DataView(new ArrayBuffer(4 + 8 + 12));
  meaning.setInt32(0, TAGS.meaning);
  meaning.setBigInt64(4, 12n);
  meaning.setInt32(12, DISPLACEMENTS_RAS);
  meaning.setInt32(16, 1); // spacing
  const geometries = new DataView(new ArrayBuffer(4));
  geometries.setInt32(0, TAGS.geometries);
  return joinBytes([
    ...[header, encodeMghVoxels(vectors), new Uint8Array(SCAN_BYTES)],
    ...[new Uint8Array(geometries.buffer), placeBytes(moving), placeBytes(fixed)],
    new Uint8Array(meaning.buffer),
  ]);
}

function placeBytes({shape, affine}: Grid): Uint8Array {
  const view = new DataView(new ArrayBuffer(GEOMETRY_BYTES));
  view.setInt32(0, 1);
  shape.forEach((length, n) => view.setInt32(4 + 4 * n, length));
  const {linear: l} = affine.directions;
  const columns = [l[0], l[3], l[6], l[1], l[4], l[7], l[2], l[5], l[8]];
  const centre = affine.apply(mapTriple(shape, (length) => length / 2));
  [...affine.spacing, ...columns, ...centre].forEach((value, n) =>
    view.setFloat32(16 + 4 * n, value),
  );
  return new Uint8Array(view.buffer);
}
