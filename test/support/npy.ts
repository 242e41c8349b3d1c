import {HypermorphError} from '../../src/errors.js';
import {float32FromFloat16} from '../../src/formats/weights/half.js';

/** Element types that arrays are handed out in. */
export type NumericArray =
  | Float32Array<ArrayBuffer>
  | Float64Array<ArrayBuffer>
  | Int8Array<ArrayBuffer>
  | Uint8Array<ArrayBuffer>
  | Int16Array<ArrayBuffer>
  | Uint16Array<ArrayBuffer>
  | Int32Array<ArrayBuffer>
  | Uint32Array<ArrayBuffer>;

/** An n-dimensional array, last axis fastest. */
export interface NumericTensor {
  readonly shape: readonly number[];
  readonly data: NumericArray;
}

interface ElementType {
  readonly bytes: number;
  /** The array we hand out has the element type of the file (and, like all that Node runs on, little-endian order). */
  readonly storedAsIs?: true;
  readonly create: (length: number) => NumericArray;
  readonly read: (view: DataView, offset: number, littleEndian: boolean) => number;
}

const int64 = (read: (view: DataView, offset: number, little: boolean) => bigint): ElementType => ({
  bytes: 8,
  create: (length) => new Float64Array(length), // exact up to 2^53
  read: (view, offset, little) => Number(read(view, offset, little)),
});

/** NumPy's type codes without the byte order. 64-bit integers come as float64, float16 as float32, booleans as 0 and 1. */
const ELEMENT_TYPES: Readonly<Record<string, ElementType>> = {
  f2: {
    bytes: 2,
    create: (n) => new Float32Array(n),
    read: (v, o, le) => float32FromFloat16(v.getUint16(o, le)),
  },
  f4: {
    bytes: 4,
    storedAsIs: true,
    create: (n) => new Float32Array(n),
    read: (v, o, le) => v.getFloat32(o, le),
  },
  f8: {
    bytes: 8,
    storedAsIs: true,
    create: (n) => new Float64Array(n),
    read: (v, o, le) => v.getFloat64(o, le),
  },
  b1: {bytes: 1, storedAsIs: true, create: (n) => new Uint8Array(n), read: (v, o) => v.getUint8(o)},
  i1: {bytes: 1, storedAsIs: true, create: (n) => new Int8Array(n), read: (v, o) => v.getInt8(o)},
  u1: {bytes: 1, storedAsIs: true, create: (n) => new Uint8Array(n), read: (v, o) => v.getUint8(o)},
  i2: {
    bytes: 2,
    storedAsIs: true,
    create: (n) => new Int16Array(n),
    read: (v, o, le) => v.getInt16(o, le),
  },
  u2: {
    bytes: 2,
    storedAsIs: true,
    create: (n) => new Uint16Array(n),
    read: (v, o, le) => v.getUint16(o, le),
  },
  i4: {
    bytes: 4,
    storedAsIs: true,
    create: (n) => new Int32Array(n),
    read: (v, o, le) => v.getInt32(o, le),
  },
  u4: {
    bytes: 4,
    storedAsIs: true,
    create: (n) => new Uint32Array(n),
    read: (v, o, le) => v.getUint32(o, le),
  },
  i8: int64((v, o, le) => v.getBigInt64(o, le)),
  u8: int64((v, o, le) => v.getBigUint64(o, le)),
};

interface NpyHeader {
  readonly type: ElementType;
  readonly littleEndian: boolean;
  readonly isFortranOrder: boolean;
  readonly shape: readonly number[];
  readonly dataOffset: number;
}

const MAGIC = '\x93NUMPY';

function fail(where: string, text: string): never {
  throw new HypermorphError('E_IO', `${where}: ${text}`);
}

function parseHeader(bytes: Uint8Array, where: string): NpyHeader {
  const magic = String.fromCharCode(...bytes.subarray(0, MAGIC.length));
  if (magic !== MAGIC || bytes.length < 10) fail(where, 'not a NumPy .npy array.');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const version = view.getUint8(6);
  if (version < 1 || version > 3) {
    fail(where, `.npy version must be 1, 2 or 3, got ${version}.`);
  }
  const lengthBytes = version === 1 ? 2 : 4;
  if (bytes.length < 8 + lengthBytes) fail(where, 'the .npy header is cut off.');
  const headerLength = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  const dataOffset = 8 + lengthBytes + headerLength;
  if (dataOffset > bytes.length) {
    fail(
      where,
      `the .npy header is cut off (it ends at byte ${dataOffset}, there are ${bytes.length}).`,
    );
  }
  const text = new TextDecoder('utf-8').decode(bytes.subarray(8 + lengthBytes, dataOffset));
  const descr = /'descr'\s*:\s*'([<>|=])([a-z]\d+)'/.exec(text);
  const order = /'fortran_order'\s*:\s*(True|False)/.exec(text);
  const shape = /'shape'\s*:\s*\(([\d\s,L]*)\)/.exec(text);
  if (!order || !shape) fail(where, `the .npy header is not readable: ${text.trim()}`);
  const type = descr ? ELEMENT_TYPES[descr[2]] : undefined;
  if (!descr || !type) {
    fail(where, `element type must be float, integer or bool, the header is ${text.trim()}`);
  }
  return {
    type,
    littleEndian: descr[1] !== '>',
    isFortranOrder: order[1] === 'True',
    shape: shape[1]
      .split(',')
      .map((part) => part.trim().replace(/L$/, ''))
      .filter((part) => part !== '')
      .map(Number),
    dataOffset,
  };
}

/** For each element of the C-order array, its place in the Fortran-order one. */
function forEachFortranIndex(
  shape: readonly number[],
  visit: (cIndex: number, fIndex: number) => void,
): void {
  const strides = shape.map((_, axis) => shape.slice(0, axis).reduce((a, b) => a * b, 1));
  const length = shape.reduce((a, b) => a * b, 1);
  const index = new Array<number>(shape.length).fill(0);
  let fortran = 0;
  for (let c = 0; c < length; c++) {
    visit(c, fortran);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      fortran += strides[axis];
      if (++index[axis] < shape[axis]) break;
      fortran -= strides[axis] * shape[axis];
      index[axis] = 0;
    }
  }
}

/**
 * Read a NumPy array (.npy versions 1 to 3, C or Fortran order, both byte orders).
 *
 * @param where - Named in error messages.
 * @returns The array in C order. `data` is a copy.
 * @throws {HypermorphError} E_IO if the bytes are not a readable array or hold fewer elements than the header says.
 */
export function decodeNpy(bytes: Uint8Array, where = 'npy'): NumericTensor {
  const {type, littleEndian, isFortranOrder, shape, dataOffset} = parseHeader(bytes, where);
  const length = shape.reduce((a, b) => a * b, 1);
  const available = bytes.length - dataOffset;
  if (available < length * type.bytes) {
    fail(
      where,
      `an array of ${shape.join('x') || '1'} needs ${length * type.bytes} bytes, got ${available}.`,
    );
  }
  const data = type.create(length);
  const isSameLayout = littleEndian && !isFortranOrder && type.storedAsIs;
  if (isSameLayout) {
    const target = new Uint8Array(data.buffer);
    target.set(bytes.subarray(dataOffset, dataOffset + target.length));
    return {shape, data};
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset + dataOffset, available);
  const readAt = (position: number) => type.read(view, position * type.bytes, littleEndian);
  if (isFortranOrder) {
    forEachFortranIndex(shape, (c, fortran) => {
      data[c] = readAt(fortran);
    });
  } else {
    for (let i = 0; i < length; i++) data[i] = readAt(i);
  }
  return {shape, data};
}

function typeCodeOf(data: NumericArray): string {
  if (data instanceof Float32Array) return '<f4';
  if (data instanceof Float64Array) return '<f8';
  if (data instanceof Int32Array) return '<i4';
  if (data instanceof Uint32Array) return '<u4';
  if (data instanceof Int16Array) return '<i2';
  if (data instanceof Uint16Array) return '<u2';
  return data instanceof Int8Array ? '|i1' : '|u1';
}

/**
 * Write a NumPy array: .npy version 1, little-endian, C order.
 *
 * @throws {HypermorphError} E_SHAPE if the shape does not hold as many elements as `data`.
 */
export function encodeNpy({shape, data}: NumericTensor): Uint8Array<ArrayBuffer> {
  const length = shape.reduce((a, b) => a * b, 1);
  if (length !== data.length) {
    throw new HypermorphError(
      'E_SHAPE',
      `encodeNpy: data must have ${length} elements for shape [${shape.join(', ')}], got ${data.length}.`,
    );
  }
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(', ')})`;
  const text = `{'descr': '${typeCodeOf(data)}', 'fortran_order': False, 'shape': ${tuple}, }`;
  const prefix = MAGIC.length + 4;
  const headerLength = Math.ceil((prefix + text.length + 1) / 64) * 64 - prefix;
  const header = text.padEnd(headerLength - 1) + '\n';
  const payload = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const result = new Uint8Array(prefix + headerLength + payload.length);
  for (let i = 0; i < MAGIC.length; i++) result[i] = MAGIC.charCodeAt(i);
  result.set([1, 0, headerLength & 0xff, headerLength >>> 8], MAGIC.length);
  result.set(new TextEncoder().encode(header), prefix);
  result.set(payload, prefix + headerLength);
  return result;
}
