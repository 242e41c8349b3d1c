import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {test} from 'node:test';
import {
  bfloat16FromFloat32Bits,
  float16FromFloat32Bits,
  float32FromBfloat16 as float32sFromBfloat16,
  float32FromFloat16 as float32sFromFloat16,
} from '../../../src/formats/weights/half.js';

const bitsOf = (value: number) => new Uint32Array(Float32Array.of(value).buffer)[0];
const float32FromFloat16 = (bits: number) => float32sFromFloat16(Uint16Array.of(bits))[0];
const float32FromBfloat16 = (bits: number) => float32sFromBfloat16(Uint16Array.of(bits))[0];
const float16FromFloat32 = (value: number) => float16FromFloat32Bits(bitsOf(value));
const bfloat16FromFloat32 = (value: number) => bfloat16FromFloat32Bits(bitsOf(value));

const {rounding} = JSON.parse(
  readFileSync(new URL('../../fixtures/formats/expected.json', import.meta.url), 'utf8'),
) as {rounding: {float32: number[]; float16: number[]; bfloat16: number[]}};

test('every one of the 65536 half floats survives the way to float32 and back', () => {
  for (let bits = 0; bits < 65536; bits++) {
    const value = float32FromFloat16(bits);
    if (Number.isNaN(value)) assert.ok(Number.isNaN(float32FromFloat16(float16FromFloat32(value))));
    else assert.equal(float16FromFloat32(value), bits);
  }
});

test('half floats stand for sign, exponent and fraction as IEEE 754 says', () => {
  for (const [bits, value] of [
    [0x0000, 0],
    [0x8000, -0],
    [0x0001, 2 ** -24],
    [0x83ff, -1023 * 2 ** -24],
    [0x0400, 2 ** -14],
    [0x3c01, 1 + 2 ** -10],
    [0xfbff, -65504],
    [0x7c00, Infinity],
    [0xfc00, -Infinity],
    [0x7e00, NaN],
  ]) {
    assert.ok(Object.is(float32FromFloat16(bits), value), bits.toString(16));
  }
});

test('every one of the 65536 bfloat16 numbers survives the way to float32 and back', () => {
  for (let bits = 0; bits < 65536; bits++) {
    const value = float32FromBfloat16(bits);
    if (Number.isNaN(value))
      assert.ok(Number.isNaN(float32FromBfloat16(bfloat16FromFloat32(value))));
    else assert.equal(bfloat16FromFloat32(value), bits);
  }
});

test('numbers round to half floats as NumPy rounds them', () => {
  assert.deepEqual(rounding.float32.map(float16FromFloat32), rounding.float16);
});

test('numbers round to bfloat16 as ml_dtypes rounds them', () => {
  assert.deepEqual(rounding.float32.map(bfloat16FromFloat32), rounding.bfloat16);
});

test('a number halfway between two neighbours goes to the even one', () => {
  assert.equal(float32FromFloat16(float16FromFloat32(2049)), 2048);
  assert.equal(float32FromFloat16(float16FromFloat32(2051)), 2052);
  assert.equal(float32FromBfloat16(bfloat16FromFloat32(257)), 256);
  assert.equal(float32FromBfloat16(bfloat16FromFloat32(259)), 260);
});
