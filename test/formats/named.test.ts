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

test('a promise that is broken is named as well', async () => {
  const refuse = async () => {
    await Promise.resolve();
    throw new HypermorphError('E_IO', 'the gzip data must be whole.');
  };
  await assert.rejects(
    named('a.nii.gz', () => refuse()),
    {code: 'E_IO', message: 'a.nii.gz: the gzip data must be whole.'},
  );
  assert.equal(await named('a.nii.gz', () => Promise.resolve(3)), 3);
});
