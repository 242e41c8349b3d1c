import assert from 'node:assert/strict';
import test from 'node:test';
import {Affine, type LinearRows} from '../../src/geometry/affine.js';
import type {Triple} from '../../src/geometry/triple.js';
import {seededRandom} from '../support/random.js';
import {allOrientations} from '../support/volumes.js';

/** Rounding of a few float64 operations on numbers up to about 100. */
const ROUNDING = 1e-10;
const POINT: Triple = [3, -4, 5];

function randomAffine(random: () => number): Affine {
  const numbers = Array.from({length: 12}, (_, n) => (n % 4 === 3 ? 40 : 2) * (2 * random() - 1));
  return Affine.fromMatrix(numbers);
}

function assertClose(actual: Affine, expected: Affine): void {
  const difference = actual.largestDifference(expected);
  assert.ok(difference <= ROUNDING, `differs by ${difference}`);
}

test('composing with the identity changes nothing, and composing nothing gives the identity', () => {
  const affine = randomAffine(seededRandom(1));
  assert.deepEqual(Affine.compose(affine, Affine.identity), affine);
  assert.deepEqual(Affine.compose(Affine.identity, affine), affine);
  assert.equal(Affine.compose(), Affine.identity);
});

test('a composition applies its last map first', () => {
  const random = seededRandom(2);
  const [a, b, c] = [randomAffine(random), randomAffine(random), randomAffine(random)];
  const stepwise = a.apply(b.apply(c.apply(POINT)));
  Affine.compose(a, b, c)
    .apply(POINT)
    .forEach((value, axis) => assert.ok(Math.abs(value - stepwise[axis]) < ROUNDING));
  assert.ok(!Affine.compose(a, b).equals(Affine.compose(b, a)));
});

test('composition is associative', () => {
  const random = seededRandom(8);
  const [a, b, c] = [randomAffine(random), randomAffine(random), randomAffine(random)];
  const left = Affine.compose(Affine.compose(a, b), c);
  assertClose(left, Affine.compose(a, Affine.compose(b, c)));
});

test('a map after its inverse is the identity, and so the other way round', () => {
  const random = seededRandom(3);
  for (let n = 0; n < 50; n++) {
    const affine = randomAffine(random);
    if (Math.abs(affine.determinant) > 0.1) {
      assertClose(Affine.compose(affine, affine.inverse()), Affine.identity);
      assertClose(Affine.compose(affine.inverse(), affine), Affine.identity);
    }
  }
});

test('an inverse is made once, and nothing about a map can be changed', () => {
  const affine = randomAffine(seededRandom(9));
  assert.equal(affine.inverse(), affine.inverse());
  assert.throws(() => (affine.rows as unknown as number[]).fill(0), TypeError);
});

test('a flat map has no inverse', () => {
  const flat = Affine.fromLinear([1, 2, 0, 2, 4, 0, 0, 0, 1]);
  assert.throws(() => flat.inverse(), {
    code: 'E_RANGE',
    message: 'Affine.inverse: the determinant must be finite and not 0, got 0.',
  });
  assert.equal(flat.isUsable, false);
});

test('a matrix has twelve numbers, or sixteen with 0 0 0 1 as its last row', () => {
  const rows = [1, 2, 0, 4, 0, 1, 0, 5, 0, 0, 1, 6];
  assert.deepEqual(Affine.fromMatrix(rows).rows, rows);
  assert.ok(Affine.fromMatrix([...rows, 0, 0, 0, 1]).equals(Affine.fromMatrix(rows)));
  assert.throws(() => Affine.fromMatrix(rows.slice(1)), {
    code: 'E_SHAPE',
    message: 'Affine.fromMatrix: matrix must hold 12 or 16 numbers, got 11.',
  });
  assert.throws(() => Affine.fromMatrix([...rows, 0, 0, 0.5, 1]), {
    code: 'E_RANGE',
    message: 'Affine.fromMatrix: the last row must be 0 0 0 1, got 0 0 0.5 1.',
  });
});

test('a map is usable when it is finite and its axes are distinct, at any scale', () => {
  const scaled = (factor: number): Affine => Affine.scaling([factor, -factor, factor]);
  for (const factor of [1e-6, 1, 1e6]) assert.equal(scaled(factor).isUsable, true);
  assert.equal(scaled(0).isUsable, false);
  assert.equal(scaled(Number.NaN).isUsable, false);
  assert.equal(Affine.translation([Infinity, 0, 0]).isUsable, false);
});

test('spacing, determinant, directions and offset come from the columns', () => {
  const affine = Affine.fromLinear([0, 0, -3, -4, 0, 0, 0, 2, 0], [7, 8, 9]);
  assert.deepEqual(affine.spacing, [4, 2, 3]);
  assert.equal(affine.determinant, 24);
  assert.deepEqual(affine.offset, [7, 8, 9]);
  assertClose(affine.directions, Affine.fromLinear([0, 0, -1, -1, 0, 0, 0, 1, 0]));
});

test('all 48 orientations are named after the direction in which each axis grows', () => {
  const letters = ['RL', 'AP', 'SI'];
  for (const {order, flips} of allOrientations()) {
    const rows = new Array<number>(12).fill(0);
    order.forEach((world, axis) => {
      rows[4 * world + axis] = flips[axis] ? -(axis + 1) : axis + 1;
    });
    const expected = order.map((world, axis) => letters[world][flips[axis] ? 1 : 0]).join('');
    assert.equal(Affine.fromMatrix(rows).orientation, expected);
  }
});

test('an oblique grid is named after its strongest directions', () => {
  const turn = Affine.rotation(2, 29);
  assert.equal(Affine.compose(turn, Affine.scaling([1, 1, 5])).orientation, 'RAS');
});

test('the nearest orthogonal map of an orthogonal one is itself, and shear is what is removed', () => {
  const rotation = Affine.compose(Affine.rotation(2, 57), Affine.scaling([1, 1, -1]));
  assertClose(rotation.nearestOrthogonal(), rotation);
  const stretch = Affine.fromLinear([1, 0.3, 0, 0.3, 1.2, 0, 0, 0, 0.5]);
  // A symmetric positive factor on the right is exactly what the polar decomposition takes away.
  assertClose(Affine.compose(rotation, stretch).nearestOrthogonal(), rotation);
});

test('shear is the cosine between the two most parallel axes', () => {
  const affine = Affine.fromLinear([1, 3, 0, 0, 4, 0, 0, 0, 2]);
  assert.ok(Math.abs(affine.shear - 0.6) < ROUNDING);
  assert.equal(Affine.identity.shear, 0);
});

test('a rotation turns right-handed about its axis', () => {
  const turned = ([0, 1, 2] as const).map((axis) =>
    Affine.rotation(axis, 90).apply([1, 2, 3]).map(Math.round),
  );
  assert.deepEqual(turned, [
    [1, -3, 2],
    [3, 2, -1],
    [-2, 1, 3],
  ]);
});

test('parameters act in the order shear, scale, third, second, first rotation, translation', () => {
  const affine = Affine.fromParameters({
    translation: [1, 2, 3],
    rotationDegrees: [10, 20, 30],
    scale: [2, 3, 4],
    shear: [0.1, 0.2, 0.3],
  });
  let point: Triple = [POINT[0] - 0.4 + 1, POINT[1] + 1.5, POINT[2]];
  point = [2 * point[0], 3 * point[1], 4 * point[2]];
  for (const axis of [2, 1, 0] as const) {
    point = Affine.rotation(axis, 10 * (axis + 1)).apply(point);
  }
  const expected = [point[0] + 1, point[1] + 2, point[2] + 3];
  affine.apply(POINT).forEach((value, axis) => {
    assert.ok(Math.abs(value - expected[axis]) < ROUNDING);
  });
  assert.ok(Affine.fromParameters({}).equals(Affine.identity));
});

test('a map can take any point anywhere, and keep any point in its place', () => {
  const affine = randomAffine(seededRandom(10));
  const close = (actual: readonly number[], expected: readonly number[]) =>
    actual.forEach((value, axis) => assert.ok(Math.abs(value - expected[axis]) < ROUNDING));
  close(affine.taking(POINT, [7, 8, 9]).apply(POINT), [7, 8, 9]);
  close(affine.taking(POINT).apply(POINT), POINT);
  assert.deepEqual(affine.taking(POINT).linear, affine.linear);
});

test('axes that are only exchanged and turned are a signed permutation, scaled ones are not', () => {
  const linear: LinearRows = [0, -1, 0, 0, 1e-7, 1, -1, 0, 0];
  assert.ok(Affine.fromLinear(linear, [5, 6, 7]).isSignedPermutation);
  assert.ok(!Affine.scaling([1, 1, 1.001]).isSignedPermutation);
  assert.ok(!Affine.rotation(0, 1).isSignedPermutation);
});
