import {HypermorphError} from '../../errors.js';
import type {Triple} from '../../geometry/triple.js';
import type {VoxelArray} from '../../kernels/voxels.js';
import {HOST_IS_LITTLE_ENDIAN} from '../bytes.js';
import {recogniseFile} from '../file-kinds.js';
import {named} from '../named.js';
import {nameOf, type Source} from '../source.js';
import {datatypeFor, datatypeNamed, type Datatype} from './datatypes.js';
import {headerPlacement, lpsGridOf, textsOf, turned} from './header-placement.js';
import {affineOfGeometry} from './nifti/geometry.js';
import {ITK_INTENT, NO_INTENT, type ImageSource, type VoxelPlace} from './source.js';
import {findDataFile, numbersOf, readHeaderText, sizesOf} from './text-header.js';
import type {ImageOutput, Placement} from './types.js';

// MetaImage: lines "Key = value" of which the last names the file with the voxels, or LOCAL where they follow. Lengths and directions
// are those of ITK, LPS mm. https://docs.itk.org/en/latest/learn/metaio.html

type Tags = ReadonlyMap<string, string>;

/** Element types whose numbers have one size everywhere, and the types of their names. */
const TYPES: ReadonlyMap<string, string> = new Map(
  Object.entries({
    MET_CHAR: 'int8',
    MET_UCHAR: 'uint8',
    MET_SHORT: 'int16',
    MET_USHORT: 'uint16',
    MET_INT: 'int32',
    MET_UINT: 'uint32',
    MET_LONG: 'int32',
    MET_ULONG: 'uint32',
    MET_LONG_LONG: 'int64',
    MET_ULONG_LONG: 'uint64',
    MET_FLOAT: 'float32',
    MET_DOUBLE: 'float64',
  }),
);
/** The last key of a header. */
const DATA_FILE = 'ElementDataFile';

/**
 * Read and check the header of an .mha or .mhd file.
 *
 * @throws {HypermorphError} E_IO if it cannot be read; E_IMAGE if the header makes no sense, or the voxels are stored in a way that
 *   is not read here.
 */
export async function openMetaImage(source: Source): Promise<ImageSource> {
  const path = nameOf(source);
  const {text, size} = await readHeaderText(source);
  return named(path, async () => {
    const {tags, length} = parseHeader(text);
    const interleaved = requireNumbers(tags);
    const [axes] = sizesOf(required(tags, 'NDims'), 1, 'NDims');
    if (axes > 4) throw new HypermorphError('E_IMAGE', `NDims must be 1 to 4, got ${axes}.`);
    const dimensions = sizesOf(required(tags, 'DimSize'), axes, 'DimSize');
    const [i, j = 1, k = 1, volumes = 1] = dimensions;
    const datatype = datatypeOf(required(tags, 'ElementType'));
    const bytes = datatype.kind === 'readable' ? datatype.bytes : 1;
    const count = dimensions.reduce((product, one) => product * one, bytes * interleaved);
    const voxels = await findVoxels(source, {tags, header: {length, size}, count});
    return {
      ...{path, format: 'MetaImage', fault: 'E_IMAGE', datatype, dimensions, volumes, voxels},
      ...{shape: [i, j, k], interleaved, intent: interleaved === 3 ? ITK_INTENT : NO_INTENT},
      compressed: voxels.compression === 'deflate',
      files: [...new Set([path, nameOf(voxels.source)])],
      littleEndian: !isTrue(tags, 'BinaryDataByteOrderMSB', 'ElementByteOrderMSB'),
      ...{scaling: null, description: '', codes: null, warnings: []},
      timing: {steps: [], timeUnit: 0},
      place: () => placementIn(tags, axes),
    };
  });
}

function parseHeader(text: string): {readonly tags: Tags; readonly length: number} {
  const tags = new Map<string, string>();
  let length = 0;
  while (length < text.length && !tags.has(DATA_FILE)) {
    const end = text.indexOf('\n', length);
    const next = end < 0 ? text.length : end + 1;
    const [, key, value] = /^\s*(\w+)\s*=\s*(.*?)\s*$/.exec(text.slice(length, next)) ?? [];
    if (key === undefined && text.slice(length, next).trim() !== '') break;
    if (key !== undefined) tags.set(key, value);
    length = next;
  }
  if (tags.has(DATA_FILE)) return {tags, length};
  const bytes = Uint8Array.from(text.slice(0, 540), (character) => character.charCodeAt(0));
  const other = tags.size > 0 ? null : recogniseFile(bytes);
  throw new HypermorphError(
    'E_IMAGE',
    `not a MetaImage header: it must be lines "Key = value" up to ${DATA_FILE}${other === null ? '' : `; it looks like ${other.name}`}.`,
    other === null ? {} : {hint: other.advice},
  );
}

/** The first of several names of one tag. */
function tagOf(tags: Tags, ...names: readonly string[]): string | undefined {
  return names.map((name) => tags.get(name)).find((value) => value !== undefined);
}

function required(tags: Tags, name: string): string {
  const value = tags.get(name);
  if (value !== undefined) return value;
  throw new HypermorphError('E_IMAGE', `the header must have ${name}, got none.`);
}

function isTrue(tags: Tags, ...names: readonly string[]): boolean {
  return /^(true|t|1|yes)$/i.test(tagOf(tags, ...names) ?? '');
}

/** How many numbers there are for each voxel: 1, or 3 in a field. */
function requireNumbers(tags: Tags): 1 | 3 {
  const type = tags.get('ObjectType') ?? 'Image';
  const channels = tags.get('ElementNumberOfChannels') ?? '1';
  const isText = tags.has('BinaryData') && !isTrue(tags, 'BinaryData');
  const isField = channels === '3' && tags.get('NDims') === '3';
  if (type === 'Image' && (channels === '1' || isField) && !isText) return isField ? 3 : 1;
  throw new HypermorphError(
    'E_IMAGE',
    `must be an image with one binary number per voxel, got ${type === 'Image' ? (isText ? 'numbers as text' : `${channels} numbers per voxel`) : `a ${type}`}.`,
  );
}

function datatypeOf(type: string): Datatype {
  const name = TYPES.get(type);
  return name === undefined ? {kind: 'refused', code: 0, name: type} : datatypeNamed(name);
}

async function findVoxels(
  source: Source,
  {
    tags,
    header,
    count,
  }: {
    readonly tags: Tags;
    readonly header: {readonly length: number; readonly size: number};
    readonly count: number;
  },
): Promise<VoxelPlace> {
  const isPacked = isTrue(tags, 'CompressedData');
  const name = required(tags, DATA_FILE);
  const file = /^local$/i.test(name) ? null : await findDataFile(source, name);
  const [skip] = numbersOf(tags.get('HeaderSize') ?? '0', 1, 'HeaderSize');
  if (!Number.isSafeInteger(skip) || skip < -1 || (skip !== 0 && (isPacked || file === null))) {
    throw new HypermorphError(
      'E_IMAGE',
      `HeaderSize must be 0, or for raw voxels in a file of their own the bytes before them (-1: all but the voxels), got ${skip}.`,
    );
  }
  if (file === null) {
    const compression = isPacked ? 'deflate' : 'none';
    return {source, start: header.length, compression, offset: 0};
  }
  return {
    source: file.path,
    start: skip === -1 ? Math.max(0, file.size - count) : skip,
    compression: isPacked ? 'deflate' : 'none',
    offset: 0,
  };
}

/** Row n of the matrix is the direction of axis n. */
function placementIn(tags: Tags, axes: number): Placement {
  const numbers = (usual: readonly number[], ...names: readonly string[]) => {
    const text = tagOf(tags, ...names);
    return text === undefined ? usual : numbersOf(text, usual.length, names[0]);
  };
  const ones = Array.from({length: axes}, () => 1);
  const zeros = ones.map(() => 0);
  const identity = ones.flatMap((_, row) => ones.map((__, column) => (row === column ? 1 : 0)));
  const spacing = numbers(ones, 'ElementSpacing', 'ElementSize');
  const matrix = numbers(identity, 'TransformMatrix', 'Rotation', 'Orientation');
  const offset = numbers(zeros, 'Offset', 'Position', 'Origin');
  const step = (axis: 0 | 1 | 2): Triple => {
    const along = (world: 0 | 1 | 2) =>
      axis < axes && world < axes
        ? matrix[axes * axis + world] * spacing[axis]
        : axis === world
          ? 1
          : 0;
    return [along(0), along(1), along(2)];
  };
  const [x, y = 0, z = 0] = offset;
  return headerPlacement(turned({steps: [step(0), step(1), step(2)], origin: [x, y, z]}));
}

/** The header of an image that is written, as ITK writes it; the voxels follow raw, in the machine's byte order. */
export function encodeMetaImageHeader(
  output: Omit<ImageOutput, 'data'>,
  data: VoxelArray,
): Uint8Array {
  const {shape, geometry, further} = output;
  const lengths = further?.lengths ?? [];
  const volumes = lengths.reduce((product, length) => product * length, 1);
  const sizes = lengths.length === 0 ? shape : [...shape, volumes];
  const affine = affineOfGeometry(geometry, shape);
  const {steps, origin} = lpsGridOf(affine.directions.withOffset(affine.offset));
  const isSeries = sizes.length > 3;
  const rows = isSeries ? [...steps.map((step) => [...step, 0]), [0, 0, 0, 1]] : steps;
  const name = datatypeFor(data).name;
  const [type] = [...TYPES].find(([, known]) => known === name)!;
  const numbers = (values: readonly number[]) => textsOf(values).join(' ');
  const more = isSeries ? [0] : [];
  const lines = [
    'ObjectType = Image',
    `NDims = ${sizes.length}`,
    'BinaryData = True',
    `BinaryDataByteOrderMSB = ${HOST_IS_LITTLE_ENDIAN ? 'False' : 'True'}`,
    'CompressedData = False',
    `TransformMatrix = ${numbers(rows.flat())}`,
    `Offset = ${numbers([...origin, ...more])}`,
    `CenterOfRotation = ${numbers(sizes.map(() => 0))}`,
    `ElementSpacing = ${numbers([...affine.spacing, ...more.map(() => 1)])}`,
    `DimSize = ${sizes.join(' ')}`,
    `ElementType = ${type}`,
    `${DATA_FILE} = LOCAL`,
    '',
  ];
  return new TextEncoder().encode(lines.join('\n'));
}
