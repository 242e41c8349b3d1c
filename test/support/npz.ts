import assert from 'node:assert/strict';
import {unzipSync} from 'fflate';

/** An array as the golden files hold it, last axis fastest. */
export interface GoldenTensor {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/**
 * The arrays of a NumPy .npz archive by name, as the golden set has them: little-endian float32, C order, format version 1
 * (numpy.lib.format). Anything else fails an assertion.
 */
export function decodeNpz(archive: Uint8Array, where: string): Map<string, GoldenTensor> {
  const members = Object.entries(unzipSync(archive)).map(([file, bytes]) => {
    const name = file.replace(/\.npy$/, '');
    return [name, decodeNpy(bytes, `${where}: ${name}`)] as const;
  });
  return new Map(members);
}

function decodeNpy(bytes: Uint8Array, where: string): GoldenTensor {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const start = 10 + view.getUint16(8, true);
  const header = new TextDecoder('latin1').decode(bytes.subarray(0, start));
  const form = /^\x93NUMPY.*'descr': '<f4', 'fortran_order': False, 'shape': \(([\d, ]*)\)/s;
  const match = form.exec(header);
  assert.ok(match, `${where} must be float32 in C order, got ${header.trim()}`);
  const shape = match[1].split(',').flatMap((text) => (text.trim() === '' ? [] : [Number(text)]));
  const data = new Float32Array(bytes.slice(start).buffer);
  assert.equal(
    data.length,
    shape.reduce((product, length) => product * length, 1),
    where,
  );
  return {shape, data};
}
