import {HypermorphError} from '../../../errors.js';
import {MAX_ARRAY_BYTES, memoryLimit} from '../../../platform.js';
import {baseNameOf, type OpenFile} from '../../bytes.js';
import {fileExists} from '../../files.js';
import {inflatePieces, inflateRange, inflateStart, isGzip, MAX_INFLATION} from '../../gzip.js';
import {named} from '../../named.js';
import {nameOf, withOpenSource, type Source} from '../../source.js';
import {datatypeOf} from './datatypes.js';
import type {Datatype, ReadableDatatype} from './datatypes.js';
import {parseFields} from './fields.js';
import type {NiftiFields} from './fields.js';
import {choosePlacement, type Placement} from './geometry.js';
import {findLayout, HEADER_BYTES} from './layout.js';
import type {HeaderLayout} from './layout.js';
import type {NiftiIntent, ReadNiftiOptions} from './types.js';
import type {Triple} from '../../../geometry/triple.js';

/** A NIfTI file whose header was read and checked; the voxels were not touched. */
export interface NiftiSource {
  /** As the user gave it. */
  readonly path: string;
  readonly layout: HeaderLayout;
  readonly fields: NiftiFields;
  readonly compressed: boolean;
  /** What was read: one file, or header and voxels of a pair. */
  readonly files: readonly string[];
  /** Where the voxels are, and where in it (after unpacking) they start. */
  readonly data: Source;
  readonly dataOffset: number;
  readonly dimensions: readonly number[];
  readonly shape: Triple;
  readonly volumes: number;
  readonly datatype: Datatype;
  readonly scaling: {readonly slope: number; readonly intercept: number} | null;
  readonly warnings: readonly string[];
}

/** The compressed start of a file in which the header is looked for. */
const PREFIX_BYTES = 1 << 16;

/**
 * Read and check the header of a NIfTI file: .nii, .hdr or .img, each plain or gzipped (the content decides).
 *
 * @throws {HypermorphError} E_IO if a file is missing, E_NIFTI if the header makes no sense; the sentence starts with the path or name.
 */
export async function openNifti(source: Source): Promise<NiftiSource> {
  const path = nameOf(source);
  const headerSource = typeof source === 'string' ? await findHeaderFile(source) : source;
  const {header, compressed} = await readHeaderBytes(headerSource);
  const contents = named(path, () => readHeader(header));
  const data = contents.layout.pair ? await findVoxelFile(source, headerSource) : headerSource;
  return {
    ...contents,
    path,
    compressed,
    files: [...new Set([nameOf(headerSource), nameOf(data)])],
    data,
    warnings: contents.warnings.map((text) => `${path}: ${text}`),
  };
}

/** What the bytes of a header say; warnings without the name of the file. */
function readHeader(
  header: Uint8Array,
): Omit<NiftiSource, 'path' | 'compressed' | 'files' | 'data'> {
  const layout = findLayout(header);
  const fields = parseFields(header, layout);
  const dimensions = requireDimensions(fields);
  const warnings = [...layout.warnings];
  const [i, j = 1, k = 1, ...further] = dimensions;
  return {
    layout,
    fields,
    dataOffset: findDataOffset(fields, layout, warnings),
    dimensions,
    shape: [i, j, k],
    volumes: further.reduce((product, length) => product * length, 1),
    datatype: datatypeOf(fields.datatype),
    scaling: scalingOf(fields, warnings),
    warnings,
  };
}

async function readHeaderBytes(source: Source): Promise<{header: Uint8Array; compressed: boolean}> {
  return withOpenSource(source, async (file) => {
    const prefix = await file.read(0, Math.min(file.size, PREFIX_BYTES));
    if (!isGzip(prefix)) return {header: prefix.subarray(0, HEADER_BYTES), compressed: false};
    const header = await named(file.path, () => inflateStart(prefix, HEADER_BYTES));
    if (!isGzip(header)) return {header, compressed: true};
    throw new HypermorphError(
      'E_NIFTI',
      `${file.path}: an image must be compressed once, got gzip data inside of gzip data.`,
      {hint: 'Unpack it once.'},
    );
  });
}

/** `image.img` names a pair as well as `image.hdr` does. */
async function findHeaderFile(path: string): Promise<string> {
  const match = /^(.*)\.img(\.gz)?$/is.exec(path);
  if (match === null) {
    return path;
  }
  const candidates = beside(path, match[1], 'hdr');
  return (await firstExisting(candidates)) ?? missingHalf(path, 'header', candidates[0]);
}

async function findVoxelFile(path: Source, header: Source): Promise<string> {
  if (typeof path !== 'string') {
    throw new HypermorphError(
      'E_NIFTI',
      `${path.name}: bytes must hold header and voxels, got the header of an image that is stored as a pair of files.`,
    );
  }
  if (path !== header) return path; // The user named the .img.
  const candidates = beside(path, path.replace(/\.(hdr|nii)(\.gz)?$/i, ''), 'img');
  return (await firstExisting(candidates)) ?? missingHalf(path, 'voxel', candidates[0]);
}

function beside(path: string, base: string, extension: 'hdr' | 'img'): readonly string[] {
  const upper = /\.(HDR|IMG|NII)(\.GZ)?$/.test(path);
  const name = `${base}.${upper ? extension.toUpperCase() : extension}`;
  return [name, `${name}${upper ? '.GZ' : '.gz'}`];
}

async function firstExisting(paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) {
    if (await fileExists(path)) {
      return path;
    }
  }
  return undefined;
}

function missingHalf(path: string, half: 'header' | 'voxel', expected: string): never {
  throw new HypermorphError(
    'E_NIFTI',
    `${path}: the ${half} file ${baseNameOf(expected)} must lie beside it (the image is stored as a pair of files), but there is none.`,
  );
}

function requireDimensions({dim}: NiftiFields): readonly number[] {
  const dimensions = dim.slice(1, dim[0] + 1);
  const wrong = dimensions.findIndex((length) => !(length >= 1));
  if (wrong >= 0) {
    throw new HypermorphError(
      'E_NIFTI',
      `the length of axis ${wrong + 1} (dim[${wrong + 1}]) must be at least 1, got ${dimensions[wrong]}; the header is damaged or describes a surface, not an image.`,
    );
  }
  return dimensions;
}

function findDataOffset(
  {voxelOffset}: NiftiFields,
  layout: HeaderLayout,
  warnings: string[],
): number {
  if (!Number.isSafeInteger(voxelOffset) || voxelOffset < 0) {
    throw new HypermorphError(
      'E_NIFTI',
      `the place of the voxels (vox_offset) must be a whole number of at least 0, got ${voxelOffset}; the header is damaged.`,
    );
  }
  const first = layout.headerSize + 4; // Behind the header and its extension flag.
  if (!layout.pair && voxelOffset < first) {
    warnings.push(
      `the place of the voxels (vox_offset) is ${voxelOffset}, inside the header; read from byte ${first}.`,
    );
    return first;
  }
  return voxelOffset;
}

/** Stored value -> intensity; a slope of 0, NaN or infinity means that there is nothing to scale. */
function scalingOf({slope, intercept}: NiftiFields, warnings: string[]): NiftiSource['scaling'] {
  if (slope === 0 || !Number.isFinite(slope)) {
    return null;
  }
  if (!Number.isFinite(intercept)) {
    warnings.push(`the intercept (scl_inter) is ${intercept}; read as 0.`);
  }
  const usable = Number.isFinite(intercept) ? intercept : 0;
  return slope === 1 && usable === 0 ? null : {slope, intercept: usable};
}

/** Where the voxels lie; warnings with the name of the file. */
export function placementOf(
  {path, fields, shape}: NiftiSource,
  {geometry}: Pick<ReadNiftiOptions, 'geometry'>,
): Placement {
  const placement = named(path, () => choosePlacement(fields, shape, geometry));
  return {...placement, warnings: placement.warnings.map((text) => `${path}: ${text}`)};
}

/** What the numbers mean, as the header says. */
export function intentOf({fields}: NiftiSource): NiftiIntent {
  return {
    code: fields.intentCode,
    name: fields.intentName,
    parameters: fields.intentParameters,
  };
}

/** The element type, if it is one that can be an image. E_NIFTI otherwise. */
export function requireReadable({path, datatype}: NiftiSource): ReadableDatatype {
  if (datatype.kind === 'refused') {
    throw new HypermorphError(
      'E_NIFTI',
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
 * @throws {HypermorphError} E_NIFTI if the file is too short, E_IO if it cannot be read or unpacked, E_MEMORY if it is too large.
 */
export async function readVoxelBytes(
  source: NiftiSource,
  [first, count]: readonly [number, number],
): Promise<Uint8Array<ArrayBuffer>> {
  const {bytes: bytesPerVoxel} = requireReadable(source);
  const fileEnd = endOf(source);
  const start = source.dataOffset + first * bytesPerVoxel;
  const end = start + count * bytesPerVoxel;
  return withOpenSource(source.data, async (file) => {
    const compressed = await requireWhole(file, source);
    const most = Math.min(MAX_ARRAY_BYTES, memoryLimit());
    if (end - start > most) {
      throw new HypermorphError(
        'E_MEMORY',
        `${source.path}: the voxels must fit into ${most} bytes, got ${end - start}.`,
      );
    }
    if (!compressed) {
      return file.read(start, end);
    }
    const stream = await file.read(0, file.size);
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
  source: NiftiSource,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const voxels = source.shape[0] * source.shape[1] * source.shape[2];
  const isCompressed = await withOpenSource(source.data, (file) => requireWhole(file, source));
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
  source: NiftiSource,
  size: number,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  let position = 0; // in what is unpacked
  let volume = new Uint8Array(size);
  let filled = 0;
  let missing = source.volumes;
  for await (const piece of inflatePieces(piecesOf(source.data), source.path)) {
    let from = Math.max(0, source.dataOffset - position);
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

/** The bytes of a source, piece by piece. */
async function* piecesOf(source: Source): AsyncGenerator<Uint8Array> {
  const size = await withOpenSource(source, (file) => Promise.resolve(file.size));
  for (let start = 0; start < size; start += PIECE_BYTES) {
    const end = Math.min(size, start + PIECE_BYTES);
    yield await withOpenSource(source, (file) => file.read(start, end));
  }
}

const PIECE_BYTES = 1 << 22;

/** Where the voxels end, from the start of the unpacked file. */
function endOf(source: NiftiSource): number {
  const voxels = source.dimensions.reduce((product, length) => product * length, 1);
  return source.dataOffset + voxels * requireReadable(source).bytes;
}

/**
 * Check that a file is long enough for what its header says, as far as can be seen without unpacking it.
 *
 * @returns Whether it is compressed.
 */
async function requireWhole(file: OpenFile, source: NiftiSource): Promise<boolean> {
  const compressed = isGzip(await file.read(0, Math.min(3, file.size)));
  const possible = compressed ? file.size * MAX_INFLATION : file.size;
  const fileEnd = endOf(source);
  if (fileEnd <= possible) return compressed;
  throw tooShort(source, fileEnd, `${file.size}${compressed ? ' compressed' : ''}`);
}

function tooShort(source: NiftiSource, needed: number, got: string): HypermorphError {
  const image = `${source.dimensions.join(' x ')} voxels of ${source.datatype.name}`;
  return new HypermorphError(
    'E_NIFTI',
    `${source.path}: the file must hold ${needed} bytes (${image}, from byte ${source.dataOffset}), got ${got}; it is cut off or its header is wrong.`,
    {hint: 'Copy or download the file again.'},
  );
}
