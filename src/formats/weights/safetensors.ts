import {HypermorphError} from '../../errors.js';
import type {OpenFile} from '../bytes.js';
import {recogniseFile} from '../file-kinds.js';
import {named} from '../named.js';
import {requireShallow} from '../shallow.js';
import {
  bfloat16FromFloat32Bits,
  float16FromFloat32Bits,
  float32FromBfloat16,
  float32FromFloat16,
} from './half.js';

/** How numbers are kept in the file. In memory they are float32. */
export type TensorStorage = 'float32' | 'float16' | 'bfloat16';

/** A named array of a weight file, last axis fastest. */
export interface StoredTensor {
  readonly shape: readonly number[];
  readonly dtype: TensorStorage;
  readonly data: Float32Array;
}

export interface SafetensorsFile {
  /** In the order of the header. */
  readonly tensors: Map<string, StoredTensor>;
  readonly metadata: Readonly<Record<string, string>>;
}

interface Codec {
  readonly code: string;
  readonly bytes: number;
  readonly decode: (bytes: Uint8Array) => Float32Array;
  readonly encode: (data: Float32Array) => Uint8Array;
}

interface HeaderEntry {
  readonly name: string;
  readonly dtype: TensorStorage;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

const LENGTH_BYTES = 8;
const METADATA_KEY = '__metadata__';
const ALIGNMENT = 8;

function halfCodec(
  code: string,
  toFloat32: (halves: Uint16Array) => Float32Array,
  fromFloat32Bits: (bits: number) => number,
): Codec {
  return {
    code,
    bytes: 2,
    // Every platform of Node is little-endian, as the file is. An aligned tensor is read where it lies.
    decode: (bytes) => {
      const {buffer, byteOffset} = bytes.byteOffset % 2 === 0 ? bytes : Uint8Array.from(bytes);
      return toFloat32(new Uint16Array(buffer, byteOffset, bytes.length / 2));
    },
    encode: (data) => {
      const bits = new Uint32Array(data.buffer, data.byteOffset, data.length);
      const halves = new Uint16Array(data.length);
      for (let i = 0; i < halves.length; i++) halves[i] = fromFloat32Bits(bits[i]);
      return new Uint8Array(halves.buffer);
    },
  };
}

const CODECS: Readonly<Record<TensorStorage, Codec>> = {
  float32: {
    code: 'F32',
    bytes: 4,
    // Every platform of Node is little-endian, as the file is. An aligned tensor is used where it lies.
    decode: (bytes) =>
      bytes.byteOffset % 4 === 0
        ? new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4)
        : new Float32Array(Uint8Array.from(bytes).buffer),
    encode: (data) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
  },
  float16: halfCodec('F16', float32FromFloat16, float16FromFloat32Bits),
  bfloat16: halfCodec('BF16', float32FromBfloat16, bfloat16FromFloat32Bits),
};

function fail(text: string, cause?: unknown): never {
  throw new HypermorphError('E_WEIGHTS', text, {cause});
}

/** Names that a JSON object holds twice; `JSON.parse` would keep the last one in silence. The text must be valid JSON. */
function findDuplicateKey(json: string): string | undefined {
  const seen = new Set<string>();
  let depth = 0;
  let text = '';
  for (const [token] of json.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\]:]/g)) {
    if (token === '{' || token === '[') depth++;
    else if (token === '}' || token === ']') depth--;
    else if (token !== ':') text = token;
    else if (depth === 1) {
      const key = JSON.parse(text) as string;
      if (seen.has(key)) return key;
      seen.add(key);
    }
  }
  return undefined;
}

/**
 * Refuse a file of another kind by its first bytes, with what to do.
 *
 * @throws {HypermorphError} E_WEIGHTS, without the name of the file.
 */
export function requireNoOtherKind(start: Uint8Array): void {
  if (start[LENGTH_BYTES] === '{'.charCodeAt(0)) return;
  const other = recogniseFile(start);
  if (other === null) return;
  throw new HypermorphError('E_WEIGHTS', `must be a model file (safetensors), got ${other.name}.`, {
    hint: other.advice,
  });
}

function readHeader(bytes: Uint8Array): {header: Record<string, unknown>; dataOffset: number} {
  if (bytes.length < LENGTH_BYTES) {
    fail(
      `not a safetensors file: it must have at least ${LENGTH_BYTES} bytes, got ${bytes.length}.`,
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerLength = view.getBigUint64(0, true);
  const available = bytes.length - LENGTH_BYTES;
  requireNoOtherKind(bytes);
  if (headerLength > BigInt(available)) {
    fail(
      `not a safetensors file, or cut off: the header must fit into the file, but it has ${headerLength} bytes and ${available} are there.`,
    );
  }
  const dataOffset = LENGTH_BYTES + Number(headerLength);
  let header: unknown;
  let text: string;
  try {
    text = new TextDecoder('utf-8', {fatal: true}).decode(bytes.subarray(LENGTH_BYTES, dataOffset));
    requireShallow(text, (fault) => fail(`in the header, ${fault}`));
    header = JSON.parse(text);
  } catch (cause) {
    if (cause instanceof HypermorphError) throw cause;
    return fail('not a safetensors file: the header is not valid JSON.', cause);
  }
  if (typeof header !== 'object' || header === null || Array.isArray(header)) {
    fail('not a safetensors file: the header must be a JSON object.');
  }
  const duplicate = findDuplicateKey(text);
  if (duplicate !== undefined) fail(`the header names tensor "${duplicate}" twice.`);
  return {header: header as Record<string, unknown>, dataOffset};
}

function readMetadata(value: unknown): Record<string, string> {
  if (value === undefined) return {};
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    fail(`${METADATA_KEY} must be a map of texts.`);
  }
  for (const [key, text] of Object.entries(value)) {
    if (typeof text !== 'string') fail(`${METADATA_KEY}.${key} must be a text.`);
  }
  return value as Record<string, string>;
}

const isSize = (value: unknown): value is number =>
  Number.isSafeInteger(value) && Number(value) >= 0;

function readEntry(name: string, value: unknown, dataBytes: number): HeaderEntry {
  const {dtype, shape, data_offsets: offsets} = (value ?? {}) as Record<string, unknown>;
  const storage = (Object.keys(CODECS) as TensorStorage[]).find(
    (key) => CODECS[key].code === dtype,
  );
  if (storage === undefined) {
    fail(`type must be F32, F16 or BF16, got ${JSON.stringify(dtype)}.`);
  }
  if (!Array.isArray(shape) || !shape.every(isSize)) {
    fail(`shape must be a list of sizes, got ${JSON.stringify(shape)}.`);
  }
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isSize)) {
    fail(`data_offsets must be two positions, got ${JSON.stringify(offsets)}.`);
  }
  const [begin, end] = offsets;
  if (begin > end || end > dataBytes) {
    fail(
      `data must lie within the file, got bytes ${begin} to ${end} of ${dataBytes} (damaged or cut off).`,
    );
  }
  const needed = shape.reduce((product, length) => product * length, CODECS[storage].bytes);
  if (needed !== end - begin) {
    fail(
      `shape [${shape.join(', ')}] as ${storage} must have ${needed} bytes, got ${end - begin}.`,
    );
  }
  return {name, dtype: storage, shape, begin, end};
}

/** The format wants every byte of the data to belong to exactly one tensor. */
function requireNoOverlap(entries: readonly HeaderEntry[], dataBytes: number): void {
  const ordered = entries
    .filter(({begin, end}) => end > begin)
    .sort((a, b) => a.begin - b.begin || a.end - b.end);
  let position = 0;
  for (const {name, begin, end} of ordered) {
    if (begin < position) fail(`tensor "${name}" overlaps another one at byte ${begin}.`);
    if (begin > position) {
      fail(`bytes ${position} to ${begin}, before tensor "${name}", belong to no tensor.`);
    }
    position = end;
  }
  if (position !== dataBytes) {
    fail(`the last ${dataBytes - position} bytes belong to no tensor.`);
  }
}

/**
 * Read a safetensors file: 8 bytes of header length, a JSON header, then the numbers of all tensors.
 *
 * Nothing is allocated before the header has been checked against the size of the file.
 *
 * @param where - Named in error messages, for example the file's name.
 * @returns Tensors as float32. A tensor stored as float32 may share memory with `bytes`.
 * @throws {HypermorphError} E_WEIGHTS if the file is damaged or holds a type other than float32, float16 and bfloat16.
 * @see The layout: https://github.com/huggingface/safetensors, section "Format" of its README.
 */
export function decodeSafetensors(bytes: Uint8Array, where = 'safetensors'): SafetensorsFile {
  return named(where, () => decode(bytes));
}

function decode(bytes: Uint8Array): SafetensorsFile {
  const {header, dataOffset} = readHeader(bytes);
  const dataBytes = bytes.length - dataOffset;
  const metadata = readMetadata(header[METADATA_KEY]);
  const entries = Object.entries(header)
    .filter(([name]) => name !== METADATA_KEY)
    .map(([name, value]) => named(`tensor "${name}"`, () => readEntry(name, value, dataBytes)));
  requireNoOverlap(entries, dataBytes);
  const tensors = new Map(
    entries.map(({name, dtype, shape, begin, end}) => {
      const data = CODECS[dtype].decode(bytes.subarray(dataOffset + begin, dataOffset + end));
      return [name, {shape, dtype, data}] as const;
    }),
  );
  return {tensors, metadata};
}

/**
 * The texts of a safetensors file, without its numbers.
 *
 * @param file - Read from, as far as its header reaches.
 * @throws {HypermorphError} E_WEIGHTS if the header is damaged; tensors are not looked at.
 */
export async function readSafetensorsMetadata(
  file: OpenFile,
  where: string,
): Promise<SafetensorsFile['metadata']> {
  const start = await file.read(0, Math.min(file.size, LENGTH_BYTES));
  const isWhole = start.length === LENGTH_BYTES;
  const length = isWhole ? new DataView(start.buffer, start.byteOffset).getBigUint64(0, true) : 0n;
  const needed = BigInt(LENGTH_BYTES) + length;
  const end = needed < BigInt(file.size) ? Number(needed) : file.size;
  const bytes = await file.read(0, end);
  return named(where, () => readMetadata(readHeader(bytes).header[METADATA_KEY]));
}

/** The numbers as they come back after having been stored: rounded to the storage type. Float32 returns `data` itself. */
export function roundToStorage(data: Float32Array, storage: TensorStorage): Float32Array {
  return storage === 'float32' ? data : CODECS[storage].decode(CODECS[storage].encode(data));
}

/**
 * Write a safetensors file; tensors lie in the order of the map.
 *
 * @param options.storage - Type of all tensors in the file, float32 unless told. Half types round to nearest even.
 * @throws {HypermorphError} E_SHAPE if a tensor's shape and data disagree, or a name is the reserved `__metadata__`.
 */
export function encodeSafetensors(
  tensors: ReadonlyMap<string, {readonly shape: readonly number[]; readonly data: Float32Array}>,
  options: {
    readonly storage?: TensorStorage;
    readonly metadata?: Readonly<Record<string, string>>;
  } = {},
): Uint8Array<ArrayBuffer> {
  const codec = CODECS[options.storage ?? 'float32'];
  const entries: [string, unknown][] = options.metadata ? [[METADATA_KEY, options.metadata]] : [];
  let position = 0;
  for (const [name, {shape, data}] of tensors) {
    const length = shape.reduce((product, size) => product * size, 1);
    if (length !== data.length || name === METADATA_KEY) {
      throw new HypermorphError(
        'E_SHAPE',
        `encodeSafetensors: tensor "${name}" must have ${length} numbers for shape [${shape.join(', ')}] and a free name, got ${data.length}.`,
      );
    }
    const end = position + length * codec.bytes;
    entries.push([name, {dtype: codec.code, shape, data_offsets: [position, end]}]);
    position = end;
  }
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(entries)));
  const headerLength = Math.ceil(json.length / ALIGNMENT) * ALIGNMENT;
  const result = new Uint8Array(LENGTH_BYTES + headerLength + position).fill(
    0x20,
    LENGTH_BYTES + json.length,
    LENGTH_BYTES + headerLength,
  );
  new DataView(result.buffer).setBigUint64(0, BigInt(headerLength), true);
  result.set(json, LENGTH_BYTES);
  let at = LENGTH_BYTES + headerLength;
  for (const {data} of tensors.values()) {
    const stored = codec.encode(data);
    result.set(stored, at);
    at += stored.length;
  }
  return result;
}
