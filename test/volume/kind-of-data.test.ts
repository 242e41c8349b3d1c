import assert from 'node:assert/strict';
import {test} from 'node:test';
import {kindOfPair} from '../../src/volume/kind-of-data.js';

/** Voxels of these values in these shares, spread over the image. */
function imageWith(shares: Readonly<Record<string, number>>, length = 300_000) {
  const values = Object.entries(shares).flatMap(([value, share]) =>
    new Array<number>(Math.round(100 * share)).fill(Number(value)),
  );
  assert.equal(values.length, 100);
  return {data: Float32Array.from({length}, (_, n) => values[(37 * n) % 100])};
}

const CHEST = {'-1000': 0.3, '-800': 0.2, '40': 0.4, '700': 0.1};

test('two chests in Hounsfield units are a CT of the lung', () => {
  assert.equal(kindOfPair(imageWith(CHEST), imageWith(CHEST, 1_000_003)), 'CT of the lung');
});

test('what the units of a CT say counts, not how many voxels or which type', () => {
  const {data} = imageWith(CHEST, 1000);
  assert.equal(kindOfPair({data: Int16Array.from(data)}, {data}), 'CT of the lung');
});

for (const [what, shares] of [
  ['a head amid air', {'-1000': 0.77, '-800': 0.07, '40': 0.16}],
  ['an abdomen', {'-1000': 0.3, '-100': 0.3, '40': 0.4}],
  ['a chest without an offset', {'24': 0.3, '224': 0.2, '1064': 0.5}],
  ['MR', {'0': 0.4, '300': 0.3, '900': 0.3}],
  [
    'a phase image, of anything between -4096 and 4095',
    {'-4000': 0.4, '-700': 0.06, '700': 0.1, '4000': 0.44},
  ],
] as const) {
  test(`${what} is of no kind that is known`, () => {
    assert.equal(kindOfPair(imageWith(shares), imageWith(shares)), null);
    assert.equal(kindOfPair(imageWith(CHEST), imageWith(shares)), null);
    assert.equal(kindOfPair(imageWith(shares), imageWith(CHEST)), null);
  });
}

test('voxels that are no numbers say nothing', () => {
  const {data} = imageWith(CHEST);
  for (let n = 0; n < data.length; n += 10) data[n] = n % 20 === 0 ? NaN : -Infinity;
  assert.equal(kindOfPair({data}, {data}), 'CT of the lung');
});
