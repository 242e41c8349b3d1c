import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {test} from 'node:test';
import {decodeNpz} from './npz.js';

const fixture = (name: string) =>
  readFileSync(new URL(`../fixtures/formats/${name}`, import.meta.url));

test('an archive of NumPy gives its arrays; another order of the elements is refused', () => {
  const expected = JSON.parse(fixture('expected.json').toString()) as {npz: object};
  const arrays = decodeNpz(fixture('numpy.npz'), 'numpy.npz');
  const found = [...arrays].map(([name, {shape, data}]) => [name, {shape, data: [...data]}]);
  assert.deepEqual(Object.fromEntries(found), expected.npz);
  assert.throws(
    () => decodeNpz(fixture('numpy-fortran.npz'), 'numpy-fortran.npz'),
    /^AssertionError.*numpy-fortran\.npz: fortran must be float32 in C order/s,
  );
});
