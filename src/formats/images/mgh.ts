import {HypermorphError} from '../../errors.js';
import type {Triple} from '../../geometry/triple.js';
import type {VoxelArray} from '../../kernels/voxels.js';
import {HOST_IS_LITTLE_ENDIAN} from '../bytes.js';
import {recogniseFile} from '../file-kinds.js';
import {inflateStart, isGzip} from '../gzip.js';
import {named} from '../named.js';
import {nameOf, withOpenSource, type Source} from '../source.js';
import {datatypeNamed, type Datatype} from './datatypes.js';
import {swapBytes} from './decode.js';
import {headerPlacement, type HeaderGrid} from './header-placement.js';
import {affineOfGeometry} from './nifti/geometry.js';
import {NO_INTENT, type ImageSource} from './source.js';
import type {ImageOutput} from './types.js';

// FreeSurfer's format: a header of 284 bytes, then the voxels, all of it big-endian; .mgz is the same, compressed by gzip.
// https://surfer.nmr.mgh.harvard.edu/fswiki/FsTutorial/MghFormat

/** The voxels follow. */
export const MGH_HEADER_BYTES = 284;
const VERSION = 1;
/** The compressed start of a file in which the header is looked for. */
const PREFIX_BYTES = 1 << 12;
/** Its codes of element types, and of those that are no scalar numbers. */
const TYPES: ReadonlyMap<number, string> = new Map([
  [0, 'uint8'],
  [1, 'int32'],
  [3, 'float32'],
  [4, 'int16'],
  [10, 'uint16'],
]);
const REFUSED: Readonly<Record<number, string>> = {5: 'one bit per voxel', 6: 'tensors'};
/** What a header without orientation means: coronal slices, centred (as mri_convert says it). */
const CORONAL: readonly [Triple, Triple, Triple] = [
  [-1, 0, 0],
  [0, 0, -1],
  [0, 1, 0],
];

/**
 * Read and check the header of an .mgh or .mgz file; whether it is compressed is decided by the content.
 *
 * @throws {HypermorphError} E_IO if it cannot be read, E_IMAGE if the header makes no sense.
 */
export async function openMgh(source: Source): Promise<ImageSource> {
  const path = nameOf(source);
  const {header, compressed} = await withOpenSource(source, async (file) => {
    const prefix = await file.read(0, Math.min(file.size, PREFIX_BYTES));
    if (!isGzip(prefix)) return {header: prefix, compressed: false};
    return {
      header: await named(path, () => inflateStart(prefix, MGH_HEADER_BYTES)),
      compressed: true,
    };
  });
  return {
    ...named(path, () => readHeader(header)),
    ...{path, format: 'MGH', fault: 'E_IMAGE', compressed, files: [path], littleEndian: false},
    voxels: {source, start: 0, compression: 'by content', offset: MGH_HEADER_BYTES},
    ...{scaling: null, intent: NO_INTENT, description: '', codes: null, warnings: []},
    interleaved: 1,
    timing: {steps: [], timeUnit: 0},
  };
}

function readHeader(
  header: Uint8Array,
): Pick<ImageSource, 'dimensions' | 'shape' | 'volumes' | 'datatype' | 'place'> {
  const view = new DataView(header.buffer, header.byteOffset, header.byteLength);
  // FreeSurfer 7.3 and newer keep an intent in the upper bytes of the version.
  const isMgh = header.length >= 4 && (view.getInt32(0) & 0xff) === VERSION;
  if (isMgh && header.length < MGH_HEADER_BYTES) {
    throw new HypermorphError(
      'E_IMAGE',
      `the header must have ${MGH_HEADER_BYTES} bytes, got ${header.length}; the file is cut off.`,
    );
  }
  if (!isMgh) {
    const other = recogniseFile(header);
    throw new HypermorphError(
      'E_IMAGE',
      `not an MGH file: it must begin with its version, 1${other === null ? '' : `; it looks like ${other.name}`}.`,
      other === null ? {} : {hint: other.advice},
    );
  }
  const dimensions = [4, 8, 12, 16].map((at) => view.getInt32(at));
  const wrong = dimensions.findIndex((length) => length < 1);
  if (wrong >= 0) {
    throw new HypermorphError(
      'E_IMAGE',
      `the length of axis ${wrong + 1} must be at least 1, got ${dimensions[wrong]}; the header is damaged.`,
    );
  }
  const [i, j, k, volumes] = dimensions;
  const shape: Triple = [i, j, k];
  return {
    dimensions: volumes === 1 ? shape : dimensions,
    shape,
    volumes,
    datatype: datatypeOf(view.getInt32(20)),
    place: () => placementIn(view, shape),
  };
}

function datatypeOf(code: number): Datatype {
  const name = TYPES.get(code);
  if (name !== undefined) return datatypeNamed(name);
  return {kind: 'refused', code, name: REFUSED[code] ?? 'not a known type'};
}

/** The header holds lengths and directions of the voxel axes in RAS, and the place of the centre, voxel shape / 2. */
function placementIn(view: DataView, shape: Triple): ReturnType<typeof headerPlacement> {
  const triple = (at: number): Triple => [
    view.getFloat32(at),
    view.getFloat32(at + 4),
    view.getFloat32(at + 8),
  ];
  if (view.getInt16(28) <= 0) {
    return headerPlacement(gridAround([0, 0, 0], CORONAL, shape), {
      assumed:
        'the header does not say where the voxels lie (goodRASflag is 0); assumed to be coronal slices of 1 mm, centred.',
    });
  }
  const spacing = triple(30);
  const step = (axis: 0 | 1 | 2): Triple => {
    const [x, y, z] = triple(42 + 12 * axis);
    return [x * spacing[axis], y * spacing[axis], z * spacing[axis]];
  };
  return headerPlacement(gridAround(triple(78), [step(0), step(1), step(2)], shape));
}

function gridAround(centre: Triple, steps: HeaderGrid['steps'], shape: Triple): HeaderGrid {
  const first = (world: 0 | 1 | 2) =>
    centre[world] - steps.reduce((sum, step, axis) => sum + (step[world] * shape[axis]) / 2, 0);
  return {steps, origin: [first(0), first(1), first(2)]};
}

/** The header of an image that is written. */
export function encodeMghHeader(output: Omit<ImageOutput, 'data'>, data: VoxelArray): Uint8Array {
  const {shape, geometry, further} = output;
  const affine = affineOfGeometry(geometry, shape);
  const volumes = (further?.lengths ?? []).reduce((product, length) => product * length, 1);
  const {name} = typeOf(data);
  const code = [...TYPES].find(([, type]) => type === name)![0];
  const view = new DataView(new ArrayBuffer(MGH_HEADER_BYTES));
  [VERSION, ...shape, volumes, code, 0].forEach((value, n) => view.setInt32(4 * n, value));
  view.setInt16(28, 1);
  const {linear: l} = affine.directions;
  const columns = [l[0], l[3], l[6], l[1], l[4], l[7], l[2], l[5], l[8]];
  const [i, j, k] = shape;
  const centre = affine.apply([i / 2, j / 2, k / 2]);
  [...affine.spacing, ...columns, ...centre].forEach((value, n) =>
    view.setFloat32(30 + 4 * n, value),
  );
  return new Uint8Array(view.buffer);
}

/**
 * Voxels as they stand in the file: in the smallest of its types that holds those of the array, big-endian.
 *
 * @throws {HypermorphError} E_RANGE for a number beyond 32 bits with a sign.
 */
export function encodeMghVoxels(data: VoxelArray): Uint8Array {
  const {type, bytes} = typeOf(data);
  if (data instanceof Uint32Array && data.some((value) => value > LARGEST)) {
    throw new HypermorphError(
      'E_RANGE',
      `labels in a file of FreeSurfer must be at most ${LARGEST}, got ${data.reduce((a, b) => Math.max(a, b), 0)}.`,
      {hint: 'Write them as .nii.gz.'},
    );
  }
  const voxels = new Uint8Array(type.from(data).buffer);
  if (bytes > 1 && HOST_IS_LITTLE_ENDIAN) swapBytes(voxels, bytes);
  return voxels;
}

const LARGEST = 2 ** 31 - 1;

interface MghType {
  readonly name: string;
  readonly bytes: number;
  readonly type: {from(values: ArrayLike<number>): VoxelArray & {readonly buffer: ArrayBufferLike}};
}

function typeOf(data: VoxelArray): MghType {
  if (data instanceof Uint8Array) return {name: 'uint8', bytes: 1, type: Uint8Array};
  if (data instanceof Int16Array || data instanceof Int8Array) {
    return {name: 'int16', bytes: 2, type: Int16Array};
  }
  if (data instanceof Float32Array || data instanceof Float64Array) {
    return {name: 'float32', bytes: 4, type: Float32Array};
  }
  return {name: 'int32', bytes: 4, type: Int32Array}; // 16 bits without a sign are read by FreeSurfer alone
}
