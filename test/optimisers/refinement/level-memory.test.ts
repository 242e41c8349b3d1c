import assert from 'node:assert/strict';
import {test} from 'node:test';
import {LevelMemory} from '../../../src/optimisers/refinement/level-memory.js';

test('what is taken one after the other does not overlap', () => {
  const room = new Float32Array(10);
  const memory = new LevelMemory(room);
  memory.take(3).fill(1);
  memory.take(4).fill(2);
  memory.takeRest(2).fill(3);
  assert.deepEqual([...room], [1, 1, 1, 2, 2, 2, 2, 3, 3, 3]);
});

test('after clearing the same room is taken again', () => {
  const room = new Float32Array(10);
  const memory = new LevelMemory(room);
  memory.take(10).fill(1);
  memory.clear();
  memory.take(2).fill(5);
  assert.deepEqual([...room.subarray(0, 3)], [5, 5, 1]);
});

test('where the room is too small arrays are made', () => {
  const room = new Float32Array(10);
  const memory = new LevelMemory(room);
  const own = memory.take(11);
  assert.equal(own.length, 11);
  assert.notEqual(own.buffer, room.buffer);
  assert.equal(memory.take(8).buffer, room.buffer);
  const rest = memory.takeRest(3);
  assert.equal(rest.length, 3);
  assert.notEqual(rest.buffer, room.buffer);
  assert.equal(new LevelMemory().take(4).length, 4);
});
