import assert from 'node:assert/strict';
import {test} from 'node:test';
import {HypermorphError} from '../../src/errors.js';
import {named} from '../../src/formats/named.js';

test('what is read is returned', () => {
  assert.equal(
    named('a.nii', () => 3),
    3,
  );
});

test('what is refused is said with the name in front, and keeps all else', () => {
  const cause = new Error('underneath');
  const options = {cause, hint: 'Copy it again.', details: {got: 7}};
  const refuse = () => {
    throw new HypermorphError('E_NIFTI', 'must have at most 7 axes, got 9.', options);
  };
  assert.throws(() => named('a.nii', refuse), {
    code: 'E_NIFTI',
    message: 'a.nii: must have at most 7 axes, got 9.',
    ...options,
  });
  assert.throws(() => named('b.tar', () => named('a.nii', refuse)), {
    message: 'b.tar: a.nii: must have at most 7 axes, got 9.',
  });
});

test('a fault that is no refusal passes as it is', () => {
  const fault = new RangeError('Array buffer allocation failed');
  const fail = () => {
    throw fault;
  };
  assert.throws(
    () => named('a.nii', fail),
    (error) => error === fault,
  );
});
