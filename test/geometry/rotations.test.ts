import assert from 'node:assert/strict';
import test from 'node:test';
import {Affine} from '../../src/geometry/affine.js';
import {
  quaternionFromRotation,
  rotationFromQuaternion,
  toRigidPlacement,
} from '../../src/geometry/rotations.js';
import {mapTriple, type Triple} from '../../src/geometry/triple.js';
import {seededRandom} from '../support/random.js';

function randomDirection(random: () => number): Triple {
  const [x, y, z] = [random() - 0.5, random() - 0.5, random() - 0.5];
  const length = Math.hypot(x, y, z);
  return [x / length, y / length, z / length];
}

function largestDifference(a: readonly number[], b: readonly number[]): number {
  return Math.max(...a.map((value, n) => Math.abs(value - b[n])));
}

test('the zero vector is no rotation', () => {
  assert.deepEqual(rotationFromQuaternion([0, 0, 0]), Affine.identity);
});

test('a quarter turn about k takes i to j', () => {
  const half = Math.SQRT1_2;
  const rotation = rotationFromQuaternion([0, 0, half]);
  assert.ok(rotation.largestDifference(Affine.fromLinear([0, -1, 0, 1, 0, 0, 0, 0, 1])) < 1e-15);
});

test('rotations survive the way through a quaternion, also near half a turn', () => {
  const random = seededRandom(4);
  for (let n = 0; n < 300; n++) {
    const [x, y, z] = randomDirection(random);
    const angle = n % 3 === 0 ? Math.PI - 1e-4 * random() : Math.PI * random();
    const s = Math.sin(angle / 2);
    const rotation = rotationFromQuaternion([s * x, s * y, s * z]);
    assert.ok(Math.abs(rotation.determinant - 1) < 1e-12);
    const again = rotationFromQuaternion(quaternionFromRotation(rotation));
    // Near half a turn the scalar part is the root of a small difference: nifti1.h's form cannot be better.
    assert.ok(rotation.largestDifference(again) < 1e-3, `angle ${angle}`);
  }
});

test('an exact half turn stored in float32 is finite and right, whichever way it was rounded', () => {
  const random = seededRandom(5);
  for (let n = 0; n < 1000; n++) {
    const exact = randomDirection(random);
    const [b, c, d] = exact.map((value) => Math.fround(value));
    const rotation = rotationFromQuaternion([b, c, d]);
    const expected = [0, 1, 2].flatMap((i) =>
      [0, 1, 2].map((j) => 2 * exact[i] * exact[j] - (i === j ? 1 : 0)),
    );
    // float32 leaves 1 - |bcd|^2 up to 2e-7, which the square root makes an angle of up to 5e-4.
    assert.ok(largestDifference(rotation.linear, expected) < 2e-3);
  }
});

test('a grid without shear is a rotation, spacings and a flip, exactly', () => {
  const random = seededRandom(6);
  for (let n = 0; n < 100; n++) {
    const rotation = rotationFromQuaternion(
      mapTriple(randomDirection(random), (value) => 0.8 * value),
    );
    const flip = n % 2 === 0 ? 1 : -1;
    const turned = Affine.compose(rotation, Affine.scaling([0.5, 2, 7 * flip]));
    const placement = toRigidPlacement(turned.withOffset([1, 2, 3]));
    assert.ok(placement !== null);
    assert.equal(placement.flip, flip);
    assert.ok(largestDifference(placement.spacing, [0.5, 2, 7]) < 1e-12);
    const back = rotationFromQuaternion(placement.quaternion);
    assert.ok(back.largestDifference(rotation) < 1e-9);
  }
});

test('a flat grid has no placement', () => {
  assert.equal(toRigidPlacement(Affine.scaling([0, 0, 0])), null);
});
