/**
 * Conversions between float32 and the two 16-bit float types that weight files use.
 *
 * Both directions round to nearest, ties to even, and keep infinities and not-a-number.
 */

/** Shift right by `shift` bits, rounding to nearest, ties to even. */
function shiftRounded(value: number, shift: number): number {
  const kept = value >>> shift;
  const rest = value & ((1 << shift) - 1);
  const half = 1 << (shift - 1);
  return rest > half || (rest === half && (kept & 1) === 1) ? kept + 1 : kept;
}

/** Round the float32 number of 32 bits to IEEE 754 binary16. @returns 16 bits. */
export function float16FromFloat32Bits(bits: number): number {
  const sign = (bits >>> 16) & 0x8000;
  const exponent = (bits >>> 23) & 0xff;
  const fraction = bits & 0x7fffff;
  if (exponent === 0xff) return sign | (fraction === 0 ? 0x7c00 : 0x7e00);
  const halfExponent = exponent - 127 + 15;
  if (halfExponent >= 31) return sign | 0x7c00;
  if (halfExponent >= 1) {
    // A carry out of the fraction moves into the exponent, up to infinity, as it should.
    return sign | shiftRounded((halfExponent << 23) | fraction, 13);
  }
  // Subnormal: the hidden one becomes visible and moves right; 25 and more places leave nothing.
  const shift = 14 - halfExponent;
  return shift > 25 ? sign : sign | shiftRounded(fraction | 0x800000, shift);
}

/** From the exponent's bias of binary16 to that of float32, above ten bits of fraction. */
const REBIASED = (127 - 15) << 10;

/** The numbers that 16 bits each of IEEE 754 binary16 stand for. */
export function float32FromFloat16(halves: Uint16Array): Float32Array<ArrayBuffer> {
  const numbers = new Float32Array(halves.length);
  const bits = new Uint32Array(numbers.buffer);
  for (let n = 0; n < halves.length; n++) {
    const half = halves[n];
    const magnitude = half & 0x7fff;
    const sign = (half & 0x8000) << 16;
    if (magnitude < 0x400) {
      // Zero, or a subnormal number: the fraction alone.
      numbers[n] = magnitude * 2 ** -24;
      bits[n] |= sign;
    } else if (magnitude < 0x7c00) {
      bits[n] = sign | ((magnitude + REBIASED) << 13);
    } else {
      bits[n] = sign | 0x7f800000 | ((magnitude & 0x3ff) << 13);
    }
  }
  return numbers;
}

/** Round the float32 number of 32 bits to bfloat16, the upper half of a float32. @returns 16 bits. */
export function bfloat16FromFloat32Bits(bits: number): number {
  const isNumber = (bits & 0x7fffffff) <= 0x7f800000;
  return isNumber ? shiftRounded(bits, 16) : (bits >>> 16) | 0x40;
}

/** The numbers that 16 bits each of bfloat16 stand for. */
export function float32FromBfloat16(halves: Uint16Array): Float32Array<ArrayBuffer> {
  const bits = new Uint32Array(halves.length);
  for (let n = 0; n < halves.length; n++) bits[n] = halves[n] << 16;
  return new Float32Array(bits.buffer);
}
