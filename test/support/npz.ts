import {inflateRawSync} from 'node:zlib';
import {HypermorphError} from '../../src/errors.js';
import {joinBytes} from '../../src/formats/bytes.js';
import {decodeNpy, encodeNpy, type NumericTensor} from './npy.js';

// Field offsets: PKWARE, .ZIP File Format Specification (APPNOTE) 4.3.7, 4.3.12, 4.3.14 to 4.3.16.
const LOCAL_HEADER = {signature: 0x04034b50, bytes: 30};
const CENTRAL_HEADER = {signature: 0x02014b50, bytes: 46};
const END_RECORD = {signature: 0x06054b50, bytes: 22};
const ZIP64_LOCATOR = {signature: 0x07064b50, bytes: 20};
const ZIP64_END_RECORD = {signature: 0x06064b50, bytes: 56};
const ZIP64_EXTRA_ID = 1;
const UINT16_MAX = 0xffff; // also the longest comment at the end of an archive
const UINT32_MAX = 0xffffffff;
const STORED = 0;
const DEFLATED = 8;
const UTF8_NAMES = 0x0800;
const DOS_EPOCH_DATE = 0x21; // 1980-01-01: files with the same content are the same file

interface Member {
  readonly name: string;
  readonly method: number;
  readonly crc: number;
  readonly storedBytes: number;
  readonly bytes: number;
  readonly headerOffset: number;
}

const CRC_TABLE = Uint32Array.from({length: 256}, (_, n) => {
  let value = n;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  return value;
});

function crc32(bytes: Uint8Array): number {
  let crc = UINT32_MAX;
  for (let i = 0; i < bytes.length; i++) crc = CRC_TABLE[(crc ^ bytes[i]) & 0xff] ^ (crc >>> 8);
  return (crc ^ UINT32_MAX) >>> 0;
}

function fail(where: string, text: string, cause?: unknown): never {
  throw new HypermorphError('E_IO', `${where}: ${text}`, {cause});
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Where the central directory starts and how many members it lists. */
function findDirectory(view: DataView, where: string): {offset: number; count: number} {
  const last = view.byteLength - END_RECORD.bytes;
  for (let at = last; at >= Math.max(0, last - UINT16_MAX); at--) {
    if (view.getUint32(at, true) !== END_RECORD.signature) continue;
    const count = view.getUint16(at + 10, true);
    const offset = view.getUint32(at + 16, true);
    const locator = at - ZIP64_LOCATOR.bytes;
    if (locator < 0 || view.getUint32(locator, true) !== ZIP64_LOCATOR.signature) {
      return {offset, count};
    }
    const record = Number(view.getBigUint64(locator + 8, true));
    if (
      record + ZIP64_END_RECORD.bytes > view.byteLength ||
      view.getUint32(record, true) !== ZIP64_END_RECORD.signature
    ) {
      fail(where, 'the zip directory is damaged.');
    }
    return {
      offset: Number(view.getBigUint64(record + 48, true)),
      count: Number(view.getBigUint64(record + 32, true)),
    };
  }
  return fail(where, 'not a complete .npz file (no zip directory at its end).');
}

/** Replace the fields that say 0xffffffff by their 64-bit values from the extra field, in the order the format fixes. */
function readZip64(extra: DataView, values: readonly number[]): number[] {
  for (let at = 0; at + 4 <= extra.byteLength; at += 4 + extra.getUint16(at + 2, true)) {
    if (extra.getUint16(at, true) !== ZIP64_EXTRA_ID) continue;
    let next = at + 4;
    return values.map((value) => {
      if (value !== UINT32_MAX || next + 8 > extra.byteLength) return value;
      next += 8;
      return Number(extra.getBigUint64(next - 8, true));
    });
  }
  return [...values];
}

function readDirectory(bytes: Uint8Array, where: string): readonly Member[] {
  const view = viewOf(bytes);
  if (bytes.length < END_RECORD.bytes) fail(where, 'not a .npz file (it is too short).');
  const {offset, count} = findDirectory(view, where);
  const members: Member[] = [];
  let at = offset;
  for (let n = 0; n < count; n++) {
    if (
      at + CENTRAL_HEADER.bytes > bytes.length ||
      view.getUint32(at, true) !== CENTRAL_HEADER.signature
    ) {
      fail(where, `the zip directory is damaged at member ${n + 1} of ${count}.`);
    }
    const nameLength = view.getUint16(at + 28, true);
    const extraLength = view.getUint16(at + 30, true);
    const nameAt = at + CENTRAL_HEADER.bytes;
    const end = nameAt + nameLength + extraLength + view.getUint16(at + 32, true);
    if (end > bytes.length) fail(where, 'the zip directory is cut off.');
    const extra = new DataView(view.buffer, view.byteOffset + nameAt + nameLength, extraLength);
    const [size, storedBytes, headerOffset] = readZip64(extra, [
      view.getUint32(at + 24, true),
      view.getUint32(at + 20, true),
      view.getUint32(at + 42, true),
    ]);
    members.push({
      name: new TextDecoder().decode(bytes.subarray(nameAt, nameAt + nameLength)),
      method: view.getUint16(at + 10, true),
      crc: view.getUint32(at + 16, true),
      storedBytes,
      bytes: size,
      headerOffset,
    });
    at = end;
  }
  return members;
}

function readMember(archive: Uint8Array, member: Member, where: string): Uint8Array {
  const view = viewOf(archive);
  const at = member.headerOffset;
  if (
    at + LOCAL_HEADER.bytes > archive.length ||
    view.getUint32(at, true) !== LOCAL_HEADER.signature
  ) {
    fail(where, `member ${member.name} is not where the zip directory says.`);
  }
  const start =
    at + LOCAL_HEADER.bytes + view.getUint16(at + 26, true) + view.getUint16(at + 28, true);
  if (start + member.storedBytes > archive.length) {
    fail(where, `member ${member.name} is cut off.`);
  }
  const stored = archive.subarray(start, start + member.storedBytes);
  const content = unpack(stored, member, where);
  if (content.length !== member.bytes || crc32(content) !== member.crc) {
    fail(where, `member ${member.name} is damaged (its checksum does not match).`);
  }
  return content;
}

function unpack(stored: Uint8Array, member: Member, where: string): Uint8Array {
  if (member.method === STORED) return stored;
  if (member.method !== DEFLATED) {
    fail(
      where,
      `member ${member.name} must be stored or deflated, got zip method ${member.method}.`,
    );
  }
  try {
    // The limit stops a small file from unpacking into more than it announces; nothing is allocated in advance.
    return inflateRawSync(stored, {maxOutputLength: Math.max(1, member.bytes)});
  } catch (cause) {
    return fail(where, `member ${member.name} does not unpack.`, cause);
  }
}

/**
 * Read a NumPy .npz archive (a zip file of .npy members, stored or deflated).
 *
 * @param where - Named in error messages.
 * @returns The arrays by name, without the `.npy` ending, in the order of the archive. Arrays are copies.
 * @throws {HypermorphError} E_IO if the archive or a member is damaged or of an unknown kind.
 */
export function decodeNpz(bytes: Uint8Array, where = 'npz'): Map<string, NumericTensor> {
  const tensors = new Map<string, NumericTensor>();
  for (const member of readDirectory(bytes, where)) {
    const name = member.name.replace(/\.npy$/, '');
    tensors.set(name, decodeNpy(readMember(bytes, member, where), `${where}: ${member.name}`));
  }
  return tensors;
}

/**
 * Write a NumPy .npz archive; members are stored, not compressed.
 *
 * @throws {HypermorphError} E_SHAPE if a shape and its data disagree; E_RANGE if the archive would exceed 4 GiB.
 */
export function encodeNpz(tensors: ReadonlyMap<string, NumericTensor>): Uint8Array<ArrayBuffer> {
  const locals: Uint8Array[] = [];
  const centrals: Uint8Array[] = [];
  let offset = 0;
  for (const [key, tensor] of tensors) {
    const content = encodeNpy(tensor);
    const name = new TextEncoder().encode(`${key}.npy`);
    const common = new DataView(new ArrayBuffer(26)); // the part that both headers share, from "version needed"
    common.setUint16(0, 20, true);
    common.setUint16(2, UTF8_NAMES, true);
    common.setUint16(4, STORED, true);
    common.setUint16(8, DOS_EPOCH_DATE, true);
    common.setUint32(10, crc32(content), true);
    common.setUint32(14, content.length, true);
    common.setUint32(18, content.length, true);
    common.setUint16(22, name.length, true);

    const local = new Uint8Array(LOCAL_HEADER.bytes + name.length);
    viewOf(local).setUint32(0, LOCAL_HEADER.signature, true);
    local.set(new Uint8Array(common.buffer), 4);
    local.set(name, LOCAL_HEADER.bytes);

    const central = new Uint8Array(CENTRAL_HEADER.bytes + name.length);
    viewOf(central).setUint32(0, CENTRAL_HEADER.signature, true);
    viewOf(central).setUint16(4, 20, true);
    central.set(new Uint8Array(common.buffer), 6);
    viewOf(central).setUint32(42, offset, true);
    central.set(name, CENTRAL_HEADER.bytes);

    locals.push(local, content);
    centrals.push(central);
    offset += local.length + content.length;
    if (offset > UINT32_MAX || locals.length > 2 * UINT16_MAX) {
      throw new HypermorphError(
        'E_RANGE',
        'encodeNpz: the archive must stay below 4 GiB and 65536 arrays.',
      );
    }
  }
  const end = new Uint8Array(END_RECORD.bytes);
  const endView = viewOf(end);
  endView.setUint32(0, END_RECORD.signature, true);
  endView.setUint16(8, tensors.size, true);
  endView.setUint16(10, tensors.size, true);
  endView.setUint32(
    12,
    centrals.reduce((sum, {length}) => sum + length, 0),
    true,
  );
  endView.setUint32(16, offset, true);
  return joinBytes([...locals, ...centrals, end]);
}
