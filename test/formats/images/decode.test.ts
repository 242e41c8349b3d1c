import assert from 'node:assert/strict';
import test from 'node:test';
import {datatypeOf} from '../../../src/formats/images/datatypes.js';
import type {ReadableDatatype} from '../../../src/formats/images/datatypes.js';
import {decodeIntensities, decodeLabels} from '../../../src/formats/images/decode.js';
import type {StoredNumbers} from '../../../src/formats/images/decode.js';

type Numbers = Uint8Array | Int16Array | Int32Array | Float32Array | Float64Array | BigInt64Array;

const CODES: Readonly<Record<string, number>> = {
  Uint8Array: 2,
  Int16Array: 4,
  Int32Array: 8,
  Float32Array: 16,
  Float64Array: 64,
  BigInt64Array: 1024,
};

function stored(numbers: Numbers, scaling: StoredNumbers['scaling'] = null): StoredNumbers {
  const bytes = new Uint8Array(numbers.byteLength);
  bytes.set(new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength));
  const datatype = datatypeOf(CODES[numbers.constructor.name]) as ReadableDatatype;
  return {bytes, datatype, littleEndian: true, scaling};
}

function silent(text: string): void {
  assert.fail(`unexpected warning: ${text}`);
}

test('float32 without scaling is the memory that was read, not a copy', () => {
  const numbers = stored(Float32Array.of(1, 2, 3));
  assert.equal(decodeIntensities(numbers, silent).buffer, numbers.bytes.buffer);
});

test('scaling is computed in float64 and rounded once', () => {
  const values = Int32Array.of(16777217, -16777217);
  const scaled = decodeIntensities(stored(values, {slope: 0.1, intercept: 1 / 3}), silent);
  const expected = [...values].map((value) => Math.fround(value * 0.1 + 1 / 3));
  assert.deepEqual([...scaled], expected);
});

test('more numbers than one block are all scaled, also past its end', () => {
  const count = 3 * 16384 + 5;
  const values = Int16Array.from({length: count}, (_, n) => n % 1000);
  const scaled = decodeIntensities(stored(values, {slope: 2, intercept: 1}), silent);
  assert.deepEqual(
    scaled,
    Float32Array.from(values, (value) => 2 * value + 1),
  );
});

test('64-bit integers become the nearest number, with a warning where digits are lost', () => {
  const small = BigInt64Array.of(-1n, 2n ** 40n, -(2n ** 52n) - 1n);
  assert.deepEqual(
    decodeIntensities(stored(small), silent),
    Float32Array.of(-1, 2 ** 40, -(2 ** 52)),
  );
  const warnings: string[] = [];
  decodeIntensities(stored(BigInt64Array.of(2n ** 60n + 1n)), (text) => warnings.push(text));
  assert.deepEqual(warnings, ['holds int64 numbers beyond 2^53; their last digits are lost.']);
});

test('whole numbers stored as floats or scaled are labels in the smallest type that holds them', () => {
  const labels = (numbers: Numbers, scaling: StoredNumbers['scaling'] = null) =>
    decodeLabels(stored(numbers, scaling), silent);
  assert.deepEqual(labels(Float32Array.of(0, 2, 1035)), Int16Array.of(0, 2, 1035));
  assert.deepEqual(labels(Float64Array.of(-70000, 5)), Int32Array.of(-70000, 5));
  assert.deepEqual(labels(BigInt64Array.of(3000000000n)), Uint32Array.of(3000000000));
  const slope = Math.fround(1 / 255);
  assert.deepEqual(
    labels(Uint8Array.of(0, 255, 51 * 5), {slope, intercept: 0}),
    Int16Array.of(0, 1, 1),
  );
});

test('a label that is no whole number, or too large, is refused', () => {
  const decode = (numbers: Numbers): unknown => decodeLabels(stored(numbers), silent);
  assert.throws(() => decode(Float32Array.of(1, 2.5)), {
    code: 'E_NIFTI',
    message: 'a label map must hold whole numbers, got 2.5.',
  });
  assert.throws(() => decode(Float32Array.of(Infinity)), {
    code: 'E_NIFTI',
    message: 'a label map must hold whole numbers, got Infinity.',
  });
  assert.throws(() => decode(Float64Array.of(2 ** 40)), {
    code: 'E_RANGE',
    message: 'labels must fit into 32 bits, got 1099511627776.',
  });
});

test('NaN in a label map is label 0, and the user is told', () => {
  const warnings: string[] = [];
  const labels = decodeLabels(
    stored(Float32Array.of(Number.NaN, 4)),
    (text) => void warnings.push(text),
  );
  assert.deepEqual(labels, Int16Array.of(0, 4));
  assert.deepEqual(warnings, ['1 voxels of the label map are not numbers (NaN); read as label 0.']);
});
