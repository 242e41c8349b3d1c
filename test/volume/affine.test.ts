import assert from 'node:assert/strict';
import test from 'node:test';
import {
  applyToPoint,
  cornersOf,
  determinant,
  directionsOf,
  fromLinearAndOffset,
  identityMatrix,
  invert,
  invertLinear,
  isUsable,
  linearPart,
  multiply,
  multiplyLinear,
  nearestOrthogonal,
  offsetOf,
  orientationOf,
  shearOf,
  spacingOf,
} from '../../src/volume/affine.js';
import type {Matrix4} from '../../src/volume/affine.js';
import {seededRandom} from '../support/random.js';

/** Rounding of a few float64 operations on numbers up to about 100. */
const ROUNDING = 1e-10;

function randomAffine(random: () => number): Matrix4 {
  const number = (): number => 4 * random() - 2;
  const linear = Array.from({length: 9}, number);
  return fromLinearAndOffset(linear, [20 * number(), 20 * number(), 20 * number()]);
}

function assertClose(actual: readonly number[], expected: readonly number[]): void {
  assert.equal(actual.length, expected.length);
  actual.forEach((value, n) => {
    const difference = Math.abs(value - expected[n]);
    assert.ok(difference <= ROUNDING, `entry ${n} is ${value}, expected ${expected[n]}`);
  });
}

test('multiplying by the identity changes nothing, and multiplying nothing gives the identity', () => {
  const affine = randomAffine(seededRandom(1));
  assert.deepEqual(multiply(affine, identityMatrix()), affine);
  assert.deepEqual(multiply(identityMatrix(), affine), affine);
  assert.deepEqual(multiply(), identityMatrix());
});

test('a product applies its last factor first', () => {
  const random = seededRandom(2);
  const [a, b, c] = [randomAffine(random), randomAffine(random), randomAffine(random)];
  const point = [3, -4, 5] as const;
  const stepwise = applyToPoint(a, applyToPoint(b, applyToPoint(c, point)));
  assertClose(applyToPoint(multiply(a, b, c), point), stepwise);
  assert.notDeepEqual(multiply(a, b), multiply(b, a));
});

test('a matrix times its inverse is the identity', () => {
  const random = seededRandom(3);
  for (let n = 0; n < 50; n++) {
    const affine = randomAffine(random);
    if (Math.abs(determinant(affine)) > 0.1) {
      assertClose(multiply(affine, invert(affine)), identityMatrix());
      assertClose(multiply(invert(affine), affine), identityMatrix());
    }
  }
});

test('a flat matrix has no inverse', () => {
  const flat = fromLinearAndOffset([1, 2, 0, 2, 4, 0, 0, 0, 1], [0, 0, 0]);
  assert.throws(() => invert(flat), RangeError);
  assert.equal(isUsable(flat), false);
});

test('a matrix is usable when it is finite and its axes are distinct, at any scale', () => {
  const scaled = (factor: number): Matrix4 =>
    fromLinearAndOffset([factor, 0, 0, 0, -factor, 0, 0, 0, factor], [0, 0, 0]);
  for (const factor of [1e-6, 1, 1e6]) {
    assert.equal(isUsable(scaled(factor)), true);
  }
  assert.equal(isUsable(scaled(0)), false);
  assert.equal(isUsable(scaled(Number.NaN)), false);
  assert.equal(isUsable([...scaled(1).slice(0, 3), Infinity, ...scaled(1).slice(4)]), false);
});

test('spacing, determinant and offset come from the columns', () => {
  const affine = fromLinearAndOffset([0, 0, -3, -4, 0, 0, 0, 2, 0], [7, 8, 9]);
  assert.deepEqual(spacingOf(affine), [4, 2, 3]);
  assert.equal(determinant(affine), 24);
  assert.deepEqual(offsetOf(affine), [7, 8, 9]);
  assert.deepEqual(
    directionsOf(affine).map((value) => value + 0),
    [0, 0, -1, -1, 0, 0, 0, 1, 0],
  );
});

test('all 48 orientations are named after the direction in which each axis grows', () => {
  const letters = ['RL', 'AP', 'SI'];
  const orders = [
    [0, 1, 2],
    [0, 2, 1],
    [1, 0, 2],
    [1, 2, 0],
    [2, 0, 1],
    [2, 1, 0],
  ];
  for (const order of orders) {
    for (let flips = 0; flips < 8; flips++) {
      const linear = new Array<number>(9).fill(0);
      order.forEach((world, axis) => {
        linear[3 * world + axis] = ((flips >> axis) & 1) === 1 ? -(axis + 1) : axis + 1;
      });
      const expected = order.map((world, axis) => letters[world][(flips >> axis) & 1]).join('');
      assert.equal(orientationOf(fromLinearAndOffset(linear, [0, 0, 0])), expected);
    }
  }
});

test('an oblique grid is named after its strongest directions', () => {
  const [c, s] = [Math.cos(0.5), Math.sin(0.5)];
  assert.equal(orientationOf(fromLinearAndOffset([c, -s, 0, s, c, 0, 0, 0, 5], [0, 0, 0])), 'RAS');
});

test('the nearest orthogonal matrix of an orthogonal one is itself, and shear is what is removed', () => {
  const [c, s] = [Math.cos(1), Math.sin(1)];
  const rotation = [c, -s, 0, s, c, 0, 0, 0, -1];
  assertClose(nearestOrthogonal(rotation), rotation);
  const sheared = multiplyLinear(rotation, [1, 0.3, 0, 0.3, 1.2, 0, 0, 0, 0.5]);
  // A symmetric positive factor on the right is exactly what the polar decomposition takes away.
  assertClose(nearestOrthogonal(sheared), rotation);
  assertClose(multiplyLinear(sheared, invertLinear(sheared)), [1, 0, 0, 0, 1, 0, 0, 0, 1]);
});

test('shear is the cosine between the two most parallel axes', () => {
  const affine = fromLinearAndOffset([1, 3, 0, 0, 4, 0, 0, 0, 2], [0, 0, 0]);
  assert.ok(Math.abs(shearOf(affine) - 0.6) < ROUNDING);
  assert.equal(shearOf(identityMatrix()), 0);
  assert.deepEqual(linearPart(identityMatrix()), [1, 0, 0, 0, 1, 0, 0, 0, 1]);
});

test('a grid has eight corners, also where it is one voxel thick', () => {
  const corners = cornersOf([4, 1, 3]);
  assert.equal(corners.length, 8);
  assert.deepEqual(corners[0], [0, 0, 0]);
  assert.deepEqual(corners[7], [3, 0, 2]);
});
