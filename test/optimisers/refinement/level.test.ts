import assert from 'node:assert/strict';
import {test as anyTest} from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import {VOXEL_KERNELS} from '../../../src/engines/native/kernels/index.js';
import {
  fitOf,
  halfShape,
  lanesFor,
  type LevelProblem,
  type RefinementSimilarity,
} from '../../../src/optimisers/refinement/level.js';
import {LevelMemory} from '../../../src/optimisers/refinement/level-memory.js';
import {
  MAKE_LEVEL_MEMORY,
  OPEN_LEVEL,
  HALVE,
  SHARPEN,
  DOUBLE_FIELD,
  INTEGRATE_FIELD,
  SAMPLE_MEMBERSHIPS,
} from '../../../src/optimisers/refinement/operations.js';
import {
  PORTABLE as portable,
  runnerOn,
  type KernelRunner,
} from '../../../src/kernels/voxel-operation.js';
import {Affine} from '../../../src/geometry/affine.js';
import {countVoxels} from '../../../src/geometry/grid.js';
import type {Triple} from '../../../src/geometry/triple.js';
import {ISAS, backend} from '../../engines/native/kernel-cases.js';
import {test, testedAddon} from '../../support/native.js';
import {blobs, mapVoxels, randomVelocity} from '../../registration/refine/volumes.js';

const native = runnerOn(testedAddon(), VOXEL_KERNELS);

interface Variant {
  readonly shape: Triple;
  readonly similarity: RefinementSimilarity;
  readonly isHalf?: boolean;
  readonly hasMasks?: boolean;
  readonly radius?: number;
  readonly labels?: {
    readonly count: number;
    readonly isHalf?: boolean;
    readonly isSparse?: boolean;
  };
}

const VARIANTS: readonly Variant[] = [
  {shape: [9, 8, 11], similarity: 'lncc'},
  {shape: [9, 8, 11], similarity: 'lncc', isHalf: true, hasMasks: true, radius: 1},
  {shape: [8, 6, 7], similarity: 'lncc', radius: 4},
  {shape: [1, 9, 12], similarity: 'lncc', hasMasks: true, radius: 3},
  {shape: [9, 8, 11], similarity: 'mse', isHalf: true, hasMasks: true},
  {shape: [9, 8, 11], similarity: 'mi', hasMasks: true},
  {shape: [9, 8, 11], similarity: 'lncc', labels: {count: 2}},
  {shape: [9, 8, 11], similarity: 'lncc', isHalf: true, hasMasks: true, labels: {count: 9}},
  {shape: [9, 8, 11], similarity: 'lncc', hasMasks: true, labels: {count: 1, isHalf: true}},
  {shape: [1, 9, 12], similarity: 'mse', labels: {count: 3}},
  {shape: [1, 9, 12], similarity: 'mse', labels: {count: 2, isHalf: true}},
  {shape: [9, 8, 40], similarity: 'lncc', labels: {count: 16, isSparse: true}},
  {shape: [9, 8, 11], similarity: 'mse', hasMasks: true, labels: {count: 3, isSparse: true}},
];

const nameOf = ({shape, similarity, isHalf, hasMasks, labels}: Variant) =>
  `${similarity} ${shape.join('x')}${isHalf ? ', half' : ''}${hasMasks ? ', masks' : ''}${labels ? `, ${labels.count} labels${labels.isHalf ? ', half' : ''}${labels.isSparse ? ', sparse' : ''}` : ''}`;

function problemOf(
  {shape, similarity, isHalf, hasMasks, labels, radius = 2}: Variant,
  size = 0.9,
): LevelProblem {
  const velocityShape = isHalf ? halfShape(shape) : shape;
  const mask = (period: number, of = shape) =>
    Float32Array.from(mapVoxels(of, ([, j, k]) => ((j + k) % period === 0 ? 0 : 1)));
  const labelShape = labels?.isHalf ? halfShape(velocityShape) : velocityShape;
  return {
    fixed: blobs(shape, 1),
    moving: blobs(shape, 2),
    shape,
    fixedMask: hasMasks ? mask(5) : null,
    movingMask: hasMasks ? mask(7) : null,
    labels: labels
      ? {
          ...{shape: labelShape, count: labels.count},
          fixed: memberships(labelShape, labels, 4),
          moving: memberships(labelShape, labels, 24),
          fixedMask: hasMasks ? mask(5, labelShape) : null,
          movingMask: hasMasks ? mask(7, labelShape) : null,
          weight: 0.6,
        }
      : null,
    velocityShape,
    velocity: randomVelocity(velocityShape, 3, size),
    similarity,
    radius,
    bound: 1e-3,
    similarityWeight: 0.7,
    roughnessWeights: [1, 2, 3, 4, 5, 6, 7, 8, 9].map((weight) => weight * 1e-5),
  };
}

/** Of each label a map of its own, in its lane; where they are sparse there is none in most of the voxels. */
function memberships(
  shape: Triple,
  {count, isSparse = false}: NonNullable<Variant['labels']>,
  seed: number,
): Float32Array {
  const lanes = lanesFor(count);
  const maps = Array.from({length: count}, (_, label) => blobs(shape, seed + label));
  return Float32Array.from({length: lanes * maps[0].length}, (_, n) =>
    n % lanes < count && !(isSparse && Math.floor(n / lanes) % shape[2] < 0.7 * shape[2])
      ? maps[n % lanes][Math.floor(n / lanes)]
      : 0,
  );
}

function iterate(
  engine: KernelRunner,
  problem: LevelProblem,
  rates = [0.1],
  memory = new LevelMemory(),
) {
  const level = engine.run(OPEN_LEVEL, problem, memory);
  const figures = rates.map((rate) => level.iterate(rate));
  const result = {
    ...figures[0],
    gradient: Float32Array.from(level.gradient()),
    velocity: Float32Array.from(level.velocity()),
  };
  level.dispose();
  return result;
}

/** Largest difference, relative to the largest number. */
function deviation(actual: Float32Array, expected: Float32Array): number {
  assert.equal(actual.length, expected.length);
  const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return actual.reduce(
    (most, value, n) => Math.max(most, Math.abs(value - expected[n]) / largest),
    0,
  );
}

test('the native objective and its gradient are those of the public operations', () => {
  for (const variant of VARIANTS) {
    const problem = problemOf(variant);
    const expected = iterate(portable, problem);
    for (const isa of ISAS) {
      backend.addon.setIsa(isa);
      const what = `${nameOf(variant)}, ${isa}`;
      const actual = iterate(native, problem);
      assert.ok(Math.abs(actual.similarity - expected.similarity) < 2e-5, what);
      assert.equal(actual.overlap === null, variant.labels === undefined, what);
      assert.ok(Math.abs((actual.overlap ?? 0) - (expected.overlap ?? 0)) < 2e-5, what);
      assert.ok(Math.abs(actual.roughness / expected.roughness - 1) < 1e-5, what);
      const off = deviation(actual.gradient, expected.gradient);
      assert.ok(off < 1e-3, `${what}: gradient off by ${off}`);
      assert.ok(deviation(actual.velocity, expected.velocity) < 5e-2, `${what}: velocity`);
    }
    backend.addon.setIsa(ISAS[0]);
  }
});

test('one, two and three threads give the same bits', () => {
  for (const variant of VARIANTS) {
    const problem = problemOf({
      ...variant,
      shape: variant.shape[0] > 1 ? [19, 8, 11] : variant.shape,
    });
    backend.addon.setThreads(1);
    const expected = iterate(native, problem, [0.3, 0.3, 0.1]);
    for (const threads of [2, 3]) {
      backend.addon.setThreads(threads);
      assert.deepEqual(iterate(native, problem, [0.3, 0.3, 0.1]), expected, nameOf(variant));
    }
    backend.addon.setThreads(2);
  }
});

test('a level in memory that others have used computes the same bits', () => {
  const problems = VARIANTS.map((variant) => problemOf(variant));
  for (const engine of [native, portable]) {
    const memory = engine.run(MAKE_LEVEL_MEMORY, problems);
    memory.take(1000).fill(NaN);
    memory.clear();
    for (const [n, problem] of problems.entries()) {
      const expected = iterate(engine, problem, [0.3, 0.1]);
      const actual = iterate(engine, problem, [0.3, 0.1], memory);
      assert.deepEqual(actual, expected, nameOf(VARIANTS[n]));
    }
  }
});

test('what a level ended with is its own, whatever the next one does in its memory', () => {
  const problem = problemOf(VARIANTS[0]);
  const memory = native.run(MAKE_LEVEL_MEMORY, [problem]);
  const level = native.run(OPEN_LEVEL, problem, memory);
  level.iterate(0.3);
  const velocity = level.velocity();
  const copy = Float32Array.from(velocity);
  level.dispose();
  iterate(native, {...problem, velocity: problem.velocity.map((v) => -v)}, [0.5], memory);
  assert.deepEqual(velocity, copy);
});

test('measuring gives the terms of the next step, and changes nothing', () => {
  for (const engine of [native, portable]) {
    for (const variant of VARIANTS) {
      const level = engine.run(OPEN_LEVEL, problemOf(variant));
      level.iterate(0.3);
      const velocity = Float32Array.from(level.velocity());
      const measured = level.measure();
      assert.deepEqual(level.velocity(), velocity);
      assert.deepEqual(level.iterate(0.1), measured, nameOf(variant));
      level.dispose();
    }
  }
});

test('the gradient is the slope of the objective', () => {
  // Masks are piecewise constant, and a histogram of few voxels has corners.
  for (const variant of VARIANTS.filter(({hasMasks}) => !hasMasks)) {
    // Small enough that no voxel leaves the image, where its weight would jump.
    const problem = problemOf(variant, 0.2);
    const {gradient} = iterate(native, problem, [0]);
    const way = randomVelocity(problem.velocityShape, 9, 1);
    const step = 1e-3;
    const at = (sign: number) => {
      const velocity = problem.velocity.map((value, n) => value + sign * step * way[n]);
      const figures = iterate(native, {...problem, velocity}, [0]);
      return figures.roughness - problem.similarityWeight * fitOf(figures, problem.labels);
    };
    const slope = gradient.reduce((sum, value, n) => sum + value * way[n], 0);
    const difference = (at(1) - at(-1)) / (2 * step);
    assert.ok(Math.abs(slope - difference) < 0.03 * Math.abs(difference) + 1e-4, nameOf(variant));
  }
});

test('a velocity that alternates from voxel to voxel is smoothed by a step', () => {
  const shape: Triple = [8, 8, 8];
  const even = new Float32Array(shape[0] * shape[1] * shape[2]).fill(0.5);
  const velocity = Float32Array.from(
    mapVoxels(shape, ([i, j, k]) => ((i + j + k) % 2 === 0 ? 0.2 : -0.2)).flatMap((v) => [
      v,
      v,
      v,
      0,
    ]),
  );
  const problem = problemOf({shape, similarity: 'lncc'});
  for (const engine of [native, portable]) {
    const step = iterate(engine, {...problem, fixed: even, moving: even, velocity}, [0.05]);
    const left = step.velocity.filter((_, n) => n % 4 < 3).map(Math.abs);
    assert.ok(Math.max(...left) < 0.19, `left: ${Math.max(...left)} of 0.2`);
  }
});

test('halving, doubling and integrating are those of the portable kernels', () => {
  for (const shape of [
    [7, 6, 9],
    [1, 5, 8],
    [4, 9, 5],
  ] as const) {
    const image = blobs(shape, 4);
    assert.ok(deviation(native.run(HALVE, image, shape), portable.run(HALVE, image, shape)) < 1e-6);
    const vectors = randomVelocity(shape, 6, 1);
    const halved = native.run(HALVE, vectors, shape, 4);
    assert.ok(deviation(halved, portable.run(HALVE, vectors, shape, 4)) < 1e-6);
    const coarse = randomVelocity(halfShape(shape), 5, 1);
    if (halfShape(shape)[1] < 2 || halfShape(shape)[2] < 2) continue;
    const doubled = native.run(DOUBLE_FIELD, coarse, shape);
    assert.ok(deviation(doubled, portable.run(DOUBLE_FIELD, coarse, shape)) < 1e-6);
    const integrated = native.run(INTEGRATE_FIELD, doubled, shape, 3);
    assert.ok(deviation(integrated, portable.run(INTEGRATE_FIELD, doubled, shape, 3)) < 1e-5);
  }
});

test('an image sharpened by every instruction set is that of the portable kernel, and keeps its sum', () => {
  const shares: Triple = [1 / 8, 0.05, 0.2];
  for (const shape of [
    [6, 7, 9],
    [1, 8, 33],
    [5, 1, 2],
    [3, 2, 1],
  ] as const) {
    const image = blobs(shape, 4);
    const expected = portable.run(SHARPEN, image, shape, shares);
    const sumOf = (values: Float32Array) => values.reduce((sum, value) => sum + value, 0);
    assert.ok(Math.abs(sumOf(expected) - sumOf(image)) < 1e-4 * sumOf(image));
    for (const isa of ISAS) {
      backend.addon.setIsa(isa);
      assert.ok(deviation(native.run(SHARPEN, image, shape, shares), expected) < 1e-6, isa);
    }
  }
});

test('sharpening raises what differs from voxel to voxel, along an axis by 1 + 4 shares, and nothing that is even', () => {
  const shape: Triple = [4, 1, 8];
  const shares: Triple = [0.1, 0.1, 0.25];
  const even = new Float32Array(32).fill(0.7);
  const striped = mapVoxels(shape, (_, n) => (n % 2 === 0 ? 1 : -1));
  assert.ok(deviation(portable.run(SHARPEN, even, shape, shares), even) < 1e-6);
  const inner = portable.run(SHARPEN, Float32Array.from(striped), shape, shares).slice(1, 7);
  inner.forEach((value, n) => assert.equal(value, n % 2 === 0 ? -2 : 2));
});

/** Log-odds that differ from label to label and voxel to voxel; some voxels are nothing but background, one label, or hardly anything. */
function logOddsOf(labels: number, shape: Triple) {
  const length = labels * countVoxels(shape);
  const logOdds = Float32Array.from({length}, (_, n) => {
    const [voxel, label] = [Math.floor(n / labels), n % labels];
    if (voxel % 7 === 0) return -30;
    if (voxel % 7 === 1) return label === 0 ? 200 : -200;
    const varied = ((n * 37) % 101) / 101;
    return voxel % 7 === 2 ? -20.1 + 0.2 * varied : 25 * varied - 16;
  });
  return {logOdds, labels, shape};
}

test('memberships on another grid are those of the portable kernel, 0 outside and beyond the labels', () => {
  const turned = Affine.compose(Affine.rotation(2, 0.3), Affine.scaling([0.6, 0.7, 0.8]));
  const onto: Triple = [9, 11, 8];
  const toVoxel = turned.withOffset([1.2, -1.3, 0.4]);
  for (const count of [1, 3, 8, 16, 19]) {
    const maps = logOddsOf(count, [7, 6, 9]);
    const expected = portable.run(SAMPLE_MEMBERSHIPS, maps, toVoxel, onto);
    for (const isa of ISAS) {
      backend.addon.setIsa(isa);
      const found = native.run(SAMPLE_MEMBERSHIPS, maps, toVoxel, onto);
      assert.ok(deviation(found, expected) < 1e-6, `${isa}, ${count} labels`);
    }
    backend.addon.setIsa(ISAS[0]);
    const lanes = lanesFor(count);
    assert.ok(expected.every((value, n) => n % lanes < count || value === 0));
    const isOutside = (n: number) =>
      expected.slice(lanes * n, lanes * n + count).every((v) => v === 0);
    assert.ok(isOutside(0) && !isOutside(countVoxels(onto) / 2));
  }
});

test('memberships are the same for every number of threads, and where a grid differs by less than is worth a look', () => {
  for (const shape of [
    [5, 6, 7],
    [5, 6, 1],
  ] as Triple[]) {
    const maps = logOddsOf(16, shape);
    const expected = native.run(SAMPLE_MEMBERSHIPS, maps, Affine.identity, shape);
    const threads = backend.addon.threads();
    for (const count of [1, 2, 3]) {
      backend.addon.setThreads(count);
      assert.deepEqual(native.run(SAMPLE_MEMBERSHIPS, maps, Affine.identity, shape), expected);
    }
    backend.addon.setThreads(threads);
    for (const offset of [1e-9, -1e-9, 1e-7, -1e-7]) {
      const nearly = Affine.translation([offset, offset, offset]);
      assert.deepEqual(native.run(SAMPLE_MEMBERSHIPS, maps, nearly, shape), expected);
    }
  }
});

anyTest(
  'on their own grid memberships are the softmax of the log-odds and a 0 for the background',
  () => {
    const shape: Triple = [3, 4, 2];
    const count = 3;
    const maps = logOddsOf(count, shape);
    for (const runner of [portable, native]) {
      const shares = runner.run(SAMPLE_MEMBERSHIPS, maps, Affine.identity, shape);
      for (let n = 0; n < countVoxels(shape); n++) {
        const odds = [...maps.logOdds.slice(count * n, count * (n + 1))].map(Math.exp);
        const sum = odds.reduce((total, value) => total + value, 1);
        odds.forEach((value, l) => {
          const share = value / sum < 0.01 ? 0 : value / sum;
          assert.ok(Math.abs(shares[lanesFor(count) * n + l] - share) < 1e-6);
        });
      }
    }
  },
);

anyTest('a share of a label below a hundredth is none', () => {
  const maps = {
    logOdds: Float32Array.of(0.006 / 0.985, 0.009 / 0.985, 0.0101 / 0.5, 0.4899 / 0.5).map(
      Math.log,
    ),
    ...{labels: 2, shape: [1, 1, 2] as Triple},
  };
  for (const runner of [portable, native]) {
    const shares = runner.run(SAMPLE_MEMBERSHIPS, maps, Affine.identity, [1, 1, 2]);
    const lanes = lanesFor(2);
    assert.deepEqual([...shares.slice(0, 2)], [0, 0]);
    assert.ok(deviation(shares.slice(lanes, lanes + 2), Float32Array.of(0.0101, 0.4899)) < 1e-6);
  }
});

test('native arrays that do not fit are refused', () => {
  const problem = problemOf(VARIANTS[0]);
  assert.throws(() => native.run(OPEN_LEVEL, {...problem, fixed: new Float32Array(3)}), /fixed/);
  assert.throws(
    () => iterate(native, {...problem, velocityShape: [3, 3, 3], velocity: new Float32Array(108)}),
    /grid must be the image's or half of it/,
  );
});

anyTest('a portable level leaves no tensor behind', () => {
  const before = tf.memory().numTensors;
  iterate(portable, problemOf(VARIANTS[1]), [0.1, 0.1]);
  assert.equal(tf.memory().numTensors, before);
});
