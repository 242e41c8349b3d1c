import type {VoxelArray} from '../../kernels/voxels.js';

/** An element type that this program reads. */
export interface ReadableDatatype {
  readonly kind: 'readable';
  readonly code: number;
  readonly name: string;
  readonly bytes: 1 | 2 | 4 | 8;
  readonly isFloat: boolean;
  /** The numbers in memory that is in the machine's byte order; null for 64-bit integers, which JavaScript has no number for. */
  readonly view: ((buffer: ArrayBuffer) => VoxelArray) | null;
}

/** An element type that the standard knows and this program refuses. */
export interface RefusedDatatype {
  readonly kind: 'refused';
  readonly code: number;
  readonly name: string;
}

export type Datatype = ReadableDatatype | RefusedDatatype;

type ArrayType = new (buffer: ArrayBuffer) => VoxelArray;

function whole(code: number, name: string, bytes: 1 | 2 | 4, type: ArrayType): ReadableDatatype {
  return {kind: 'readable', code, name, bytes, isFloat: false, view: (buffer) => new type(buffer)};
}

function float(code: number, name: string, bytes: 4 | 8, type: ArrayType): ReadableDatatype {
  return {kind: 'readable', code, name, bytes, isFloat: true, view: (buffer) => new type(buffer)};
}

function wide(code: number, name: string): ReadableDatatype {
  return {kind: 'readable', code, name, bytes: 8, isFloat: false, view: null};
}

const DATATYPES: readonly Datatype[] = [
  whole(2, 'uint8', 1, Uint8Array),
  whole(4, 'int16', 2, Int16Array),
  whole(8, 'int32', 4, Int32Array),
  float(16, 'float32', 4, Float32Array),
  float(64, 'float64', 8, Float64Array),
  whole(256, 'int8', 1, Int8Array),
  whole(512, 'uint16', 2, Uint16Array),
  whole(768, 'uint32', 4, Uint32Array),
  wide(1024, 'int64'),
  wide(1280, 'uint64'),
  {kind: 'refused', code: 0, name: 'unknown'},
  {kind: 'refused', code: 1, name: 'one bit per voxel'},
  {kind: 'refused', code: 32, name: 'complex64'},
  {kind: 'refused', code: 128, name: 'RGB24 colour'},
  {kind: 'refused', code: 1536, name: 'float128'},
  {kind: 'refused', code: 1792, name: 'complex128'},
  {kind: 'refused', code: 2048, name: 'complex256'},
  {kind: 'refused', code: 2304, name: 'RGBA32 colour'},
];

/** The element type of a datatype code; bits per voxel follow from it, the header's own bitpix field is not believed. */
export function datatypeOf(code: number): Datatype {
  return (
    DATATYPES.find((type) => type.code === code) ?? {
      kind: 'refused',
      code,
      name: 'not a known type',
    }
  );
}

/** The element type of a name, such as 'int16'. */
export function datatypeNamed(name: string): ReadableDatatype {
  return DATATYPES.find((type) => type.name === name) as ReadableDatatype;
}

/** The element type that stores a typed array as it is. */
export function datatypeFor(data: VoxelArray): ReadableDatatype {
  return datatypeNamed(data.constructor.name.replace('Array', '').toLowerCase());
}
