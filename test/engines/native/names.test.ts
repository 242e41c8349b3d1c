import assert from 'node:assert/strict';
import {readdirSync, readFileSync} from 'node:fs';
import {test as anyTest} from 'node:test';
import {fileURLToPath} from 'node:url';
import {VOXEL_KERNELS} from '../../../src/engines/native/kernels/index.js';
import {test, testedAddon} from '../../support/native.js';

const KERNELS = fileURLToPath(new URL('../../../src/engines/native/kernels/', import.meta.url));
const LIST = fileURLToPath(new URL('../../../src/native/kernels.def', import.meta.url));

/** Functions of the rows of kernels.def that are bound to JavaScript. */
const bound = [...readFileSync(LIST, 'utf8').matchAll(/^KERNEL\(\w+, (\w+), \w+\)$/gm)]
  .map(([, name]) => name)
  .sort();

/** Operations that are made of several kernels, or of none. */
const WITHOUT_A_KERNEL_OF_ITS_OWN = ['integrateNoise', 'makeLevelMemory', 'openLevel'];

anyTest('TypeScript calls exactly the kernels of the list, under their names', () => {
  const text = readdirSync(KERNELS)
    .map((name) => readFileSync(`${KERNELS}${name}`, 'utf8'))
    .join('\n');
  const called = [...text.matchAll(/(?<!\/)\baddon\.(\w+)/g)].map(([, name]) => name);
  const others = ['useHugePages'];
  assert.deepEqual([...new Set(called)].filter((name) => !others.includes(name)).sort(), bound);
});

anyTest('a loop over voxels has the name of its kernel', () => {
  const names = VOXEL_KERNELS.map(({operation}) => operation.name);
  assert.deepEqual(
    names.filter((name) => !bound.includes(name)),
    WITHOUT_A_KERNEL_OF_ITS_OWN,
  );
});

test('sizes whose product no memory holds are refused, not wrapped', () => {
  const huge = new Int32Array(8).fill(65536);
  const one = new Float32Array(1);
  const addon = testedAddon();
  const expected = {code: 'E_SHAPE'};
  // Where products wrap, 65536 to the fourth is 0, and whatever is given has as many elements.
  const wrapped = Int32Array.of(65536, 65536, 65536, 65536, 1, 1, 1, 1);
  assert.throws(() => addon.maxPool(wrapped, one, one), expected);
  assert.throws(() => addon.upsample(wrapped, one, one), expected);
  assert.throws(() => addon.warp(wrapped, 1, NaN, one, one, one), expected);
  assert.throws(() => addon.maxPool(huge, one, one), expected);
  assert.throws(() => addon.warp(huge, 1, NaN, one, one, one), expected);
  assert.throws(() => addon.jacobian(huge.subarray(4), one, one), expected);
  assert.throws(() => addon.lncc(huge.subarray(1), 1, 0, one, one, one), expected);
  assert.throws(() => addon.smoothness(huge.subarray(3), 1, 1, 1, 1, one, one), expected);
  assert.throws(() => addon.upsample(huge, one, one), expected);
  assert.throws(() => addon.upsampleGradient(huge, one, one), expected);
  // As in ConvShape: four lengths of 65536, one channel, a filter of one tap.
  const [four, ones] = [
    [65536, 65536, 65536, 65536],
    [1, 1, 1],
  ];
  const conv = Int32Array.from(
    [four, 0, ones, 1, ones, four.slice(1), 1, ones, ones, [0, 0, 0], 1].flat(),
  );
  assert.throws(() => addon.conv(conv, 0, one, null, one, null, one), expected);
  assert.throws(() => addon.convInputGradient(conv, 0, one, one, one, one, null), expected);
  assert.throws(() => addon.convFilterGradient(conv, 0, one, null, one, one, one, null), expected);
});
