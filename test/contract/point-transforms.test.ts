import assert from 'node:assert/strict';
import {before, test} from 'node:test';
import {startEngine, type Engine} from '../../src/engines/select.js';
import {Affine} from '../../src/geometry/affine.js';
import type {Grid} from '../../src/geometry/grid.js';
import type {Triple} from '../../src/geometry/triple.js';
import {
  displacementOn,
  mapPoints,
  measureDisplacement,
  sample,
} from '../../src/transforms/apply.js';
import {exponential, inverse} from '../../src/transforms/inverse.js';
import {jacobianOn} from '../../src/transforms/jacobian.js';
import {
  affineTransform,
  compose,
  displacementTransform,
  partsOf,
  type DisplacementTransform,
  type Transform,
} from '../../src/transforms/transform.js';
import {inVoxels} from '../../src/transforms/vector-field.js';
import {onEveryEngine} from '../support/engines.js';
import {seededRandom} from '../support/random.js';
import {
  FIELD_GRID,
  largestDistance,
  ripples,
  SHEAR,
  somePoints,
  TURN,
  waves,
} from '../support/transforms.js';
import {centredAffine, imageOf, largestDifference, obliqueAffine} from '../support/volumes.js';

/** Every point of these, and where it goes, stays inside the field. */
const POINTS = somePoints(50, 12, seededRandom(1));
/** Half a field of view, in mm, where nothing comes near an edge. */
const GRID: Grid = {
  shape: [9, 8, 7],
  affine: centredAffine(obliqueAffine([10, 20, 5], [3, 2, 2.5]), [9, 8, 7], [0, 0, 0]),
};
const ROUNDING = 1e-9;
/** Intensities of about 300 in float32. */
const FLOAT32 = 2e-4;

const CHAINS: Readonly<Record<string, Transform>> = {
  'an affine map': TURN,
  'a displacement': waves(),
  'affine, displacement, affine': compose(TURN, waves(), SHEAR),
  'a spline': ripples(),
  'affine, spline, affine': compose(TURN, ripples(), SHEAR),
  'two displacements with an affine map between': compose(waves(2), TURN, waves(3), SHEAR),
};

/** A displacement of every voxel, RAS mm, on a grid of its own. */
function fieldOn(grid: Grid, u: (point: Triple) => Triple): DisplacementTransform {
  const components = [0, 1, 2].map((c) => imageOf(grid, (point) => u(point)[c]).data);
  const values = Float32Array.from(components.flatMap((component) => [...component]));
  return displacementTransform({grid, unit: 'mm', order: 'disk', values});
}

/** Points of the grid, i fastest. */
function voxelsOf({shape, affine}: Grid) {
  return Array.from({length: shape[0] * shape[1] * shape[2]}, (_, n) =>
    affine.apply([
      n % shape[0],
      Math.floor(n / shape[0]) % shape[1],
      Math.floor(n / (shape[0] * shape[1])),
    ]),
  );
}

onEveryEngine('transforms of points', (name) => {
  let engine: Engine;
  before(async () => {
    engine = await startEngine({engine: name});
  });

  for (const [what, transform] of Object.entries(CHAINS)) {
    test(`an image sampled through ${what} is the image where the points go`, () => {
      // Linear in world space, so that interpolation adds nothing.
      const slope = ([x, y, z]: readonly [number, number, number]) => 100 + 2 * x - 3 * y + z / 2;
      const image = imageOf(
        {
          shape: [60, 50, 55],
          affine: centredAffine(obliqueAffine([-20, 8, 5], [-2, 3, 2.2]), [60, 50, 55], [0, 0, 0]),
        },
        slope,
      );
      const expected = mapPoints(transform, voxelsOf(GRID)).map(slope);
      const {data} = sample(image, transform, GRID, {engine, outside: NaN});
      assert.ok(largestDifference(data, expected) < FLOAT32);
      const nearest = sample(image, transform, GRID, {engine, interpolation: 'nearest'});
      const HALF_VOXEL = 2 + 4.5 + 0.6; // of such an image changes the value by this much at most
      assert.ok(largestDifference(nearest.data, expected) < HALF_VOXEL);
    });

    test(`displacements of ${what} are where points go, less where they were`, () => {
      const from = voxelsOf(GRID);
      const to = mapPoints(transform, from);
      const {values, unit, order} = displacementOn(transform, GRID, engine);
      assert.deepEqual([unit, order], ['mm', 'disk']);
      const found = from.map(
        ([x, y, z], n) =>
          [x + values[n], y + values[n + from.length], z + values[n + 2 * from.length]] as const,
      );
      assert.ok(largestDistance(found, to) < 1e-5);
      const {maximumMm, meanMm} = measureDisplacement(transform, GRID, {engine});
      const lengths = from.map((point, n) => largestDistance([point], [to[n]]));
      assert.ok(Math.abs(maximumMm - Math.max(...lengths)) < 1e-5);
      const mean = lengths.reduce((sum, length) => sum + length, 0) / lengths.length;
      assert.ok(Math.abs(meanMm - mean) < 1e-5);
    });

    test(`the inverse of ${what} leads back`, () => {
      const {transform: back, residualMm} = inverse(transform, {toleranceMm: 1e-4});
      assert.ok(residualMm <= 1e-4, `residual ${residualMm} mm`);
      const there = mapPoints(back, mapPoints(transform, POINTS));
      // Between its voxels the inverse is interpolated: 3 mm voxels of a wave of 4 mm, less where nothing is interpolated.
      assert.ok(largestDistance(there, POINTS) < (transform.kind === 'affine' ? ROUNDING : 0.2));
    });

    test(`the Jacobian of ${what} is the volume of a small cube that goes through it`, () => {
      const found = jacobianOn(transform, GRID, engine);
      const STEP = 1e-3; // mm
      voxelsOf(GRID).forEach((point, n) => {
        const moved = ([0, 1, 2] as const).map((axis) => {
          const at = (sign: number) =>
            mapPoints(transform, [
              [
                point[0] + (axis === 0 ? sign * STEP : 0),
                point[1] + (axis === 1 ? sign * STEP : 0),
                point[2] + (axis === 2 ? sign * STEP : 0),
              ],
            ])[0];
          const [low, high] = [at(-1), at(1)];
          return high.map((value, c) => (value - low[c]) / (2 * STEP));
        });
        const [[a, b, c], [d, e, f], [g, h, i]] = moved;
        const volume = Affine.fromLinear([a, b, c, d, e, f, g, h, i]).determinant;
        // Of the field it is a central difference over two voxels; the slope of a trilinear field jumps at every voxel.
        const hasField = partsOf(transform).some(({kind}) => kind === 'displacement');
        const tolerance = hasField ? 0.25 : 1e-5;
        assert.ok(Math.abs(found[n] - volume) < tolerance, `${found[n]} for ${volume}`);
      });
    });
  }

  test('a velocity integrates to a displacement whose inverse is the integral of its negative', () => {
    const field = inVoxels(waves(3).field);
    const forward = exponential({field, steps: 7});
    const {transform: back, residualMm} = inverse(forward);
    assert.equal(residualMm, 0);
    assert.ok(largestDistance(mapPoints(forward, POINTS), POINTS) > 2);
    const there = mapPoints(compose(back, forward), POINTS);
    assert.ok(largestDistance(there, POINTS) < 0.15); // 3 mm voxels: interpolation of both
    const again = inverse(back).transform;
    assert.deepEqual(mapPoints(again, POINTS), mapPoints(forward, POINTS));
  });

  test('the Jacobian of an affine map is its determinant, and that of a field is 1 beyond its grid', () => {
    const wide: Grid = {shape: [3, 1, 1], affine: Affine.translation([-200, 0, 0])};
    assert.deepEqual([...jacobianOn(waves(), wide, engine)], [1, 1, 1]);
    const determinant = TURN.affine.determinant;
    const [only] = jacobianOn(TURN, {...FIELD_GRID, shape: [1, 1, 1]}, engine);
    assert.ok(Math.abs(only - determinant) < 1e-6);
  });

  test('a linear field has the determinant of its matrix everywhere, also at the faces and on a turned grid', () => {
    const linear = fieldOn(GRID, ([x, y, z]) => [
      0.1 * x + 0.2 * y,
      0.3 * y - 0.1 * z,
      0.05 * x - 0.2 * z,
    ]);
    // det [[1.1, 0.2, 0], [0, 1.3, -0.1], [0.05, 0, 0.8]]
    const expected = 1.1 * 1.3 * 0.8 - 0.2 * (0 * 0.8 + 0.1 * 0.05);
    for (const value of jacobianOn(linear, GRID, engine)) {
      assert.ok(Math.abs(value - expected) < 1e-4, `${value} should be ${expected}`);
    }
    const mirror = fieldOn(GRID, ([x]) => [-2 * x, 0, 0]);
    assert.ok(
      jacobianOn(mirror, GRID, engine).every((value) => value < 0),
      'a mirror folds',
    );
  });

  test('a field on one plane deforms within it', () => {
    const plane: Grid = {...GRID, shape: [7, 6, 1]};
    const determinants = jacobianOn(
      fieldOn(plane, () => [1, 1, 1]),
      plane,
      engine,
    );
    assert.ok(determinants.every((value) => Math.abs(value - 1) < 1e-5));
  });

  test('next to a voxel without a displacement there is no determinant', () => {
    const [i, j] = GRID.shape;
    const middle = GRID.affine.apply([3, 3, 2]);
    const field = fieldOn(GRID, (point) =>
      largestDistance([point], [middle]) < 1 ? [NaN, 0, 0] : [0, 0, 0],
    );
    const missing = [...jacobianOn(field, GRID, engine).entries()].filter(([, value]) =>
      Number.isNaN(value),
    );
    const at = (x: number, y: number, z: number) => x + i * (y + j * z);
    assert.deepEqual(
      missing.map(([n]) => n),
      [at(3, 3, 1), at(3, 2, 2), at(2, 3, 2), at(4, 3, 2), at(3, 4, 2), at(3, 3, 3)],
    );
  });
});

test('composition is associative, and its order is the one that is written', () => {
  const [a, b, c] = [TURN, waves(), SHEAR];
  const stepwise = mapPoints(a, mapPoints(b, mapPoints(c, POINTS)));
  for (const chain of [compose(a, b, c), compose(compose(a, b), c), compose(a, compose(b, c))]) {
    assert.ok(largestDistance(mapPoints(chain, POINTS), stepwise) < ROUNDING);
  }
  assert.ok(largestDistance(mapPoints(compose(c, b, a), POINTS), stepwise) > 1);
});

test('composing with the identity changes nothing, and affine maps next to each other are one', () => {
  const identity = affineTransform(Affine.identity);
  const field = waves();
  assert.equal(compose(identity, field, identity), field);
  assert.deepEqual(compose(), identity);
  assert.deepEqual(compose(identity, identity), identity);
  const joined = compose(TURN, SHEAR);
  assert.deepEqual(joined, affineTransform(Affine.compose(TURN.affine, SHEAR.affine)));
  assert.equal(compose(TURN, identity, SHEAR, field, TURN).kind, 'chain');
});
