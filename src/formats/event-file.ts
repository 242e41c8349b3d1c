import {joinBytes} from './bytes.js';
import {cyclicCheck} from './crc.js';

/*
 * Event files of TensorBoard: records of TFRecord, each an `Event` in the encoding of protocol buffers.
 *
 * A record: its length (uint64), the masked check of these eight bytes (uint32), the content, the masked check of that; all little-endian.
 * The check is CRC-32C, masked so that checks of what contains checks stay good.
 *
 * See TensorFlow: the guide "TFRecord and tf.train.Example" (the record and the mask), tensorflow/core/util/event.proto and
 * tensorflow/core/framework/summary.proto (numbers and types of the fields); Protocol Buffers, "Encoding".
 */

/** Figures of one step of a training. */
export interface ScalarEvent {
  /** Seconds since 1970. */
  readonly wallTime: number;
  readonly step: number;
  /** By their names, in which slashes make groups. */
  readonly scalars: Readonly<Record<string, number>>;
}

const VERSION = 'brain.Event:2';
const crc32c = cyclicCheck(0x82f63b78);

/** The record with which an event file begins. */
export function encodeEventStart(wallTime: number): Uint8Array {
  return encodeRecord(joinBytes([double(WALL_TIME, wallTime), text(FILE_VERSION, VERSION)]));
}

/** A record of figures. */
export function encodeScalars({wallTime, step, scalars}: ScalarEvent): Uint8Array {
  const values = Object.entries(scalars).map(([tag, value]) =>
    message(VALUE, [text(TAG, tag), float(SIMPLE_VALUE, value)]),
  );
  const event = [double(WALL_TIME, wallTime), whole(STEP, step), message(SUMMARY, values)];
  return encodeRecord(joinBytes(event));
}

/**
 * The part of an event file that tells of steps up to a last one; what a crash cut off is left out.
 *
 * @param bytes - Of a file that was written by this module.
 */
export function eventsUntil(bytes: Uint8Array, lastStep: number): Uint8Array {
  const kept: Uint8Array[] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let start = 0; start + HEADER <= bytes.length;) {
    const end = start + HEADER + view.getUint32(start, true) + CHECK;
    if (end > bytes.length) break;
    if (stepOf(bytes.subarray(start + HEADER, end - CHECK)) <= lastStep) {
      kept.push(bytes.subarray(start, end));
    }
    start = end;
  }
  return joinBytes(kept);
}

/** Fields of `Event`, `Summary` and `Summary.Value`. */
const [WALL_TIME, STEP, FILE_VERSION, SUMMARY] = [1, 2, 3, 5];
const VALUE = 1;
const [TAG, SIMPLE_VALUE] = [1, 2];
/** How a field is stored. */
const [VARINT, DOUBLE, BYTES, FLOAT] = [0, 1, 2, 5];

/** Bytes before and behind the content of a record. */
const [HEADER, CHECK] = [12, 4];
const MASK = 0xa282ead8;

function encodeRecord(content: Uint8Array): Uint8Array {
  const header = new DataView(new ArrayBuffer(HEADER));
  header.setUint32(0, content.length, true); // the upper half of the length stays 0
  header.setUint32(8, maskedCheck(new Uint8Array(header.buffer, 0, 8)), true);
  const check = new DataView(new ArrayBuffer(CHECK));
  check.setUint32(0, maskedCheck(content), true);
  return joinBytes([new Uint8Array(header.buffer), content, new Uint8Array(check.buffer)]);
}

function maskedCheck(bytes: Uint8Array): number {
  const check = crc32c(bytes);
  return (((check >>> 15) | (check << 17)) + MASK) >>> 0;
}

/** Seven bits a byte, the lowest ones first; the top bit says that more follow. */
function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return Uint8Array.of(...bytes, rest);
}

function field(number: number, kind: number, content: Uint8Array): Uint8Array {
  return joinBytes([varint((number << 3) | kind), content]);
}

function whole(number: number, value: number): Uint8Array {
  return field(number, VARINT, varint(value));
}

function double(number: number, value: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value, true);
  return field(number, DOUBLE, new Uint8Array(view.buffer));
}

function float(number: number, value: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(4));
  view.setFloat32(0, value, true);
  return field(number, FLOAT, new Uint8Array(view.buffer));
}

function text(number: number, value: string): Uint8Array {
  return message(number, [new TextEncoder().encode(value)]);
}

function message(number: number, parts: readonly Uint8Array[]): Uint8Array {
  const content = joinBytes(parts);
  return field(number, BYTES, joinBytes([varint(content.length), content]));
}

/** The step of an event: its second field, behind the nine bytes of the time; 0 where it has none. */
function stepOf(event: Uint8Array): number {
  const AFTER_TIME = 9;
  if (event[AFTER_TIME] !== ((STEP << 3) | VARINT)) return 0;
  let [step, scale] = [0, 1];
  for (let at = AFTER_TIME + 1; ; at++, scale *= 128) {
    step += (event[at] & 127) * scale;
    if (event[at] < 128) return step;
  }
}
