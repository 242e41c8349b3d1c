import {HypermorphError} from '../../errors.js';
import type {Triple} from '../../geometry/triple.js';
import type {VoxelArray} from '../../kernels/voxels.js';
import {HOST_IS_LITTLE_ENDIAN} from '../bytes.js';
import {recogniseFile} from '../file-kinds.js';
import {named} from '../named.js';
import {nameOf, type Source} from '../source.js';
import {datatypeFor, datatypeNamed, type Datatype} from './datatypes.js';
import {headerPlacement, lpsGridOf, textsOf, type HeaderGrid} from './header-placement.js';
import {affineOfGeometry} from './nifti/geometry.js';
import {ITK_INTENT, NO_INTENT, type ImageSource, type VoxelPlace} from './source.js';
import {findDataFile, numbersOf, readHeaderText, sizesOf} from './text-header.js';
import type {ImageOutput, Placement} from './types.js';

// NRRD: a text header, an empty line, then the voxels; or a header alone (.nhdr) that names the file with the voxels.
// http://teem.sourceforge.net/nrrd/format.html

type Fields = ReadonlyMap<string, string>;

/** Names of element types; the numbers in C's words, too. */
const TYPES: readonly (readonly [names: RegExp, type: string])[] = [
  [/^(signed char|int8(_t)?)$/, 'int8'],
  [/^(uchar|unsigned char|uint8(_t)?)$/, 'uint8'],
  [/^((signed )?short( int)?|int16(_t)?)$/, 'int16'],
  [/^(ushort|unsigned short( int)?|uint16(_t)?)$/, 'uint16'],
  [/^((signed )?int|int32(_t)?)$/, 'int32'],
  [/^(uint|unsigned int|uint32(_t)?)$/, 'uint32'],
  [/^(longlong|(signed )?long long( int)?|int64(_t)?)$/, 'int64'],
  [/^(ulonglong|unsigned long long( int)?|uint64(_t)?)$/, 'uint64'],
  [/^float$/, 'float32'],
  [/^double$/, 'float64'],
];
const MOST_AXES = 16;
/** Spaces whose axes are those of a body, and whether x runs to the right and y to the front there. */
const SPACES: readonly (readonly [names: RegExp, right: boolean, front: boolean])[] = [
  [/^(right-anterior-superior|ras)(-time|t)?$/, true, true],
  [/^(left-anterior-superior|las)(-time|t)?$/, false, true],
  [/^(left-posterior-superior|lps)(-time|t)?$/, false, false],
];
const UNKNOWN_SPACE =
  'the header does not say which side is left (it names no anatomical space); read as LPS, as ITK does.';

/**
 * Read and check the header of an .nrrd or .nhdr file.
 *
 * @throws {HypermorphError} E_IO if it cannot be read; E_IMAGE if the header makes no sense, or the voxels are stored in a way that
 *   is not read here.
 */
export async function openNrrd(source: Source): Promise<ImageSource> {
  const path = nameOf(source);
  const {text, size} = await readHeaderText(source);
  return named(path, async () => {
    const {fields, length} = parseHeader(text);
    const axes = axesOf(fields);
    const datatype = datatypeOf(required(fields, 'type'));
    const bytes = datatype.kind === 'readable' ? datatype.bytes : 1;
    const voxels = await findVoxels(source, {
      fields,
      header: {length, size},
      count: axes.dimensions.reduce((product, one) => product * one, bytes * axes.interleaved),
    });
    return {
      ...{path, format: 'NRRD', fault: 'E_IMAGE', datatype, ...axes, voxels},
      compressed: voxels.compression === 'deflate',
      files: [...new Set([path, nameOf(voxels.source)])],
      littleEndian: bytes === 1 ? HOST_IS_LITTLE_ENDIAN : isLittleEndian(fields),
      ...{scaling: null, codes: null, warnings: []},
      intent: axes.interleaved === 3 ? ITK_INTENT : NO_INTENT,
      timing: {steps: [], timeUnit: 0},
      description: (fields.get('content') ?? '').replace(/[^\x20-\x7e]/g, ''),
      place: () => placementIn(fields, axes.dimensions),
    };
  });
}

/** Lines "field: description" and "key:=value"; fields without case and blanks, as writers differ in them. */
function parseHeader(text: string): {readonly fields: Fields; readonly length: number} {
  if (!/^NRRD000[1-6]\r?\n/.test(text)) {
    const bytes = Uint8Array.from(text.slice(0, 540), (character) => character.charCodeAt(0));
    const other = recogniseFile(bytes);
    throw new HypermorphError(
      'E_IMAGE',
      `not an NRRD file: it must begin with NRRD0001 to NRRD0006${other === null ? '' : `; it looks like ${other.name}`}.`,
      other === null ? {} : {hint: other.advice},
    );
  }
  const end = /\r?\n\r?\n/.exec(text);
  const header = end === null ? text : text.slice(0, end.index);
  const fields = new Map<string, string>();
  for (const line of header.split(/\r?\n/).slice(1)) {
    const [, name, value] = /^([^:#]+):(?!=)\s*(.*)$/.exec(line) ?? [];
    if (name !== undefined) fields.set(name.toLowerCase().replace(/\s/g, ''), value.trim());
  }
  return {fields, length: end === null ? text.length : end.index + end[0].length};
}

function required(fields: Fields, name: string): string {
  const value = fields.get(name);
  if (value !== undefined) return value;
  throw new HypermorphError('E_IMAGE', `the header must have the field ${name}, got none.`);
}

/** The axes of space come first, and each further one counts volumes; or one of three numbers before them makes a field. */
function axesOf(
  fields: Fields,
): Pick<ImageSource, 'dimensions' | 'shape' | 'volumes' | 'interleaved'> {
  const [count] = sizesOf(required(fields, 'dimension'), 1, 'dimension');
  if (count > MOST_AXES) {
    throw new HypermorphError('E_IMAGE', `dimension must be at most ${MOST_AXES}, got ${count}.`);
  }
  const sizes = sizesOf(required(fields, 'sizes'), count, 'sizes');
  const every = spaceAxes(fields, count);
  const isField = isLpsField(fields, sizes, every);
  const [dimensions, isSpace] = isField ? [sizes.slice(1), every.slice(1)] : [sizes, every];
  const spatial = isSpace.filter((one) => one).length;
  if (spatial < 1 || spatial > 3 || isSpace.slice(0, spatial).includes(false)) {
    throw new HypermorphError(
      'E_IMAGE',
      `must be an image with one number per voxel, whose axes of space come first, got the axes ${fields.get('kinds') ?? fields.get('spacedirections') ?? dimensions.join(' x ')}.`,
    );
  }
  const [i, j = 1, k = 1] = dimensions.slice(0, spatial);
  const further = dimensions.slice(spatial);
  return {
    dimensions: further.length > 0 ? [i, j, k, ...further] : dimensions,
    shape: [i, j, k],
    volumes: further.reduce((product, length) => product * length, 1),
    interleaved: isField ? 3 : 1,
  };
}

/** Three numbers, then three axes of LPS: vectors as ITK writes them. What is called a colour is none. */
function isLpsField(
  fields: Fields,
  sizes: readonly number[],
  isSpace: readonly boolean[],
): boolean {
  const [, right, front] = spaceOf(fields) ?? [null, true, true];
  const isColour = /colou?r/i.test(fields.get('kinds') ?? '');
  const [isFirst, ...others] = isSpace;
  return (
    sizes[0] === 3 &&
    !isFirst &&
    others.join() === 'true,true,true' &&
    !right &&
    !front &&
    !isColour
  );
}

/**
 * Which axes are of space: those with a direction, or else of such a kind; but for a fourth one, which is time. Where nothing says so,
 * the first three.
 */
function spaceAxes(fields: Fields, count: number): readonly boolean[] {
  const kinds = fields.get('kinds')?.toLowerCase().split(/\s+/) ?? [];
  const directions = fields.get('spacedirections');
  const vectors = directions === undefined ? null : vectorsOf(directions, 'space directions');
  if (vectors !== null && vectors.length !== count) {
    throw new HypermorphError(
      'E_IMAGE',
      `space directions must be ${count} vectors or "none", got "${directions}".`,
    );
  }
  const isSpace =
    vectors === null
      ? kinds.map((kind) => /^(domain|space)$/.test(kind))
      : vectors.map((one, axis) => one !== null && kinds[axis] !== 'time');
  if (isSpace.length !== count || !isSpace.includes(true)) {
    return Array.from({length: count}, (_, axis) => axis < 3);
  }
  return count === 4 && !isSpace.includes(false) ? [true, true, true, false] : isSpace;
}

/** Vectors "(1,0,0)", or null for "none". */
function vectorsOf(text: string, field: string): readonly (readonly number[] | null)[] {
  const words = text.match(/\([^)]*\)|[^\s()]+/g) ?? [];
  return words.map((word) => {
    if (word.toLowerCase() === 'none') return null;
    const numbers = /^\((.*)\)$/.exec(word)?.[1].split(',').map(Number) ?? [];
    const usable = numbers.length >= 1 && numbers.length <= 4 && !numbers.some(Number.isNaN);
    if (usable) return numbers;
    throw new HypermorphError(
      'E_IMAGE',
      `${field} must be vectors such as (1,0,0), got "${text}".`,
    );
  });
}

function datatypeOf(type: string): Datatype {
  const word = type.toLowerCase().replace(/\s+/g, ' ');
  const found = TYPES.find(([names]) => names.test(word));
  return found === undefined ? {kind: 'refused', code: 0, name: type} : datatypeNamed(found[1]);
}

function isLittleEndian(fields: Fields): boolean {
  const endian = required(fields, 'endian').toLowerCase();
  if (endian === 'little' || endian === 'big') return endian === 'little';
  throw new HypermorphError('E_IMAGE', `endian must be little or big, got "${endian}".`);
}

async function findVoxels(
  source: Source,
  {
    fields,
    header,
    count,
  }: {
    readonly fields: Fields;
    readonly header: {readonly length: number; readonly size: number};
    readonly count: number;
  },
): Promise<VoxelPlace> {
  const encoding = required(fields, 'encoding').toLowerCase();
  const isPacked = /^gz(ip)?$/.test(encoding);
  if (!isPacked && encoding !== 'raw') {
    throw new HypermorphError('E_IMAGE', `encoding must be raw or gzip, got "${encoding}".`, {
      hint: 'Write the image again in one of them.',
    });
  }
  const [lines] = numbersOf(fields.get('lineskip') ?? '0', 1, 'line skip');
  const [skip] = numbersOf(fields.get('byteskip') ?? '0', 1, 'byte skip');
  if (lines !== 0 || !Number.isSafeInteger(skip) || skip < (isPacked ? 0 : -1)) {
    throw new HypermorphError(
      'E_IMAGE',
      `line skip must be 0, and byte skip a whole number from 0 (or -1 where the voxels are raw), got ${lines} and ${skip}.`,
    );
  }
  const name = fields.get('datafile');
  const file = name === undefined ? null : await findDataFile(source, name);
  const [place, start, size] =
    file === null ? [source, header.length, header.size] : [file.path, 0, file.size];
  const begin = skip === -1 ? Math.max(start, size - count) : start;
  return {
    source: place,
    start: begin,
    compression: isPacked ? 'deflate' : 'none',
    offset: Math.max(skip, 0),
  };
}

function spaceOf(fields: Fields): (typeof SPACES)[number] | undefined {
  const space = (fields.get('space') ?? '').toLowerCase();
  return SPACES.find(([names]) => names.test(space));
}

/** The space that is named, or LPS as ITK takes what names none. */
function placementIn(fields: Fields, sizes: readonly number[]): Placement {
  const known = spaceOf(fields);
  const [, right, front] = known ?? [null, false, false];
  const directions = fields.get('spacedirections');
  const grid =
    directions === undefined ? gridOfSpacings(fields, sizes) : gridOfDirections(fields, directions);
  const toRas = ([x, y, z]: Triple): Triple => [right ? x : -x, front ? y : -y, z];
  const [i, j, k] = grid.steps;
  const isKnown = known !== undefined && directions !== undefined;
  return headerPlacement(
    {steps: [toRas(i), toRas(j), toRas(k)], origin: toRas(grid.origin)},
    isKnown ? {} : {assumed: UNKNOWN_SPACE},
  );
}

function gridOfDirections(fields: Fields, text: string): HeaderGrid {
  const directions = vectorsOf(text, 'space directions').filter((one) => one !== null);
  const origin = vectorsOf(fields.get('spaceorigin') ?? '(0,0,0)', 'space origin')[0] ?? [];
  const [i, j = [0, 1, 0], k] = directions.map(inSpace);
  return {steps: [i, j, k ?? across(i, j)], origin: inSpace(origin)};
}

/** Spacings without directions: along the axes of the space, from the first position that is given. */
function gridOfSpacings(fields: Fields, sizes: readonly number[]): HeaderGrid {
  const along = (name: string, start: number) => {
    const words = fields.get(name)?.split(/\s+/).map(Number) ?? [];
    const at = (axis: number) =>
      axis < sizes.length && Number.isFinite(words[axis]) ? words[axis] : start;
    return [at(0), at(1), at(2)] as const;
  };
  const [x, y, z] = along('spacings', 1);
  return {
    steps: [
      [x, 0, 0],
      [0, y, 0],
      [0, 0, z],
    ],
    origin: [...along('axismins', 0)],
  };
}

/** Of a vector in a space of one to four axes, those of the body. */
function inSpace([x = 0, y = 0, z = 0]: readonly number[]): Triple {
  return [x, y, z];
}

/** The unit vector that stands on two others: a slice is one voxel thick. */
function across([a, b, c]: Triple, [d, e, f]: Triple): Triple {
  const [x, y, z] = [b * f - c * e, c * d - a * f, a * e - b * d];
  const length = Math.hypot(x, y, z);
  return [x / length, y / length, z / length];
}

/** The header of an image that is written, LPS as ITK writes it; the voxels follow raw, in the machine's byte order. */
export function encodeNrrdHeader(output: Omit<ImageOutput, 'data'>, data: VoxelArray): Uint8Array {
  const {shape, geometry, further, description = ''} = output;
  const lengths = further?.lengths ?? [];
  const {steps, origin} = lpsGridOf(affineOfGeometry(geometry, shape));
  const isSeries = lengths.length > 0;
  const volumes = lengths.reduce((product, length) => product * length, 1);
  const more = isSeries ? [0] : [];
  const vector = (numbers: Triple, fourth = more) =>
    `(${textsOf([...numbers, ...fourth]).join(',')})`;
  const {name} = datatypeFor(data);
  const type = {float32: 'float', float64: 'double'}[name] ?? name;
  const lines = [
    'NRRD0004',
    ...(description === '' ? [] : [`content: ${description.replace(/[^\x20-\x7e]/g, '?')}`]),
    `type: ${type}`,
    `dimension: ${3 + more.length}`,
    `space: left-posterior-superior${isSeries ? '-time' : ''}`,
    `sizes: ${[...shape, ...more.map(() => volumes)].join(' ')}`,
    `space directions: ${[...steps.map((step) => vector(step)), ...more.map(() => vector([0, 0, 0], [1]))].join(' ')}`,
    `kinds: domain domain domain${isSeries ? ' time' : ''}`,
    `endian: ${HOST_IS_LITTLE_ENDIAN ? 'little' : 'big'}`,
    'encoding: raw',
    `space origin: ${vector(origin)}`,
    '',
    '',
  ];
  return new TextEncoder().encode(lines.join('\n'));
}
