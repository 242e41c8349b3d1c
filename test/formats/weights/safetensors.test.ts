import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {test} from 'node:test';
import {HypermorphError} from '../../../src/errors.js';
import {decodeSafetensors, encodeSafetensors} from '../../../src/formats/weights/safetensors.js';

const fixture = (name: string) =>
  readFileSync(new URL(`../../fixtures/formats/${name}`, import.meta.url));

const expected = (
  JSON.parse(fixture('expected.json').toString()) as {
    safetensors: Record<string, {shape: number[]; data: (number | string)[]}>;
  }
).safetensors;

/** A file from a header as text (or an object) and a number of data bytes. */
function forge(header: unknown, dataBytes = 0, headerLength?: bigint): Uint8Array {
  const json = new TextEncoder().encode(
    typeof header === 'string' ? header : JSON.stringify(header),
  );
  const bytes = new Uint8Array(8 + json.length + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, headerLength ?? BigInt(json.length), true);
  bytes.set(json, 8);
  return bytes;
}

const entry = (begin: number, end: number, shape = [(end - begin) / 4], dtype = 'F32') => ({
  dtype,
  shape,
  data_offsets: [begin, end],
});

const refuses = (bytes: Uint8Array, message: RegExp) =>
  assert.throws(
    () => decodeSafetensors(bytes, 'm.safetensors'),
    (error: unknown) => {
      assert.ok(error instanceof HypermorphError);
      assert.equal(error.code, 'E_WEIGHTS');
      assert.match(error.message, message);
      assert.match(error.message, /^m\.safetensors: /);
      return true;
    },
  );

test('a file written by the Python package gives its tensors, types and metadata', () => {
  const {tensors, metadata} = decodeSafetensors(fixture('python.safetensors'));
  assert.deepEqual(metadata, {note: 'written by Python', unicode: 'λ = 0.3'});
  assert.deepEqual([...tensors.keys()].sort(), Object.keys(expected).sort());
  for (const [name, {shape, data}] of tensors) {
    assert.deepEqual(shape, expected[name].shape);
    assert.deepEqual([...data], [...Float32Array.from(expected[name].data, Number)], name);
  }
  assert.equal(tensors.get('half')?.dtype, 'float16');
  assert.equal(tensors.get('brain')?.dtype, 'bfloat16');
});

test('float32 tensors survive encoding and decoding bit for bit', () => {
  const tensors = new Map([
    ['b', {shape: [2, 2], data: Float32Array.of(1, -0, Infinity, 1e-42)}],
    ['a/λ', {shape: [], data: Float32Array.of(0.1)}],
    ['none', {shape: [0, 3], data: new Float32Array(0)}],
  ]);
  const decoded = decodeSafetensors(encodeSafetensors(tensors, {metadata: {key: 'välue'}}));
  assert.deepEqual(decoded.metadata, {key: 'välue'});
  assert.deepEqual([...decoded.tensors.keys()], ['b', 'a/λ', 'none']);
  for (const [name, {shape, data}] of tensors) {
    assert.deepEqual(decoded.tensors.get(name), {shape, dtype: 'float32', data});
  }
});

test('half storage rounds and takes half the bytes', () => {
  const tensors = new Map([['x', {shape: [4], data: Float32Array.of(1, 1 / 3, 1e6, -2049)}]]);
  const half = encodeSafetensors(tensors, {storage: 'float16'});
  const brain = encodeSafetensors(tensors, {storage: 'bfloat16'});
  assert.deepEqual(
    [...decodeSafetensors(half).tensors.get('x')!.data],
    [1, 0.333251953125, Infinity, -2048],
  );
  assert.deepEqual(
    [...decodeSafetensors(brain).tensors.get('x')!.data],
    [1, 0.333984375, 999424, -2048],
  );
  assert.ok(half.length < encodeSafetensors(tensors).length);
});

test('numbers start at a multiple of 8 bytes, and bytes at an odd place decode as well', () => {
  const bytes = encodeSafetensors(new Map([['x', {shape: [2], data: Float32Array.of(3, 4)}]]));
  assert.equal((bytes.length - 8) % 8, 0);
  const shifted = new Uint8Array(bytes.length + 1).subarray(1);
  shifted.set(bytes);
  assert.deepEqual([...decodeSafetensors(shifted).tensors.get('x')!.data], [3, 4]);
});

test('a short file and a forged header length are refused without allocating', () => {
  refuses(new Uint8Array(7), /not a safetensors file: it must have at least 8 bytes, got 7/);
  refuses(forge('{}', 0, 1n << 62n), /it has 4611686018427387904 bytes and 2 are there/);
  refuses(forge('{}', 0, 3n), /the header must fit into the file/);
});

test('a header that is not a JSON object is refused', () => {
  refuses(forge('{"a":'), /the header is not valid JSON/);
  refuses(forge('[]'), /must be a JSON object/);
  const notText = forge('{"a": 1}');
  notText[10] = 0xff;
  refuses(notText, /not valid JSON/);
});

test('a name that occurs twice is refused, however it is written', () => {
  const one = JSON.stringify(entry(0, 4));
  refuses(forge(`{"w":${one},"w":${one}}`, 4), /names tensor "w" twice/);
  refuses(forge(`{"w":${one},"\\u0077":${one}}`, 4), /names tensor "w" twice/);
});

test('tensors that overlap, leave holes or leave the file are refused', () => {
  refuses(
    forge({a: entry(0, 8), b: entry(4, 12)}, 12),
    /tensor "b" overlaps another one at byte 4/,
  );
  refuses(forge({a: entry(0, 4), b: entry(8, 12)}, 12), /bytes 4 to 8, before tensor "b"/);
  refuses(forge({a: entry(0, 4)}, 8), /the last 4 bytes belong to no tensor/);
  refuses(forge({a: entry(0, 400)}, 8), /must lie within the file, got bytes 0 to 400 of 8/);
  refuses(forge({a: entry(8, 4, [1])}, 8), /must lie within the file, got bytes 8 to 4/);
});

test('a shape that does not fit its bytes is refused, overflowing ones too', () => {
  refuses(forge({a: entry(0, 8, [3])}, 8), /shape \[3\] as float32 must have 12 bytes, got 8/);
  refuses(forge({a: entry(0, 8, [2 ** 40, 2 ** 40])}, 8), /as float32 must have/);
  refuses(forge({a: entry(0, 8, [-2])}, 8), /shape must be a list of sizes, got \[-2\]/);
});

test('unknown types and malformed entries are refused', () => {
  refuses(forge({a: entry(0, 8, [1], 'F64')}, 8), /type must be F32, F16 or BF16, got "F64"/);
  refuses(forge({a: null}), /type must be F32, F16 or BF16, got undefined/);
  refuses(forge({a: {dtype: 'F32', shape: [0]}}), /data_offsets must be two positions/);
  refuses(forge({__metadata__: {a: 1}}), /__metadata__\.a must be a text/);
  refuses(forge({__metadata__: 'x'}), /__metadata__ must be a map of texts/);
});

test('encoding refuses a shape that does not fit its data', () => {
  assert.throws(
    () => encodeSafetensors(new Map([['x', {shape: [3], data: Float32Array.of(1)}]])),
    /tensor "x" must have 3 numbers for shape \[3\]/,
  );
});
