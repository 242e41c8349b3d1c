import assert from 'node:assert/strict';
import {test as skippedTest} from 'node:test';
import {describe, test, testedAddon, testedIsas} from '../../support/native.js';
import {seededRandom} from '../../support/random.js';
import {assertClose, drawOperands, nameOf, type ConvCase, type ConvOperands} from './conv-cases.js';
import {roundedConvolution, roundToBfloat16, type RoundedResult} from './conv-bf16-twin.js';

const addon = testedAddon();
const ISAS = testedIsas();
/** The set whose instructions do the rounding; all others compute the same without them. */
const HARDWARE = 'avx512bf16';

// Odd sizes, several blocks of tiles, outputs around the widths of vectors and of tiles, coarse inputs.
const CASES: readonly ConvCase[] = [
  {size: [4, 4, 4], channels: 16, outputs: 16},
  {size: [5, 7, 9], channels: 16, outputs: 16},
  {size: [4, 5, 61], channels: 16, outputs: 19},
  {size: [6, 5, 8], channels: 32, outputs: 33, attributes: {activation: 'linear'}},
  {items: 2, size: [4, 9, 7], channels: 16, outputs: 48, filterPerItem: true},
  {items: 2, size: [4, 6, 8], channels: 16, coarseChannels: 32, outputs: 16, filterPerItem: true},
  {size: [4, 4, 58], channels: 32, coarseChannels: 16, outputs: 24},
];
// As far as the network has such layers: its input, its velocity, strides, planes.
const UNROUNDED: readonly ConvCase[] = [
  {size: [5, 6, 7], channels: 2, outputs: 16},
  {size: [5, 6, 7], channels: 24, outputs: 16},
  {size: [5, 6, 7], channels: 16, outputs: 3, attributes: {activation: 'linear'}},
  {size: [3, 6, 7], channels: 16, outputs: 16},
  {size: [6, 6, 6], channels: 16, outputs: 16, attributes: {strides: [2, 2, 2]}},
  {
    size: [8, 6, 1],
    channels: 16,
    coarseChannels: 16,
    outputs: 16,
    filter: [3, 3, 1],
    up: [2, 2, 1],
  },
];

/** Multiples of 2^-10 in [-1, 1]: float32 holds their transforms exactly, bfloat16 does not. */
function drawExact(conv: ConvCase): ConvOperands {
  const random = seededRandom(7);
  return drawOperands(conv, () => Math.round((random() * 2 - 1) * 1024) / 1024);
}

function run(convolve: 'conv' | 'convBf16', operands: ConvOperands): Float32Array {
  const {shape, slope, x, coarse, kernel, bias, outputShape} = operands;
  const y = new Float32Array(outputShape.reduce((size, length) => size * length)).fill(77);
  addon[convolve](shape, slope, x, coarse, kernel, bias, y);
  return y;
}

/** Slow, and the same for every instruction set. */
const twins = new Map<ConvCase, RoundedResult>();
function twinOf(conv: ConvCase): RoundedResult {
  let twin = twins.get(conv);
  if (twin === undefined) twins.set(conv, (twin = roundedConvolution(conv, drawExact(conv))));
  return twin;
}

for (const {isa, supported} of ISAS) {
  if (!supported) {
    skippedTest(`bfloat16 on ${isa}`, {skip: `this processor has no ${isa}`}, () => undefined);
    continue;
  }
  describe(`bfloat16 on ${isa}`, () => {
    for (const conv of CASES) {
      test(`a convolution equals its naive twin, and float32 within the error of rounding: ${nameOf(conv)}`, () => {
        addon.setIsa(isa);
        const actual = run('convBf16', drawExact(conv));
        const {y, bounds} = twinOf(conv);
        assertClose(actual, y, 'y');
        const exact = run('conv', drawExact(conv));
        assert.notDeepEqual(actual, exact);
        for (let n = 0; n < actual.length; n++)
          assert.ok(Math.abs(actual[n] - exact[n]) <= bounds[n] + 1e-5, `at ${n}`);
      });
    }

    test('layers that are not rounded have the bits of float32', () => {
      addon.setIsa(isa);
      for (const conv of UNROUNDED)
        assert.deepEqual(run('convBf16', drawExact(conv)), run('conv', drawExact(conv)));
    });

    test('the bits are the same for every thread count', () => {
      addon.setIsa(isa);
      const before = addon.threads();
      for (const conv of [
        {size: [9, 20, 10], channels: 16, outputs: 24} as const,
        {size: [8, 20, 10], channels: 16, coarseChannels: 16, outputs: 16} as const,
      ]) {
        addon.setThreads(1);
        const single = run('convBf16', drawExact(conv));
        for (const threads of [2, 3, 7]) {
          addon.setThreads(threads);
          assert.deepEqual(run('convBf16', drawExact(conv)), single);
        }
      }
      addon.setThreads(before);
    });

    test('a NaN of any payload stays one, and infinity does not become a number', () => {
      addon.setIsa(isa);
      const operands = drawExact({size: [4, 4, 4], channels: 16, outputs: 16});
      for (const bits of [0x7fffffff, 0xffffffff, 0x7f800001, 0x7f800000]) {
        new Uint32Array(operands.x.buffer)[0] = bits;
        const y = run('convBf16', operands);
        assert.ok(!y.subarray(0, 16).some(Number.isFinite), bits.toString(16));
      }
    });
  });
}

test('every instruction set without the instructions gives the same bits', () => {
  const emulating = ISAS.filter(({isa, supported}) => supported && isa !== HARDWARE);
  for (const conv of CASES) {
    const [first, ...others] = emulating.map(({isa}) => {
      addon.setIsa(isa);
      return run('convBf16', drawExact(conv));
    });
    for (const other of others) assert.deepEqual(other, first);
  }
});

test('the twin rounds to the nearest, and ties to even', () => {
  assert.deepEqual(
    [1, 1 + 2 ** -8, 1 + 3 * 2 ** -8, 1 + 2 ** -8 + 2 ** -20, -1 - 2 ** -9, 0].map(roundToBfloat16),
    [1, 1, 1 + 2 ** -6, 1 + 2 ** -7, -1, 0],
  );
});
