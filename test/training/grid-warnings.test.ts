import assert from 'node:assert/strict';
import {test} from 'node:test';
import {summarise} from '../../src/training/grid-warnings.js';

test('what many images have in common is told for a few of them, with how many more there are', () => {
  const cut = (n: number) =>
    `sub${n}.nii: only ${n}.5 % of what it shows lies on the training grid.`;
  const texts = [...[1, 2, 3, 4, 5].map(cut), 'a.nii: lengths are in metres.'];
  assert.deepEqual(summarise(texts), [
    ...[1, 2, 3].map(cut),
    'and 2 more images likewise.',
    'a.nii: lengths are in metres.',
  ]);
  assert.deepEqual(summarise(texts.slice(0, 3)), texts.slice(0, 3));
  assert.deepEqual(summarise([]), []);
});
