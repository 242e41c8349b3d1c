import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {test} from 'node:test';
import {joinBytes} from '../../src/formats/bytes.js';
import {cyclicCheck} from '../../src/formats/crc.js';
import {encodeEventStart, encodeScalars, eventsUntil} from '../../src/formats/event-file.js';
import {findPython} from '../support/python.js';
import {temporaryFolder} from '../support/temporary-folder.js';

test('checks are those of the standards', () => {
  const digits = new TextEncoder().encode('123456789');
  assert.equal(cyclicCheck(0xedb88320)(digits), 0xcbf43926);
  const castagnoli = cyclicCheck(0x82f63b78);
  assert.equal(castagnoli(digits), 0xe3069283);
  // RFC 3720, appendix B.4: 32 bytes of zeros, of ones, and rising.
  assert.equal(castagnoli(new Uint8Array(32)), 0x8a9136aa);
  assert.equal(castagnoli(new Uint8Array(32).fill(255)), 0x62a8ab43);
  assert.equal(castagnoli(Uint8Array.from({length: 32}, (_, n) => n)), 0x46dd794e);
  assert.equal(castagnoli(digits.subarray(0, 4), digits.subarray(4)), castagnoli(digits));
});

const STEPS = [1, 127, 128, 300, 70_000, 2 ** 33];
const recordOf = (step: number) =>
  encodeScalars({wallTime: 1.5e9 + step, step, scalars: {'loss/total': step / 7, Größe: -step}});
const FILE = joinBytes([encodeEventStart(1.5e9), ...STEPS.map(recordOf)]);

test('a record has the length, the content and their checks', () => {
  const record = recordOf(300);
  const view = new DataView(record.buffer);
  const length = view.getUint32(0, true);
  assert.deepEqual([length + 16, view.getUint32(4, true)], [record.length, 0]);
  const content = new TextDecoder('latin1').decode(record.subarray(12, 12 + length));
  assert.match(content, /loss\/total/);
});

test('what tells of later steps is left out, and what was cut off', () => {
  assert.deepEqual(eventsUntil(FILE, Infinity), FILE);
  const some = joinBytes([encodeEventStart(1.5e9), ...STEPS.slice(0, 3).map(recordOf)]);
  assert.deepEqual(eventsUntil(FILE, 299), some);
  assert.deepEqual(eventsUntil(joinBytes([some, recordOf(5).subarray(0, 40)]), 299), some);
  assert.deepEqual(eventsUntil(joinBytes([some, recordOf(5).subarray(0, 3)]), 299), some);
  assert.deepEqual(eventsUntil(FILE, 0), encodeEventStart(1.5e9));
});

const python = findPython('tensorboard');
const READER = `
import json, sys
from tensorboard.backend.event_processing.event_file_loader import RawEventFileLoader
from tensorboard.compat.proto.event_pb2 import Event
events = [Event.FromString(record) for record in RawEventFileLoader(sys.argv[1]).Load()]
print(json.dumps([[e.wall_time, e.step, e.file_version, [[v.tag, v.simple_value] for v in e.summary.value]] for e in events]))`;

test('TensorBoard reads times, steps, names and figures', {skip: python.missing}, async (t) => {
  const path = join(await temporaryFolder(t), 'events.out.tfevents.test');
  await writeFile(path, FILE);
  const output = execFileSync(python.command!, ['-c', READER, path], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  assert.deepEqual(JSON.parse(output), [
    [1.5e9, 0, 'brain.Event:2', []],
    ...STEPS.map((step) => [
      ...[1.5e9 + step, step, ''],
      [
        ['loss/total', Math.fround(step / 7)],
        ['Größe', Math.fround(-step)],
      ],
    ]),
  ]);
});
