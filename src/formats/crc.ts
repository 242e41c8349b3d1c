/**
 * A cyclic redundancy check of 32 bits over bytes that come lowest bit first.
 *
 * @param polynomial - Its bits turned round: 0xedb88320 is that of PNG and gzip, 0x82f63b78 Castagnoli's (CRC-32C).
 * @see W3C, Portable Network Graphics (third edition), annex D (algorithm by table); RFC 3720, appendix B.4 (examples of CRC-32C).
 */
export function cyclicCheck(polynomial: number): (...parts: readonly Uint8Array[]) => number {
  const table = Uint32Array.from({length: 256}, (_, byte) => {
    let rest = byte;
    for (let bit = 0; bit < 8; bit++) rest = rest & 1 ? (rest >>> 1) ^ polynomial : rest >>> 1;
    return rest;
  });
  return (...parts) => {
    let rest = 0xffffffff;
    for (const part of parts) {
      for (let n = 0; n < part.length; n++) rest = table[(rest ^ part[n]) & 0xff] ^ (rest >>> 8);
    }
    return ~rest >>> 0;
  };
}
