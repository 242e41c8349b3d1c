import {HypermorphError, type ErrorCode} from '../../errors.js';
import {HOST_IS_LITTLE_ENDIAN} from '../bytes.js';
import type {VoxelArray} from '../../kernels/voxels.js';
import type {ReadableDatatype} from './datatypes.js';

/** How the numbers of one file are stored. */
export interface StoredNumbers {
  /** Memory of its own, starting at offset 0 of its buffer; it is changed and may become part of the result. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly datatype: ReadableDatatype;
  readonly littleEndian: boolean;
  readonly scaling: {readonly slope: number; readonly intercept: number} | null;
  /** The code of an error about the numbers; that of NIfTI unless told. */
  readonly fault?: ErrorCode;
}

/** Numbers are converted through float64 in pieces of this many. */
const BLOCK = 1 << 14;
const LARGEST_WHOLE = Number.MAX_SAFE_INTEGER;
/** Beyond it, neighbouring whole numbers are one in float32. */
const LARGEST_WHOLE_FLOAT32 = 2 ** 24;
/** A label may miss a whole number by this much, as after scaling with a rounded slope. */
const LABEL_TOLERANCE = 1e-3;

/**
 * Stored numbers -> intensities: scaled in float64, kept in float32.
 *
 * @param warn - Called with a sentence when 64-bit integers lose digits.
 */
export function decodeIntensities(
  stored: StoredNumbers,
  warn: (text: string) => void,
): Float32Array {
  const {datatype, scaling} = stored;
  toHostOrder(stored);
  const direct = datatype.view?.(stored.bytes.buffer);
  if (direct !== undefined && scaling === null) {
    return direct instanceof Float32Array ? direct : new Float32Array(direct);
  }
  const {slope, intercept} = scaling ?? {slope: 1, intercept: 0};
  if (direct !== undefined) return scaleNumbers(direct, slope, intercept);
  const result = new Float32Array(stored.bytes.length / datatype.bytes);
  let largest = 0;
  eachBlock(stored, (block, start) => {
    for (let n = 0; n < block.length; n++) {
      const value = block[n];
      largest = Math.max(largest, Math.abs(value));
      result[start + n] = value * slope + intercept;
    }
  });
  if (largest > LARGEST_WHOLE) {
    warn(`holds ${datatype.name} numbers beyond 2^53; their last digits are lost.`);
  }
  return result;
}

function scaleNumbers(stored: VoxelArray, slope: number, intercept: number): Float32Array {
  const result = new Float32Array(stored.length);
  for (let n = 0; n < result.length; n++) result[n] = stored[n] * slope + intercept;
  return result;
}

/**
 * Stored numbers -> labels: whole numbers in the file's integer type, or in the smallest of int16, int32, uint32 that holds them.
 *
 * @param warn - Called with a sentence when NaN was read as label 0.
 * @throws {HypermorphError} The fault of the file if a number is not whole, E_RANGE if one needs more than 32 bits.
 */
export function decodeLabels(stored: StoredNumbers, warn: (text: string) => void): VoxelArray {
  const {datatype, scaling, fault = 'E_NIFTI'} = stored;
  toHostOrder(stored);
  if (datatype.view !== null && !datatype.isFloat && scaling === null) {
    return datatype.view(stored.bytes.buffer);
  }
  const {slope, intercept} = scaling ?? {slope: 1, intercept: 0};
  const labels = new Float64Array(stored.bytes.length / datatype.bytes);
  let [smallest, largest, missing] = [0, 0, 0];
  eachBlock(stored, (block, start) => {
    for (let n = 0; n < block.length; n++) {
      const value = block[n] * slope + intercept;
      const label = Math.round(value);
      if (Number.isNaN(value)) {
        missing++;
      } else if (Math.abs(value - label) <= LABEL_TOLERANCE) {
        labels[start + n] = label;
        smallest = Math.min(smallest, label);
        largest = Math.max(largest, label);
      } else {
        throw new HypermorphError(fault, `a label map must hold whole numbers, got ${value}.`, {
          hint: 'Is this an intensity image?',
        });
      }
    }
  });
  if (missing > 0) {
    warn(`${missing} voxels of the label map are not numbers (NaN); read as label 0.`);
  }
  const most = Math.max(largest, -smallest);
  if (datatype.isFloat && datatype.bytes === 4 && most > LARGEST_WHOLE_FLOAT32) {
    warn(
      `holds labels up to ${most} as float32, which has no whole numbers of their own beyond ${LARGEST_WHOLE_FLOAT32}; some may have become one when it was written.`,
    );
  }
  return intoSmallestType(labels, [smallest, largest]);
}

function intoSmallestType(
  labels: Float64Array,
  [smallest, largest]: readonly [number, number],
): VoxelArray {
  if (smallest >= -(2 ** 15) && largest < 2 ** 15) {
    return new Int16Array(labels);
  }
  if (smallest >= -(2 ** 31) && largest < 2 ** 31) {
    return new Int32Array(labels);
  }
  if (smallest >= 0 && largest < 2 ** 32) {
    return new Uint32Array(labels);
  }
  throw new HypermorphError(
    'E_RANGE',
    `labels must fit into 32 bits, got ${smallest < -(2 ** 31) ? smallest : largest}.`,
  );
}

function toHostOrder({bytes, datatype, littleEndian}: StoredNumbers): void {
  if (littleEndian !== HOST_IS_LITTLE_ENDIAN) swapBytes(bytes, datatype.bytes);
}

/** Turn the bytes of every number round, in place. */
export function swapBytes(bytes: Uint8Array, size: number): void {
  for (let start = 0; start < bytes.length; start += size) {
    for (let [low, high] = [start, start + size - 1]; low < high; low++, high--) {
      [bytes[low], bytes[high]] = [bytes[high], bytes[low]];
    }
  }
}

/** The numbers as float64, block by block. The block is reused. */
function eachBlock(
  {bytes, datatype}: StoredNumbers,
  take: (block: Float64Array, start: number) => void,
): void {
  const values = datatype.view?.(bytes.buffer);
  const count = bytes.length / datatype.bytes;
  const scratch = new Float64Array(Math.min(BLOCK, count));
  for (let start = 0; start < count; start += BLOCK) {
    const block = scratch.subarray(0, Math.min(BLOCK, count - start));
    if (values === undefined) {
      readWide(bytes.buffer, start, block, datatype.name === 'int64');
    } else {
      block.set(values.subarray(start, start + block.length));
    }
    take(block, start);
  }
}

/** 64-bit integers, rounded to the nearest float64. */
function readWide(buffer: ArrayBuffer, start: number, block: Float64Array, signed: boolean): void {
  const words = new Uint32Array(buffer, 8 * start, 2 * block.length);
  const low = HOST_IS_LITTLE_ENDIAN ? 0 : 1;
  const high = 1 - low;
  for (let n = 0; n < block.length; n++) {
    const upper = words[2 * n + high];
    block[n] = (signed ? upper | 0 : upper) * 2 ** 32 + words[2 * n + low];
  }
}
