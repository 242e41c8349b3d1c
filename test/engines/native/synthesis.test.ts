import assert from 'node:assert/strict';
import {TRANSFORM_IMAGE} from '../../../src/kernels/transform-image.js';
import {RENDER_LABELS, BLUR, ADJUST} from '../../../src/kernels/synthesis.js';
import {PORTABLE, runnerOn, type KernelRunner} from '../../../src/kernels/voxel-operation.js';
import {VOXEL_KERNELS} from '../../../src/engines/native/kernels/index.js';
import type {GridContext} from '../../../src/training/smooth-noise.js';
import {Affine} from '../../../src/geometry/affine.js';
import {Random} from '../../../src/random.js';
import {drawTransform, mirrored} from '../../../src/training/random-transform.js';
import {drawShapes} from '../../../src/training/shapes.js';
import {gaussianWeights, smoothNoise} from '../../../src/training/smooth-noise.js';
import type {Triple} from '../../../src/geometry/triple.js';
import {test, testedAddon} from '../../support/native.js';
import {ISAS, assertNear, backend, draw} from './kernel-cases.js';

const native = runnerOn(testedAddon(), VOXEL_KERNELS);

// Odd, around the widths of vectors, planes, single voxels, and more lines than are blurred side by side (32).
const SIZES: readonly Triple[] = [
  [7, 5, 9],
  [5, 8, 33],
  [12, 9, 1],
  [1, 1, 17],
  [6, 1, 4],
  [2, 40, 3],
  [1, 1, 1],
];

/** Both implementations, the native one for every instruction set and for one to three threads. */
function compare(
  what: string,
  run: (engine: KernelRunner) => Float32Array | Uint16Array,
  tolerance = 1e-6,
): void {
  const expected = run(PORTABLE);
  for (const isa of ISAS) {
    backend.addon.setIsa(isa);
    backend.addon.setThreads(1);
    const actual = run(native);
    assert.equal(actual.constructor, expected.constructor, what);
    assertNear(
      Float32Array.from(actual),
      Float32Array.from(expected),
      tolerance,
      `${what}, ${isa}`,
    );
    for (const threads of [2, 3]) {
      backend.addon.setThreads(threads);
      assert.deepEqual(run(native), actual, `${what}, ${isa}, ${threads} threads`);
    }
  }
  backend.addon.setIsa(ISAS[0]);
  backend.addon.setThreads(2);
}

function compareOnAll(
  what: string,
  run: (context: GridContext) => Float32Array | Uint16Array,
  tolerance?: number,
): void {
  for (const shape of SIZES)
    compare(`${what}, ${shape.join('x')}`, (engine) => run({shape, engine}), tolerance);
}

/** An image in [low, high) on a grid. */
function image(shape: Triple, low = 0, high = 1): Float32Array {
  return draw(shape, 5, low, high).values;
}

function labels(shape: Triple, codes: number): Uint16Array {
  return Uint16Array.from(image(shape, 0, codes));
}

test('smooth noise is the same spline', () => {
  for (const scaleVox of [1, 2.5, 4, 30]) {
    compareOnAll(`noise of scale ${scaleVox}`, (context) =>
      smoothNoise(context, scaleVox, new Random(3)),
    );
  }
});

test('random shapes are the same voxel by voxel', () => {
  compareOnAll(
    'shapes',
    (context) => drawShapes(context, {labels: 5, scaleVox: 3}, new Random(4)),
    0,
  );
});

const AMOUNTS = {
  rotationDegrees: 20,
  translationVox: 2,
  scale: 0.2,
  deformationVox: 3,
  deformationScaleVox: 8,
};

test('a random deformation is the same field', () => {
  compareOnAll(
    'field',
    (context) => drawTransform(context, AMOUNTS, new Random(6)).field!,
    // Each of the five compositions reads the rounded field of the one before.
    1e-5,
  );
});

test('images are looked up at the same places, within the field and without one', () => {
  for (const deformationVox of [0, 3]) {
    for (const outside of ['edge', 0.5] as const) {
      compareOnAll(
        `deformation ${deformationVox}, outside ${outside}`,
        ({shape, engine}) => {
          // One field for both, so that only the looking up differs.
          const context = {shape, engine: PORTABLE};
          const drawn = drawTransform(context, {...AMOUNTS, deformationVox}, new Random(7));
          const transform = mirrored(drawn, shape[0]);
          return engine.run(TRANSFORM_IMAGE, image(shape), shape, transform, {
            interpolation: 'linear',
            outside,
          });
        },
        // Shares of neighbours are float32.
        3e-6,
      );
    }
  }
});

test('labels are looked up at the same places', () => {
  for (const outside of ['edge', 3] as const) {
    compareOnAll(
      `labels, outside ${outside}`,
      ({shape, engine}) => {
        const context = {shape, engine: PORTABLE};
        const transform = drawTransform(context, AMOUNTS, new Random(8));
        return engine.run(TRANSFORM_IMAGE, labels(shape, 9), shape, transform, {
          interpolation: 'nearest',
          outside,
        });
      },
      0,
    );
  }
});

test('a position that is no number reads a voxel of the image', () => {
  const shape: Triple = [3, 4, 5];
  const transform = {affine: Affine.scaling([NaN, NaN, NaN]), field: null, fieldShape: [1, 1, 1]};
  const constant = new Float32Array(60).fill(2);
  const looked = native.run(TRANSFORM_IMAGE, constant, shape, transform as never, {
    interpolation: 'linear',
    outside: 'edge',
  });
  assert.ok(looked.every((value) => value === 2 || Number.isNaN(value)));
});

test('labels are painted in the same contrast, with another map where they are 0', () => {
  const contrast = draw([9], 1, 0, 1).values;
  const around = draw([4], 2, 0, 1).values;
  compareOnAll(
    'painted',
    ({shape, engine}) => engine.run(RENDER_LABELS, labels(shape, 9), contrast, null),
    0,
  );
  compareOnAll(
    'with scenery',
    ({shape, engine}) =>
      engine.run(RENDER_LABELS, labels(shape, 2), contrast, {
        labels: labels(shape, 4),
        contrast: around,
      }),
    0,
  );
});

test('a label without contrast gives no number, not what lies behind the table', () => {
  const painted = native.run(
    RENDER_LABELS,
    Uint16Array.of(0, 1, 2, 65535),
    Float32Array.of(0.5, 0.25),
    null,
  );
  assert.deepEqual([...painted], [0.5, 0.25, NaN, NaN]);
});

test('a blur is the same along every axis, also where it is wider than the image', () => {
  for (const sigmaVox of [0.3, 1.2, 6]) {
    compareOnAll(`blur of ${sigmaVox}`, ({shape, engine}) => {
      const blurred = image(shape, -100, 500);
      engine.run(BLUR, blurred, shape, gaussianWeights(sigmaVox));
      return blurred;
    });
  }
});

test('bias, power and noise change intensities in the same way, each alone and together', () => {
  const noise = {
    table: draw([16], 3).values,
    deviation: 0.2,
    position: 13,
    stride: 7,
  };
  for (const power of [1, 0.7, 1.8]) {
    for (const isBiased of [false, true]) {
      for (const isNoisy of [false, true]) {
        compareOnAll(
          `power ${power}, ${isBiased ? 'biased' : 'plain'}, ${isNoisy ? 'noisy' : 'clean'}`,
          ({shape, engine}) => {
            const coarse = shape.map((length) => Math.ceil(length / 4)) as unknown as Triple;
            const changed = image(shape, -0.2, 1.2);
            const bias = {data: image(coarse, -1, 1), shape: coarse, deviation: 0.3};
            engine.run(ADJUST, changed, shape, {
              bias: isBiased ? bias : null,
              power,
              noise: isNoisy ? noise : null,
            });
            return changed;
          },
        );
      }
    }
  }
});

test('arrays that do not fit are refused', () => {
  const {addon} = backend;
  assert.throws(
    () =>
      addon.splineNoise(
        Int32Array.of(3, 4, 4, 8, 8, 8),
        8,
        new Float32Array(48),
        new Float32Array(512),
      ),
    {
      code: 'E_SHAPE',
      message: 'native: a lattice must have one point before its voxels and three beyond them.',
    },
  );
  const walk = Int32Array.of(0, 1);
  assert.throws(
    () =>
      addon.adjust(
        Int32Array.of(2, 2, 2, 4),
        new Float32Array(3),
        null,
        new Float32Array(3),
        walk,
        new Float32Array(8),
      ),
    {
      code: 'E_SHAPE',
      message: 'native: the length of the noise must be a power of two.',
    },
  );
  assert.throws(
    () =>
      addon.renderLabels(
        new Uint8Array(4) as never,
        new Float32Array(4),
        null,
        null,
        new Float32Array(4),
      ),
    {
      code: 'E_SHAPE',
      message: 'native: labels must be a Uint16Array.',
    },
  );
});
