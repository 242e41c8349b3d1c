import assert from 'node:assert/strict';
import {before, test} from 'node:test';
import {startEngine, type Engine} from '../../src/engines/select.js';
import {Affine} from '../../src/geometry/affine.js';
import type {Triple} from '../../src/geometry/triple.js';
import type {Outside} from '../../src/kernels/voxels.js';
import {sample} from '../../src/transforms/apply.js';
import {affineTransform} from '../../src/transforms/transform.js';
import type {Volume} from '../../src/volume/volume.js';
import {onEveryEngine} from '../support/engines.js';
import {seededRandom} from '../support/random.js';
import {imageOf, largestDifference} from '../support/volumes.js';

/** float32, relative to the range of the values. */
const FLOAT32 = 1e-6;
/** What the mirror at a face does fades by the pole, 0.27, with each voxel: after so many it is below float32. */
const INTERIOR = 12;

/** Noise of 0 to 1000. */
function noise(shape: Triple, seed = 1): Volume {
  const random = seededRandom(seed);
  const data = Float32Array.from({length: shape[0] * shape[1] * shape[2]}, () => 1000 * random());
  return {shape, affine: Affine.identity, data};
}

/** A polynomial of degree 3 along each axis. */
const cubic = ([x, y, z]: Triple): number =>
  2 + x - 3 * y + z / 2 + x * y - (z * x) / 3 + (x ** 3 - y ** 3 + x * x * z) / 100;

onEveryEngine('cubic sampling', (name) => {
  let engine: Engine;
  before(async () => {
    engine = await startEngine({engine: name});
  });

  /** At voxels of the image that start at `start` and are `step` apart. */
  const at = (
    image: Volume,
    [start, step]: [Triple, Triple],
    shape: Triple,
    outside: Outside = 0,
  ) =>
    sample(
      image,
      affineTransform(Affine.compose(Affine.translation(start), Affine.scaling(step))),
      {shape, affine: Affine.identity},
      {interpolation: 'cubic', outside, engine},
    ).data;
  /** At places along i of an image that is a line. */
  const along = (values: readonly number[], places: readonly number[], outside: Outside = -7) => {
    const line = {
      ...{shape: [values.length, 1, 1] as const, affine: Affine.identity},
      data: Float32Array.from(values),
    };
    return places.map(
      (x) =>
        at(
          line,
          [
            [x, 0, 0],
            [1, 1, 1],
          ],
          [1, 1, 1],
          outside,
        )[0],
    );
  };

  for (const shape of [
    [1, 1, 1],
    [2, 1, 3],
    [5, 2, 1],
    [33, 7, 18],
    [40, 41, 39],
  ] as const) {
    test(`it passes through the voxels (${shape.join('x')})`, () => {
      const image = noise(shape);
      const found = at(
        image,
        [
          [0, 0, 0],
          [1, 1, 1],
        ],
        shape,
      );
      assert.ok(largestDifference(found, image.data) < FLOAT32 * 1000);
    });
  }

  test('a constant stays what it is, at the faces, too', () => {
    const image = {...noise([6, 5, 4]), data: new Float32Array(120).fill(300)};
    const found = at(
      image,
      [
        [-0.4, -0.4, -0.4],
        [0.45, 0.45, 0.45],
      ],
      [14, 11, 9],
    );
    assert.ok(largestDifference(found, new Float32Array(found.length).fill(300)) < 3e-4);
  });

  test('polynomials of degree 3 are reproduced between voxels', () => {
    const shape: Triple = [36, 34, 35];
    const image = imageOf({shape, affine: Affine.translation([-17, -16, -18])}, cubic);
    const inside: Triple = [
      shape[0] - 2 * INTERIOR,
      shape[1] - 2 * INTERIOR,
      shape[2] - 2 * INTERIOR,
    ];
    const grid = {
      shape: inside,
      affine: Affine.translation([INTERIOR - 17 + 0.3, INTERIOR - 16 + 0.5, INTERIOR - 18 + 0.9]),
    };
    const expected = imageOf(grid, cubic).data;
    const still = affineTransform(Affine.identity);
    const found = sample(image, still, grid, {interpolation: 'cubic', engine}).data;
    const RANGE = 500;
    assert.ok(largestDifference(found, expected) < FLOAT32 * RANGE);
    const linear = sample(image, still, grid, {engine}).data;
    assert.ok(largestDifference(linear, expected) > 0.05);
  });

  test('beside a step it overshoots as much as that of SciPy', () => {
    // map_coordinates([0] * 7 + [1] * 7, [[7.5]], order=3, mode='mirror')
    const [found] = along([0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1], [7.5]);
    assert.ok(Math.abs(found - 1.1004809) < FLOAT32, String(found));
  });

  test('a voxel reaches half a voxel beyond its centre, as in a linear look-up', () => {
    const found = along([1, 5, 2, 3], [-0.51, -0.5, -0.2, 3.5, 3.51, NaN]);
    const expected = [-7, 1, 1, 3, -7, -7];
    assert.ok(largestDifference(found, expected) < 1e-5, String(found));
    const repeated = along([1, 5, 2, 3], [-40, 40], 'edge');
    assert.ok(largestDifference(repeated, [1, 3]) < 1e-5);
  });

  test('voxels that are NaN or infinite count as 0', () => {
    const places = [0, 0.3, 1.4, 2, 2.6, 3];
    const found = along([4, NaN, -Infinity, 3], places);
    assert.deepEqual(found, along([4, 0, 0, 3], places));
  });

  test('images of integers are looked up, too, and stay as they are', () => {
    const data = Int16Array.of(4, -300, 7, 90, 2, 6, 1, 0);
    const image = {shape: [2, 2, 2] as const, affine: Affine.identity, data};
    const before = data.slice();
    const turned: [Triple, Triple] = [
      [0.2, 0.3, 0.4],
      [0.5, 0.5, 0.5],
    ];
    const found = at(image, turned, [2, 2, 2]);
    const floats = {...image, data: Float32Array.from(data)};
    assert.ok(largestDifference(found, at(floats, turned, [2, 2, 2])) < 4e-4);
    assert.deepEqual(data, before);
  });
});
