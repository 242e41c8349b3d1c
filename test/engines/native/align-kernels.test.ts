import assert from 'node:assert/strict';
import {VOXEL_KERNELS} from '../../../src/engines/native/kernels/index.js';
import {Affine} from '../../../src/geometry/affine.js';
import {mapTriple, type Triple} from '../../../src/geometry/triple.js';
import type {BlockImage, BlockMap} from '../../../src/kernels/block-correlation.js';
import {AVERAGE_BOXES} from '../../../src/kernels/average-boxes.js';
import {BLOCK_VARIANCES} from '../../../src/kernels/block-variances.js';
import {CORRELATE_BLOCKS} from '../../../src/kernels/block-correlation.js';
import {PORTABLE, runnerOn} from '../../../src/kernels/voxel-operation.js';
import {test, testedAddon} from '../../support/native.js';
import {ISAS, backend, draw} from './kernel-cases.js';

const native = runnerOn(testedAddon(), VOXEL_KERNELS);

/** Random voxels, one in 50 of which does not count, with every block of that shape. */
function blockImage(shape: Triple, blockShape: Triple, seed: number): BlockImage {
  const data = draw([shape[0] * shape[1] * shape[2]], seed, 0, 300).values;
  for (let n = 3; n < data.length; n += 50) data[n] = NaN;
  const blocks: number[] = [];
  for (let k = 0; k < shape[2]; k += blockShape[2]) {
    for (let j = 0; j < shape[1]; j += blockShape[1]) {
      for (let i = 0; i < shape[0]; i += blockShape[0])
        blocks.push(i + shape[0] * (j + shape[1] * k));
    }
  }
  return {data, shape, blockShape, blocks: Int32Array.from(blocks), noise: 50};
}

const MAP: BlockMap = {
  toVoxel: Affine.fromParameters({translation: [0.4, -0.3, 0.2], rotationDegrees: [3, 5, -4]}),
  toMotion: Affine.fromParameters({translation: [-0.5, 0.2, 0.1], scale: [0.1, 0.1, 0.1]}),
  gradientToMotion: [9, 1, 0, -1, 10, 2, 0.5, 0, 11],
};

const CASES: readonly [points: Triple, block: Triple, sampled: Triple][] = [
  [
    [17, 13, 9],
    [4, 4, 4],
    [16, 14, 11],
  ],
  [
    [31, 29, 1],
    [8, 8, 1],
    [30, 33, 1],
  ],
  [
    [48, 40, 36],
    [4, 4, 4],
    [47, 42, 33],
  ],
  [
    [9, 5, 3],
    [3, 3, 2],
    [9, 6, 4],
  ],
];

/** Sums of products of float32 numbers, of which a large part cancels. */
const TOLERANCE = 2e-4;

test('blocks are compared as the portable twin does, with the same bits for any number of threads', () => {
  for (const [shape, blockShape, size] of CASES) {
    const points = blockImage(shape, blockShape, 1);
    const sampled = blockImage(size, blockShape, 2);
    const expected = PORTABLE.run(CORRELATE_BLOCKS, points, sampled, MAP);
    assert.ok(expected.points > 50);
    for (const isa of ISAS) {
      backend.addon.setIsa(isa);
      backend.addon.setThreads(1);
      const actual = native.run(CORRELATE_BLOCKS, points, sampled, MAP);
      assert.equal(actual.points, expected.points);
      assert.ok(Math.abs(actual.misfit - expected.misfit) <= TOLERANCE * expected.points);
      assertNear(actual.gradient, expected.gradient, `${isa}, gradient`);
      assertNear(actual.hessian, expected.hessian, `${isa}, Hessian`);
      for (const threads of [2, 3]) {
        backend.addon.setThreads(threads);
        assert.deepEqual(
          native.run(CORRELATE_BLOCKS, points, sampled, MAP),
          actual,
          `${threads} threads`,
        );
      }
    }
    backend.addon.setIsa(ISAS[0]);
  }
});

function assertNear(actual: Float64Array, expected: Float64Array, what: string): void {
  const scale = Math.max(...expected.map((value) => Math.abs(value)));
  expected.forEach((value, n) => {
    const isNear = Math.abs(actual[n] - value) <= TOLERANCE * scale;
    assert.ok(isNear, `${what}: number ${n} must be ${value}, got ${actual[n]}`);
  });
}

test('the derivatives are those of the misfit', () => {
  const correlateBlocks = CORRELATE_BLOCKS.portable;
  const smooth = (shape: Triple, phase: number): BlockImage => {
    const image = blockImage(shape, [4, 4, 4], 1);
    image.data.forEach((_, n) => {
      const [i, j] = [n % shape[0], Math.floor(n / shape[0]) % shape[1]];
      const k = Math.floor(n / (shape[0] * shape[1]));
      image.data[n] = 100 + 40 * Math.sin(0.3 * i + phase) * Math.cos(0.2 * j) + 3 * k * k + j * k;
    });
    return image;
  };
  // All points stay inside: none comes or goes with a step.
  const points = smooth([12, 12, 12], 0);
  const sampled = smooth([24, 24, 24], 0.4);
  const toVoxel = (entries: readonly number[]) =>
    Affine.compose(
      Affine.fromMatrix([1, 0, 0, 6.1, 0, 1, 0, 5.7, 0, 0, 1, 6.3]),
      Affine.fromMatrix([1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0].map((x, n) => x + entries[n])),
    );
  const map = (entries: readonly number[]): BlockMap => ({
    toVoxel: toVoxel(entries),
    toMotion: Affine.identity,
    gradientToMotion: [1, 0, 0, 0, 1, 0, 0, 0, 1],
  });
  const {gradient} = correlateBlocks(points, sampled, map(new Array<number>(12).fill(0)));
  const STEP = 1e-5;
  gradient.forEach((slope, n) => {
    const [up, down] = [STEP, -STEP].map((step) => {
      const entries = Array.from({length: 12}, (_, m) => (m === n ? step : 0));
      return correlateBlocks(points, sampled, map(entries)).misfit;
    });
    const measured = (up - down) / (2 * STEP);
    assert.ok(
      Math.abs(measured - slope) <= 2e-3 * Math.max(...gradient.map(Math.abs)),
      `parameter ${n}: ${slope} must be ${measured}`,
    );
  });
});

test("blocks' variances are those of the portable twin", () => {
  for (const [shape, blockShape] of CASES) {
    const image = blockImage(shape, blockShape, 1);
    const [found, expected] = [native, PORTABLE].map((engine) =>
      engine.run(BLOCK_VARIANCES, image, blockShape, 8),
    );
    assert.equal(found.length, expected.length);
    assertNear(found, expected, `${shape.join('x')} in blocks of ${blockShape.join('x')}`);
  }
});

test('boxes are averaged over the voxels that count, exactly as the portable twin does', () => {
  const size: Triple = [23, 17, 12];
  const data = draw([23 * 17 * 12], 5, -20, 300).values;
  for (let n = 1; n < data.length; n += 3) data[n] = n % 2 === 0 ? NaN : Infinity;
  const factors: Triple[] = [
    [1, 1, 1],
    [2, 2, 2],
    [3, 1, 4],
  ];
  for (const factor of factors) {
    const shape = mapTriple(size, (length, axis) => Math.floor(length / factor[axis]));
    const first = mapTriple(size, (length, n) => Math.floor((length - shape[n] * factor[n]) / 2));
    const boxes = {first, factor, shape};
    const expected = PORTABLE.run(AVERAGE_BOXES, {data, shape: size}, boxes);
    for (const isa of ISAS) {
      backend.addon.setIsa(isa);
      assert.deepEqual(native.run(AVERAGE_BOXES, {data, shape: size}, boxes), expected, isa);
    }
    backend.addon.setIsa(ISAS[0]);
  }
});

test('blocks that begin outside, and boxes that end there, are refused', () => {
  const points = {...blockImage([8, 8, 8], [4, 4, 4], 1), blocks: Int32Array.of(512)};
  assert.throws(() => native.run(CORRELATE_BLOCKS, points, points, MAP), {
    code: 'E_SHAPE',
    message: 'native: blocks must begin inside the image.',
  });
  const boxes = {first: [1, 0, 0], factor: [2, 2, 2], shape: [4, 4, 4]} as const;
  assert.throws(() => native.run(AVERAGE_BOXES, {data: points.data, shape: [8, 8, 8]}, boxes), {
    code: 'E_SHAPE',
    message: 'native: boxes must lie inside the image.',
  });
});
