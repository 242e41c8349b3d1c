import {partsOf, type Transform} from '../../transforms/transform.js';
import {createHdf5, FLOATS, isDataset, isGroup, readHdf5, withHdf5, type Group} from '../hdf5.js';
import {MAX_INFLATION} from '../gzip.js';
import {COMPOSITE, kindOf, refuse, type ItkEntry} from './itk-entries.js';
import {entryOf, transformOfEntries} from './itk-transforms.js';

/**
 * The transform of an HDF5 file of ITK (.h5), such as antsRegistration can write, see `transformOfEntries`.
 *
 * @throws {HypermorphError} E_IO if it is none, without the name of the file.
 * @see ITK, `itkHDF5TransformIO.cxx` (names of groups and data sets).
 */
export async function decodeItkHdf5(bytes: Uint8Array): Promise<Transform> {
  const entries = await readHdf5(bytes, {
    here: readEntries,
    thread: 'formats/transforms/itk-hdf5-worker.js',
    code: 'E_IO',
    wanted: 'a transform of ITK',
  });
  return transformOfEntries(entries);
}

/** The transforms in the order of their groups, read on this thread. */
export function readEntries(bytes: Uint8Array): Promise<readonly ItkEntry[]> {
  const mostBytes = MAX_INFLATION * bytes.length;
  return withHdf5(bytes, (file) => entriesIn(file, mostBytes), 'E_IO');
}

function entriesIn(file: Group, mostBytes: number): readonly ItkEntry[] {
  const root = file.get('TransformGroup');
  if (!isGroup(root)) refuse('must have a group "TransformGroup", got none');
  const entries: ItkEntry[] = [];
  for (let n = 0; ; n++) {
    const group = root.get(String(n));
    if (!isGroup(group)) return entries;
    const kind = kindOf(textIn(group, 'TransformType'));
    const read = (name: string) => numbersIn(group, name, mostBytes);
    entries.push(
      kind === COMPOSITE
        ? {kind, parameters: [], fixed: []}
        : {kind, parameters: read('Parameters'), fixed: [...read('FixedParameters')]},
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
function numbersIn(group: Group, suffix: string, mostBytes: number): Float32Array | Float64Array {
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

/** The HDF5 file of a transform, all its parts as they are. */
export function encodeItkHdf5(transform: Transform): Promise<Uint8Array<ArrayBuffer>> {
  const entries = partsOf(transform).map(entryOf);
  return createHdf5((file) => {
    const root = file.create_group('TransformGroup');
    const first = root.create_group('0');
    first.create_dataset({name: 'TransformType', ...textData(`${COMPOSITE}_double_3_3`)});
    entries.forEach(({kind, parameters, fixed}, n) => {
      const group = root.create_group(String(n + 1));
      group.create_dataset({name: 'TransformType', ...textData(`${kind}_double_3_3`)});
      const data = parameters instanceof Float32Array ? parameters : Float64Array.from(parameters);
      group.create_dataset({name: 'TransformParameters', data});
      group.create_dataset({name: 'TransformFixedParameters', data: Float64Array.from(fixed)});
    });
  });
}

/** ITK reads texts of variable length in ASCII, and no others. */
function textData(text: string): {readonly data: string[]; readonly dtype: 'A'} {
  return {data: [text], dtype: 'A'};
}
