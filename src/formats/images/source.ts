import {HypermorphError, type ErrorCode} from '../../errors.js';
import type {Triple} from '../../geometry/triple.js';
import {MAX_ARRAY_BYTES, memoryLimit} from '../../platform.js';
import type {OpenFile} from '../bytes.js';
import {inflatePieces, inflateRange, isGzip, MAX_INFLATION} from '../gzip.js';
import {named} from '../named.js';
import {withOpenSource, type Source} from '../source.js';
import type {Datatype, ReadableDatatype} from './datatypes.js';
import type {FurtherAxes, ImageFormat, NiftiIntent, Placement, ReadImageOptions} from './types.js';

/** Where the voxels are. */
export interface VoxelPlace {
  readonly source: Source;
  /** The byte of the file where they, or what is compressed, begin. */
  readonly start: number;
  /** 'deflate' is that of gzip or zlib; 'by content': gzip, where the bytes look like it. */
  readonly compression: 'none' | 'deflate' | 'by content';
  /** Bytes before the first voxel, after unpacking. */
  readonly offset: number;
}

/** An image file whose header was read and checked; the voxels were not touched. */
export interface ImageSource {
  /** As the user gave it. */
  readonly path: string;
  readonly format: ImageFormat;
  /** The code of an error about what the file holds. */
  readonly fault: ErrorCode;
  readonly compressed: boolean;
  /** What was read: one file, or header and voxels. */
  readonly files: readonly string[];
  readonly voxels: VoxelPlace;
  readonly littleEndian: boolean;
  /** All axes of the file, those of space first. */
  readonly dimensions: readonly number[];
  readonly shape: Triple;
  readonly volumes: number;
  /** Numbers that stand side by side for each voxel: 3 in a field of MetaImage or NRRD, whose only volume it is. */
  readonly interleaved: 1 | 3;
  readonly datatype: Datatype;
  readonly scaling: {readonly slope: number; readonly intercept: number} | null;
  readonly intent: NiftiIntent;
  readonly timing: Pick<FurtherAxes, 'steps' | 'timeUnit'>;
  readonly description: string;
  /** Where the voxels lie; throws, like its warnings, without the name of the file. */
  readonly place: (request: ReadImageOptions['geometry']) => Placement;
  /** Of a format that can say it twice. */
  readonly codes: {readonly qform: number; readonly sform: number} | null;
  /** Without the name of the file. */
  readonly warnings: readonly string[];
}

/**
 * Check that a file holds images.
 *
 * @throws {HypermorphError} The fault of the file for a field.
 */
export function requireScalars({path, fault, interleaved}: ImageSource): void {
  if (interleaved === 1) return;
  throw new HypermorphError(
    fault,
    `${path}: must be an image with one number per voxel, got ${interleaved} (a vector field, or colours).`,
  );
}

/** Intent of a field whose vectors are those of ITK. */
export const ITK_INTENT: NiftiIntent = {code: 1007, name: '', parameters: [0, 0, 0]};
/** Intent of a file that names none. */
export const NO_INTENT: NiftiIntent = {code: 0, name: '', parameters: [0, 0, 0]};

/**
 * Where the voxels lie, and all that is odd about the header; warnings with the name of the file.
 *
 * @throws {HypermorphError} If the header gives no usable place.
 */
export function placementOf(
  {path, place, warnings}: ImageSource,
  {geometry}: Pick<ReadImageOptions, 'geometry'>,
): Placement {
  const placement = named(path, () => place(geometry));
  const all = [...warnings, ...placement.warnings];
  return {...placement, warnings: all.map((text) => `${path}: ${text}`)};
}

/** The element type, if it is one that can be an image; the fault of the file otherwise. */
export function requireReadable({path, datatype, fault}: ImageSource): ReadableDatatype {
  if (datatype.kind === 'refused') {
    throw new HypermorphError(
      fault,
      `${path}: voxels must be whole or real numbers (8 to 64 bits), got datatype ${datatype.code} (${datatype.name}).`,
      {hint: 'Convert the image to a scalar one first.'},
    );
  }
  return datatype;
}

/**
 * The bytes of voxels [first, first + count) in the file's order, after checking that the file holds all that its header says.
 *
 * The check comes before any memory is taken: exact for a plain file; a compressed one cannot hold more than
 * `MAX_INFLATION` times its size, and is counted while it is unpacked.
 *
 * @returns Memory of its own (offset 0 of a fresh ArrayBuffer).
 * @throws {HypermorphError} The fault of the file if it is too short, E_IO if it cannot be read or unpacked, E_MEMORY if it is too large.
 */
export async function readVoxelBytes(
  source: ImageSource,
  [first, count]: readonly [number, number],
): Promise<Uint8Array<ArrayBuffer>> {
  const {bytes: bytesPerVoxel} = requireReadable(source);
  const fileEnd = endOf(source);
  const {start: origin, offset} = source.voxels;
  const start = offset + first * bytesPerVoxel;
  const end = start + count * bytesPerVoxel;
  return withOpenSource(source.voxels.source, async (file) => {
    const compressed = await requireWhole(file, source);
    const most = Math.min(MAX_ARRAY_BYTES, memoryLimit());
    if (end - start > most) {
      throw new HypermorphError(
        'E_MEMORY',
        `${source.path}: the voxels must fit into ${most} bytes, got ${end - start}.`,
      );
    }
    if (!compressed) {
      return file.read(origin + start, origin + end);
    }
    const stream = await file.read(origin, file.size);
    const {bytes, length} = await named(source.path, () =>
      inflateRange(stream, [start, end], fileEnd),
    );
    if (length < fileEnd) {
      throw tooShort(source, fileEnd, String(length));
    }
    return bytes;
  });
}

/**
 * The bytes of one volume after the other in the file's order, each in memory of its own; a compressed file is unpacked once, and
 * never held as a whole.
 *
 * @throws {HypermorphError} As `readVoxelBytes`.
 */
export async function* readVolumeBytes(
  source: ImageSource,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const voxels = source.shape[0] * source.shape[1] * source.shape[2];
  const isCompressed = await withOpenSource(source.voxels.source, (file) =>
    requireWhole(file, source),
  );
  // A single volume is unpacked on the way that needs the least time.
  if (isCompressed && source.volumes > 1) {
    yield* inflateVolumes(source, voxels * requireReadable(source).bytes);
  } else {
    for (let n = 0; n < source.volumes; n++) {
      yield await readVoxelBytes(source, [n * voxels, voxels]);
    }
  }
}

async function* inflateVolumes(
  source: ImageSource,
  size: number,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  let position = 0; // in what is unpacked
  let volume = new Uint8Array(size);
  let filled = 0;
  let missing = source.volumes;
  for await (const piece of inflatePieces(piecesOf(source.voxels), source.path)) {
    let from = Math.max(0, source.voxels.offset - position);
    position += piece.length;
    while (from < piece.length && missing > 0) {
      const part = piece.subarray(from, from + size - filled);
      volume.set(part, filled);
      filled += part.length;
      from += part.length;
      if (filled < size) continue;
      yield volume;
      missing--;
      volume = new Uint8Array(missing > 0 ? size : 0);
      filled = 0;
    }
  }
  if (missing > 0) throw tooShort(source, endOf(source), String(position));
}

/** The bytes from where what is compressed begins, piece by piece. */
async function* piecesOf({source, start: first}: VoxelPlace): AsyncGenerator<Uint8Array> {
  const size = await withOpenSource(source, (file) => Promise.resolve(file.size));
  for (let start = first; start < size; start += PIECE_BYTES) {
    const end = Math.min(size, start + PIECE_BYTES);
    yield await withOpenSource(source, (file) => file.read(start, end));
  }
}

const PIECE_BYTES = 1 << 22;

/** Where the voxels end, from where they, or what is compressed, begin. */
function endOf(source: ImageSource): number {
  const voxels = source.dimensions.reduce(
    (product, length) => product * length,
    source.interleaved,
  );
  return source.voxels.offset + voxels * requireReadable(source).bytes;
}

/**
 * Check that a file is long enough for what its header says, as far as can be seen without unpacking it.
 *
 * @returns Whether it is compressed.
 */
async function requireWhole(file: OpenFile, source: ImageSource): Promise<boolean> {
  const {start, compression} = source.voxels;
  const compressed =
    compression === 'by content'
      ? isGzip(await file.read(start, Math.min(start + 3, file.size)))
      : compression === 'deflate';
  const size = Math.max(0, file.size - start);
  const possible = compressed ? size * MAX_INFLATION : size;
  const fileEnd = endOf(source);
  if (fileEnd <= possible) return compressed;
  throw tooShort(source, fileEnd, `${size}${compressed ? ' compressed' : ''}`);
}

function tooShort(source: ImageSource, needed: number, got: string): HypermorphError {
  const image = `${source.dimensions.join(' x ')} voxels of ${source.datatype.name}`;
  return new HypermorphError(
    source.fault,
    `${source.path}: the file must hold ${needed} bytes (${image}, from byte ${source.voxels.offset}), got ${got}; it is cut off or its header is wrong.`,
    {hint: 'Copy or download the file again.'},
  );
}
