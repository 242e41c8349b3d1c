/**
 * Conversions between float32 and the two 16-bit float types that weight files use.
 *
 * Both directions round to nearest, ties to even, and keep infinities and not-a-number.
 */

const scratch = new DataView(new ArrayBuffer(4));

const valueOf = (bits: number): number => {
  scratch.setUint32(0, bits);
  return scratch.getFloat32(0);
};

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

/** The number that 16 bits of IEEE 754 binary16 stand for. */
export function float32FromFloat16(bits: number): number {
  const sign = (bits & 0x8000) === 0 ? 1 : -1;
  const exponent = (bits >>> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** Round the float32 number of 32 bits to bfloat16, the upper half of a float32. @returns 16 bits. */
export function bfloat16FromFloat32Bits(bits: number): number {
  const isNumber = (bits & 0x7fffffff) <= 0x7f800000;
  return isNumber ? shiftRounded(bits, 16) : (bits >>> 16) | 0x40;
}

/** The number that 16 bits of bfloat16 stand for. */
export function float32FromBfloat16(bits: number): number {
  return valueOf((bits & 0xffff) * 0x10000);
}
