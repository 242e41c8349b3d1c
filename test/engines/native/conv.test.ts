import assert from 'node:assert/strict';
import {test as skippedTest} from 'node:test';
import {describe, test, testedAddon, testedIsas} from '../../support/native.js';
import {assertClose, nameOf, runCase, type ConvCase} from './conv-cases.js';

const addon = testedAddon();
const ISAS = testedIsas();

// Channels and positions around the widths of vectors (4, 8, 16) and of tiles (6, 12, 14).
const CASES: readonly ConvCase[] = [
  {size: [1, 1, 1], channels: 1, outputs: 1},
  {size: [1, 1, 1], channels: 3, outputs: 2, filter: [1, 1, 1]},
  {size: [2, 3, 5], channels: 2, outputs: 3, attributes: {activation: 'linear'}},
  {size: [3, 2, 7], channels: 3, outputs: 4, attributes: {activation: 'relu'}},
  {size: [4, 3, 6], channels: 4, outputs: 7},
  {size: [3, 4, 13], channels: 5, outputs: 8},
  {size: [3, 9, 12], channels: 7, outputs: 9},
  {size: [5, 4, 17], channels: 1, outputs: 15},
  {size: [2, 3, 19], channels: 9, outputs: 17},
  {size: [3, 3, 29], channels: 6, outputs: 33},
  {size: [1, 6, 23], channels: 2, outputs: 31},
  {size: [6, 17, 8], channels: 2, outputs: 16},
  {size: [4, 5, 14], channels: 16, outputs: 32},
  {size: [4, 10, 12], channels: 32, outputs: 32},
  {size: [3, 4, 11], channels: 64, outputs: 32},
  {size: [3, 4, 11], channels: 16, outputs: 3, attributes: {activation: 'linear'}},
  {size: [37, 3, 4], channels: 2, outputs: 5},
  {items: 2, size: [4, 3, 7], channels: 3, outputs: 5},
  {items: 3, size: [4, 3, 7], channels: 3, outputs: 5, filterPerItem: true},
  {size: [6, 4, 8], channels: 5, coarseChannels: 3, outputs: 6},
  {size: [4, 10, 12], channels: 32, coarseChannels: 32, outputs: 32},
  {size: [4, 6, 6], channels: 2, coarseChannels: 3, outputs: 4, up: [2, 3, 1]},
  {items: 2, size: [4, 18, 6], channels: 2, coarseChannels: 3, outputs: 9, filterPerItem: true},
  {size: [9, 12, 1], channels: 4, outputs: 6, filter: [3, 3, 1]},
  {size: [8, 6, 1], channels: 4, coarseChannels: 2, outputs: 6, filter: [3, 3, 1], up: [2, 2, 1]},
  {size: [4, 5, 6], channels: 3, outputs: 4, filter: [2, 3, 4]},
  {size: [7, 8, 9], channels: 2, outputs: 4, filter: [5, 1, 3]},
];
// Suitable for Winograd's algorithm on every instruction set: odd sizes, several blocks of tiles, all tails.
const WINOGRAD_CASES: readonly ConvCase[] = [
  {size: [4, 4, 4], channels: 16, outputs: 8},
  {size: [5, 7, 9], channels: 16, outputs: 16},
  {size: [4, 5, 61], channels: 16, outputs: 19},
  {size: [6, 5, 8], channels: 32, outputs: 33, attributes: {activation: 'linear'}},
  {items: 2, size: [4, 9, 7], channels: 16, outputs: 48, filterPerItem: true},
  {items: 2, size: [4, 6, 8], channels: 16, coarseChannels: 32, outputs: 16, filterPerItem: true},
  {size: [6, 4, 58], channels: 32, coarseChannels: 16, outputs: 24},
];
const SPACINGS: readonly ConvCase[] = (['same', 'valid'] as const).flatMap((padding) =>
  (
    [
      {strides: [2, 2, 2]},
      {strides: [1, 2, 3]},
      {strides: [3, 1, 1]},
      {dilations: [2, 2, 2]},
      {dilations: [1, 3, 2]},
      {strides: [2, 1, 2], dilations: [1, 2, 2]},
    ] as const
  ).flatMap((spacing) => [
    {size: [9, 8, 11], channels: 3, outputs: 5, attributes: {...spacing, padding}} as const,
    {size: [8, 9, 10], channels: 2, outputs: 9, attributes: {...spacing, padding}} as const,
  ]),
);

for (const {isa, supported} of ISAS) {
  if (!supported) {
    skippedTest(`convolutions on ${isa}`, {skip: `this processor has no ${isa}`}, () => undefined);
    continue;
  }
  describe(`convolutions on ${isa}`, () => {
    for (const conv of [...CASES, ...SPACINGS, ...WINOGRAD_CASES]) {
      test(`a convolution and its gradients equal their naive twins: ${nameOf(conv)}`, () => {
        addon.setIsa(isa);
        const expected = runCase(addon, conv, 'naive');
        for (const allowed of [true, false]) {
          addon.setWinograd(allowed);
          const actual = runCase(addon, conv, 'kernel');
          for (const key of ['y', 'dx', 'dcoarse', 'dfilter', 'dbias'] as const)
            assertClose(actual[key], expected[key], `${key}${allowed ? '' : ', direct'}`);
        }
        addon.setWinograd(true);
      });
    }

    test('the bits are the same for every thread count', () => {
      addon.setIsa(isa);
      const before = addon.threads();
      for (const conv of [
        {size: [13, 20, 10], channels: 7, outputs: 24} as const,
        {size: [9, 20, 10], channels: 16, coarseChannels: 0, outputs: 24} as const,
        {size: [8, 20, 10], channels: 16, coarseChannels: 16, outputs: 16} as const,
        {items: 2, size: [8, 20, 6], channels: 3, coarseChannels: 5, outputs: 16} as const,
      ]) {
        addon.setThreads(1);
        const single = runCase(addon, conv, 'kernel');
        for (const threads of [2, 3, 7]) {
          addon.setThreads(threads);
          assert.deepEqual(runCase(addon, conv, 'kernel'), single);
        }
      }
      addon.setThreads(before);
    });
  });
}

test('a suitable layer uses Winograd unless it is switched off', () => {
  const conv: ConvCase = {size: [6, 6, 6], channels: 16, outputs: 16};
  addon.setWinograd(false);
  const direct = runCase(addon, conv, 'kernel').y;
  addon.setWinograd(true);
  const fast = runCase(addon, conv, 'kernel').y;
  assert.notDeepEqual(fast, direct); // it rounds differently
  assertClose(fast, direct, 'y');
});

test('a warm convolution allocates no scratch memory', () => {
  const conv: ConvCase = {size: [8, 8, 8], channels: 8, outputs: 8};
  runCase(addon, conv, 'kernel');
  const held = addon.scratchBytes();
  runCase(addon, conv, 'kernel');
  assert.equal(addon.scratchBytes(), held);
});
