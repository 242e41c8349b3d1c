import assert from 'node:assert/strict';
import {test} from 'node:test';
import {decodeTrainingConfig} from '../../src/config/load-config.js';
import {requireShallow} from '../../src/formats/shallow.js';

const depthIsFine = (text: string) => {
  try {
    requireShallow(text, (fault) => {
      throw new Error(fault);
    });
    return true;
  } catch {
    return false;
  }
};

test('what people write is taken, whatever stands in its texts', () => {
  assert.ok(depthIsFine('{"a": [1, {"b": "[[[{{{"}]}'));
  assert.ok(depthIsFine(JSON.stringify({text: '['.repeat(5000), quoted: '"[['.repeat(500)})));
  assert.ok(depthIsFine('[]'.repeat(10_000)));
  assert.ok(depthIsFine('- 1\n'.repeat(10_000)));
});

test('what is nested so deep that reading it would fail is refused, in every way of nesting', () => {
  assert.ok(!depthIsFine('['.repeat(9000) + ']'.repeat(9000)));
  assert.ok(!depthIsFine('{"a":'.repeat(9000) + '1' + '}'.repeat(9000)));
  assert.ok(!depthIsFine('- '.repeat(9000) + '1'));
  for (const text of [`a: ${'['.repeat(9000)}`, `a: ${'- '.repeat(9000)}1`]) {
    assert.throws(() => decodeTrainingConfig(text, {where: 'c.yaml'}), {
      code: 'E_CONFIG',
      message: 'c.yaml: groups and lists must be nested at most 200 deep, got more.',
    });
  }
});
