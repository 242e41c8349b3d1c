import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {test} from 'node:test';
import {deflateRawSync} from 'node:zlib';
import {HypermorphError} from '../../src/errors.js';
import {decodeNpy, encodeNpy, type NumericTensor} from './npy.js';
import {decodeNpz, encodeNpz} from './npz.js';

const fixture = (name: string) =>
  readFileSync(new URL(`../fixtures/formats/${name}`, import.meta.url));
const expected = (
  JSON.parse(fixture('expected.json').toString()) as {
    npz: Record<string, {shape: number[]; data: number[]}>;
  }
).npz;

const throwsIo = (run: () => unknown, message: RegExp) =>
  assert.throws(run, (error: unknown) => {
    assert.ok(error instanceof HypermorphError);
    assert.equal(error.code, 'E_IO');
    assert.match(error.message, message);
    return true;
  });

test('a compressed archive of NumPy decodes in every element type, byte order and axis order', () => {
  const tensors = decodeNpz(fixture('numpy-compressed.npz'));
  assert.deepEqual([...tensors.keys()], Object.keys(expected));
  for (const [name, {shape, data}] of tensors) {
    assert.deepEqual(shape, expected[name].shape, name);
    assert.deepEqual([...data], expected[name].data, name);
  }
});

test('the element type decides the array that holds the values', () => {
  const tensors = decodeNpz(fixture('numpy-compressed.npz'));
  const typeOf = (name: string) => tensors.get(name)?.data.constructor.name;
  assert.equal(typeOf('float32'), 'Float32Array');
  assert.equal(typeOf('float64'), 'Float64Array');
  assert.equal(typeOf('float16'), 'Float32Array');
  assert.equal(typeOf('big_endian_fortran_int16'), 'Int16Array');
  assert.equal(typeOf('int64'), 'Float64Array');
  assert.equal(typeOf('bool'), 'Uint8Array');
});

test('stored members and the three header versions decode', () => {
  const stored = decodeNpz(fixture('numpy-stored.npz'));
  assert.deepEqual([...stored.get('fortran')!.data], expected.fortran.data);
  const versions = decodeNpz(fixture('numpy-versions.npz'));
  assert.deepEqual([...versions.keys()], ['version1', 'version2', 'version3']);
  for (const {data} of versions.values()) assert.deepEqual([...data], expected.float32.data);
});

test('arrays survive encoding and decoding, empty and scalar ones too', () => {
  const tensors = new Map<string, NumericTensor>([
    ['a/b', {shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6)}],
    ['scalar', {shape: [], data: Float64Array.of(0.1)}],
    ['vector', {shape: [3], data: Int16Array.of(-1, 0, 1)}],
    ['λ', {shape: [0, 4], data: new Uint8Array(0)}],
  ]);
  assert.deepEqual(decodeNpz(encodeNpz(tensors)), tensors);
});

test('the same arrays always give the same file', () => {
  const tensors = new Map([['x', {shape: [2], data: Float32Array.of(1, 2)}]]);
  assert.deepEqual(encodeNpz(tensors), encodeNpz(tensors));
});

test('an array header is padded so that the data starts at a multiple of 64', () => {
  const bytes = encodeNpy({shape: [1], data: Float32Array.of(7)});
  assert.equal((bytes.length - 4) % 64, 0);
  assert.deepEqual([...decodeNpy(bytes).data], [7]);
});

test('decoding works on bytes that start anywhere in their buffer', () => {
  const bytes = encodeNpy({shape: [2], data: Float32Array.of(1, 2)});
  const shifted = new Uint8Array(bytes.length + 3).subarray(3);
  shifted.set(bytes);
  assert.deepEqual([...decodeNpy(shifted).data], [1, 2]);
});

test('a file that is not an archive, or is cut off, is refused with its name', () => {
  const bytes = fixture('numpy-stored.npz');
  throwsIo(() => decodeNpz(new Uint8Array(3), 'w.npz'), /^w\.npz: not a \.npz file/);
  throwsIo(
    () => decodeNpz(bytes.subarray(0, bytes.length - 9), 'w.npz'),
    /^w\.npz: not a complete/,
  );
});

test('a changed byte is noticed by the checksum', () => {
  const bytes = Uint8Array.from(fixture('numpy-stored.npz'));
  bytes[200] ^= 1;
  throwsIo(() => decodeNpz(bytes), /member float32\.npy is damaged \(its checksum/);
});

test('a member that unpacks into more than it announces is refused', () => {
  const bytes = encodeNpz(new Map([['x', {shape: [2], data: Float32Array.of(1, 2)}]]));
  const bomb = deflateRawSync(new Uint8Array(100));
  const view = new DataView(bytes.buffer);
  const directory = view.getUint32(bytes.length - 6, true);
  bytes.set(bomb, 30 + 'x.npy'.length);
  view.setUint16(directory + 10, 8, true);
  view.setUint32(directory + 20, bomb.length, true);
  view.setUint32(directory + 24, 10, true);
  throwsIo(() => decodeNpz(bytes), /member x\.npy does not unpack/);
});

test('arrays of objects, unknown versions and missing data are refused in words', () => {
  const bytes = encodeNpy({shape: [2], data: Float32Array.of(1, 2)});
  throwsIo(() => decodeNpy(bytes.subarray(0, bytes.length - 1)), /needs 8 bytes, got 7/);
  throwsIo(() => decodeNpy(bytes.subarray(0, 60)), /header is cut off/);
  const unknown = Uint8Array.from(bytes);
  unknown[6] = 9;
  throwsIo(() => decodeNpy(unknown), /version must be 1, 2 or 3, got 9/);
  const objects = Uint8Array.from(bytes);
  objects.set(new TextEncoder().encode('|O8'), Buffer.from(bytes).indexOf('<f4'));
  throwsIo(() => decodeNpy(objects), /element type must be float, integer or bool/);
  throwsIo(() => decodeNpy(new Uint8Array(20)), /not a NumPy/);
});

test('a shape that does not fit its data is refused', () => {
  assert.throws(
    () => encodeNpy({shape: [3], data: Float32Array.of(1, 2)}),
    /data must have 3 elements for shape \[3\], got 2/,
  );
});
