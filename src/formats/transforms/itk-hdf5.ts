import {Affine} from '../../geometry/affine.js';
import {countVoxels, type Grid} from '../../geometry/grid.js';
import type {Triple} from '../../geometry/triple.js';
import {
  affineTransform,
  compose,
  displacementTransform,
  partsOf,
  type DisplacementTransform,
  type Transform,
} from '../../transforms/transform.js';
import type {FieldUnit, VectorField} from '../../transforms/vector-field.js';
import {createHdf5, FLOATS, isDataset, isGroup, readHdf5, withHdf5, type Group} from '../hdf5.js';
import {MAX_INFLATION} from '../gzip.js';
import {affineOfEntry, COMPOSITE, kindOf, refuse} from './itk-entries.js';
import {requireUsable} from './matrix-text.js';
import {fromMatrix, LPS, LPS_WORLDS, toMatrix} from './worlds.js';

/** One transform of the file; fields are large. */
interface Entry {
  readonly kind: string;
  readonly parameters: Float32Array | Float64Array;
  readonly fixed: Float32Array | Float64Array;
}

const FIELD = 'DisplacementFieldTransform';

/**
 * The transform of an HDF5 file of ITK (.h5): affine maps and displacement fields, one or a composite, such as antsRegistration
 * can write.
 *
 * @throws {HypermorphError} E_IO if it is none, without the name of the file.
 * @see ITK, `itkHDF5TransformIO.cxx` (names of groups and data sets), `itkDisplacementFieldTransform.h` (fixed parameters: size,
 *   origin, spacing, direction row by row).
 */
export async function decodeItkHdf5(bytes: Uint8Array): Promise<Transform> {
  const entries = await readHdf5(bytes, {
    here: readEntries,
    thread: 'formats/transforms/itk-hdf5-worker.js',
    code: 'E_IO',
    wanted: 'a transform of ITK',
  });
  const parts = entries.filter(({kind}) => kind !== COMPOSITE);
  if (parts.length === 0) refuse('must hold a transform, got none');
  // Of a composite the last one is applied first, as it was added.
  return compose(...parts.map(transformOf));
}

/** The transforms in the order of their groups, read on this thread. */
export function readEntries(bytes: Uint8Array): Promise<readonly Entry[]> {
  const mostBytes = MAX_INFLATION * bytes.length;
  return withHdf5(bytes, (file) => entriesIn(file, mostBytes), 'E_IO');
}

function entriesIn(file: Group, mostBytes: number): readonly Entry[] {
  const root = file.get('TransformGroup');
  if (!isGroup(root)) refuse('must have a group "TransformGroup", got none');
  const entries: Entry[] = [];
  for (let n = 0; ; n++) {
    const group = root.get(String(n));
    if (!isGroup(group)) return entries;
    const kind = kindOf(textIn(group, 'TransformType'));
    const read = (name: string) => numbersIn(group, name, mostBytes);
    entries.push(
      kind === COMPOSITE
        ? {kind, parameters: new Float32Array(0), fixed: new Float32Array(0)}
        : {kind, parameters: read('Parameters'), fixed: read('FixedParameters')},
    );
  }
}

function textIn(group: Group, name: string): string {
  const data = group.get(name);
  const value: unknown = isDataset(data) ? data.value : null;
  const [text] = Array.isArray(value) ? (value as unknown[]) : [value];
  return typeof text === 'string' ? text : refuse(`must have a text "${name}", got none`);
}

/** @param suffix - Of `TransformParameters`, which files of older versions call `TranformParameters`. */
function numbersIn(group: Group, suffix: string, mostBytes: number): Entry['parameters'] {
  const names = [`Transform${suffix}`, `Tranform${suffix}`];
  const data = names.map((name) => group.get(name)).find(isDataset);
  if (data === undefined) return refuse(`must have the numbers "${names[0]}", got none`);
  // Before the numbers are read: a lying shape asks for any amount of memory.
  const {type, size, shape} = data.metadata;
  const bytes = (shape ?? []).reduce((product, length) => product * length, size);
  if (type !== FLOATS || !(bytes <= mostBytes)) {
    refuse(`"${names[0]}" must be numbers that fit into the file, got others`);
  }
  const {value} = data;
  if (value instanceof Float32Array || value instanceof Float64Array) return value;
  return refuse(`"${names[0]}" must be numbers of 32 or 64 bits, got others`);
}

function transformOf({kind, parameters, fixed}: Entry): Transform {
  if (kind === FIELD) return fieldOf(parameters, [...fixed]);
  const affine = affineOfEntry({kind, parameters: [...parameters], fixed: [...fixed]});
  return affineTransform(fromMatrix(requireUsable(affine), LPS_WORLDS));
}

/** Vectors lie i fastest, the component faster still. */
function fieldOf(parameters: Entry['parameters'], fixed: readonly number[]): DisplacementTransform {
  const [i, j, k, ox, oy, oz, x, y, z, ...direction] = fixed;
  const [xx, xy, xz, yx, yy, yz, zx, zy, zz] = direction;
  const shape: Triple = [i, j, k];
  const isSound =
    direction.length === 9 && shape.every((length) => Number.isInteger(length) && length >= 1);
  const count = isSound ? 3 * countVoxels(shape) : 0;
  if (!isSound || parameters.length !== count) {
    refuse(
      `a field of ${shape.join(' x ')} voxels must hold ${count} numbers, got ${parameters.length}`,
    );
  }
  const linear = Affine.fromLinear([xx, xy, xz, yx, yy, yz, zx, zy, zz]);
  const lps = Affine.compose(linear, Affine.scaling([x, y, z])).withOffset([ox, oy, oz]);
  const grid: Grid = {shape, affine: requireUsable(Affine.compose(LPS, lps))};
  const values = new Float32Array(count);
  eachVector(shape, (file, tensor) => {
    values[tensor] = -parameters[file];
    values[tensor + 1] = -parameters[file + 1];
    values[tensor + 2] = parameters[file + 2];
  });
  return displacementTransform({grid, unit: 'mm', order: 'tensor', values});
}

/** The first number of each vector: i fastest in the file, k fastest in tensors. */
function eachVector([i, j, k]: Triple, use: (file: number, tensor: number) => void): void {
  let tensor = 0;
  for (let x = 0; x < i; x++) {
    for (let y = 0; y < j; y++) {
      for (let z = 0; z < k; z++, tensor += 3) use(3 * (x + i * (y + j * z)), tensor);
    }
  }
}

/** The HDF5 file of a transform, all its parts as they are. */
export function encodeItkHdf5(transform: Transform): Promise<Uint8Array<ArrayBuffer>> {
  const parts = partsOf(transform).map((part): readonly [string, Entry] =>
    part.kind === 'affine'
      ? ['AffineTransform_double_3_3', affineEntry(part.affine)]
      : [`${FIELD}_double_3_3`, fieldEntry(part.field)],
  );
  const composite = `${COMPOSITE}_double_3_3`;
  return createHdf5((file) => {
    const root = file.create_group('TransformGroup');
    const first = root.create_group('0');
    first.create_dataset({name: 'TransformType', ...textData(composite)});
    parts.forEach(([type, {parameters, fixed}], n) => {
      const group = root.create_group(String(n + 1));
      group.create_dataset({name: 'TransformType', ...textData(type)});
      group.create_dataset({name: 'TransformParameters', data: parameters});
      group.create_dataset({name: 'TransformFixedParameters', data: fixed});
    });
  });
}

/** ITK reads texts of variable length in ASCII, and no others. */
function textData(text: string): {readonly data: string[]; readonly dtype: 'A'} {
  return {data: [text], dtype: 'A'};
}

function affineEntry(affine: Affine): Entry {
  const {linear, offset} = toMatrix(affine, LPS_WORLDS);
  return {
    kind: 'AffineTransform',
    parameters: Float64Array.of(...linear, ...offset),
    fixed: Float64Array.of(0, 0, 0),
  };
}

function fieldEntry({grid, unit, values}: VectorField<FieldUnit, 'tensor'>): Entry {
  const {shape, affine} = grid;
  const place = Affine.compose(LPS, affine);
  const {linear: l} = unit === 'voxels' ? place : LPS;
  const parameters = new Float32Array(values.length);
  eachVector(shape, (file, tensor) => {
    const [x, y, z] = [values[tensor], values[tensor + 1], values[tensor + 2]];
    parameters[file] = l[0] * x + l[1] * y + l[2] * z;
    parameters[file + 1] = l[3] * x + l[4] * y + l[5] * z;
    parameters[file + 2] = l[6] * x + l[7] * y + l[8] * z;
  });
  const fixed = [...shape, ...place.offset, ...place.spacing, ...place.directions.linear];
  return {kind: FIELD, parameters, fixed: Float64Array.from(fixed)};
}
