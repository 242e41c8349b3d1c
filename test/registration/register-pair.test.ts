import assert from 'node:assert/strict';
import {describe, test} from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import {HypermorphError} from '../../src/errors.js';
import {warpTensor} from '../../src/ops/warp.js';
import type {VelocityNetwork} from '../../src/registration/network-fields.js';
import {
  registerPair,
  type NamedVolume,
  type RegisterPairOptions,
} from '../../src/registration/register-pair.js';
import {applyToPoint, invert, linearPart, applyToDirection} from '../../src/volume/affine.js';
import {networkGridFor, type NetworkGridSpec} from '../../src/volume/conform.js';
import type {Grid, Triple, Volume} from '../../src/volume/volume.js';
import {portableVoxelKernels} from '../../src/volume/voxel-kernels.js';
import {fakeNetwork} from '../support/fake-network.js';
import {
  allOrientations,
  blobs,
  centredAffine,
  imageOf,
  largestDifference,
  obliqueAffine,
  reoriented,
} from '../support/volumes.js';

const LIA_3MM: NetworkGridSpec = {orientation: 'LIA', spacing: [3, 3, 3], multiple: [4, 4, 4]};
const OWN_AXES: NetworkGridSpec = {orientation: null, spacing: null, multiple: [4, 4, 4]};

/** Oblique, anisotropic, odd sizes; about 50 mm. */
const FIXED_SHAPE: Triple = [19, 25, 13];
const FIXED: Grid = {
  shape: FIXED_SHAPE,
  affine: centredAffine(obliqueAffine([12, -9, 17], [2.5, 2, 4]), FIXED_SHAPE, [0, 0, 0]),
};
/** Left-handed, other angles and spacing, larger: covers the fixed image and 20 mm more. */
const MOVING_SHAPE: Triple = [51, 35, 45];
const MOVING: Grid = {
  shape: MOVING_SHAPE,
  affine: centredAffine(obliqueAffine([-20, 8, 5], [-2, 3, 2.2]), MOVING_SHAPE, [2, -1, 1]),
};

const named = (volume: Volume, name: string): NamedVolume => ({
  ...volume,
  name,
  orientationKnown: true,
});
/** An image whose intensity is linear in world space: sampled trilinearly it is exact everywhere inside. */
const tilt = ([x, y, z]: Triple) => 100 + 2 * x - 3 * y + 0.5 * z;

function register(
  network: VelocityNetwork,
  overrides: Partial<Omit<RegisterPairOptions, 'model'>> & {grid?: NetworkGridSpec} = {},
) {
  const {grid = LIA_3MM, ...rest} = overrides;
  return registerPair({
    fixed: named(imageOf(FIXED, blobs), 'fixed.nii'),
    moving: named(imageOf(MOVING, tilt), 'moving.nii'),
    model: {network, grid, normalisation: {kind: 'minmax'}},
    engine: {voxelKernels: portableVoxelKernels},
    hyperparameters: [],
    ...rest,
  });
}

/** Every order of the axes, with different flips; all 48 are compared in the tests of what the network sees. */
const someOrientations = allOrientations().filter((_, n) => n % 7 === 1 || n === 40);

/** Relative to intensities of about 300 in float32. */
const EXACT = 1e-3;

describe('registerPair', () => {
  test('without a displacement the moved image is the moving one, placed by the headers', async () => {
    const {moved, summary} = await register(fakeNetwork(() => [0, 0, 0]));
    assert.ok(largestDifference(moved, imageOf(FIXED, tilt).data) < EXACT);
    assert.equal(summary.displacement.maximumMm, 0);
    assert.deepEqual(summary.similarity.before, summary.similarity.after);
    assert.match(summary.warnings.join('\n'), /nothing moved: the largest displacement is 0.0 mm/);
  });

  test('one network voxel along its first axis is one spacing along that axis of the world', async () => {
    const {moved, summary} = await register(fakeNetwork(() => [1, 0, 0]));
    // The first axis of LIA runs to the left: 3 mm towards -x.
    const expected = imageOf(FIXED, ([x, y, z]) => tilt([x - 3, y, z])).data;
    assert.ok(largestDifference(moved, expected) < EXACT);
    assert.ok(Math.abs(summary.displacement.meanMm - 3) < 1e-4);
  });

  test('alignment and displacement compose in the order moving(A(p + d(p)))', async () => {
    // d depends on p, so that A(p + d(p)) and A(p) + d(A(p)) differ by several millimetres.
    const network = fakeNetwork(([i, j, k]) => [0.2 * (k - 9), 0.1 * (i - 9), -0.15 * (j - 9)]);
    const {moved, summary} = await register(network, {align: 'fov'});
    const grid = networkGridFor(FIXED, LIA_3MM);
    const toNetwork = invert(grid.affine);
    const expected = imageOf(FIXED, (p) => {
      const [i, j, k] = applyToPoint(toNetwork, p);
      const u: Triple = [0.2 * (k - 9), 0.1 * (i - 9), -0.15 * (j - 9)];
      const d = applyToDirection(linearPart(grid.affine), u);
      return tilt([p[0] + d[0] + 2, p[1] + d[1] - 1, p[2] + d[2] + 1]);
    }).data;
    assert.ok(largestDifference(moved, expected) < EXACT);
    summary.alignmentMm.forEach((mm, axis) => assert.ok(Math.abs(mm - [2, -1, 1][axis]) < 1e-9));
  });

  test('a velocity at half resolution counts half-resolution voxels', async () => {
    const {moved} = await register(fakeNetwork(() => [0, 0.5, 0], {resolution: 2, steps: 5}));
    // The second axis of LIA runs down: half of a 6 mm voxel.
    const expected = imageOf(FIXED, ([x, y, z]) => tilt([x, y, z - 3])).data;
    assert.ok(largestDifference(moved, expected) < EXACT);
  });

  test('eight of the 48 ways to store the moving image give one moved image', async () => {
    const moving = imageOf(MOVING, blobs);
    const network = fakeNetwork(([i, j, k]) => [0.1 * j - 1, 0.05 * k, 0.2 * i - 2]);
    const {moved} = await register(network, {moving: named(moving, 'm')});
    for (const {order, flips} of someOrientations) {
      const stored = named(reoriented(moving, order, flips), 'm');
      const result = await register(network, {moving: stored});
      assert.ok(largestDifference(result.moved, moved) < EXACT);
    }
  });

  test('eight of the 48 ways to store the fixed image give one moved image, each on its own grid', async () => {
    const fixed = imageOf(FIXED, blobs);
    const network = fakeNetwork(([i, j, k]) => [0.1 * j - 1, 0.05 * k, 0.2 * i - 2]);
    const {moved} = await register(network);
    for (const {order, flips} of someOrientations) {
      const stored = named(reoriented(fixed, order, flips), 'f');
      const result = await register(network, {fixed: stored});
      const expected = reoriented({...FIXED, data: moved}, order, flips).data;
      assert.ok(largestDifference(result.moved, expected) < EXACT);
    }
  });

  test('an image padded by the user and one padded here give the same moved voxels', async () => {
    const shape: Triple = [15, 14, 13];
    const affine = obliqueAffine([3, 4, 5], [2, 2, 3]);
    const padded: Grid = {shape: [16, 16, 16], affine: centredAffine(affine, shape, [0, 0, 0])};
    const inside: Grid = {
      shape,
      affine: obliqueAffine([3, 4, 5], [2, 2, 3], applyToPoint(padded.affine, [0, 1, 1])),
    };
    const network = fakeNetwork(([i, j, k]) => [Math.sin(i / 3), Math.cos(j / 4), 0.1 * k - 1]);
    const run = (grid: Grid) =>
      register(network, {fixed: named(imageOf(grid, blobs), 'f'), grid: OWN_AXES});
    const [whole, part] = [await run(padded), await run(inside)];
    const cut = new Float32Array(15 * 14 * 13);
    for (let k = 0, n = 0; k < 13; k++) {
      for (let j = 0; j < 14; j++) {
        for (let i = 0; i < 15; i++, n++) cut[n] = whole.moved[i + 16 * (j + 1 + 16 * (k + 1))];
      }
    }
    assert.ok(largestDifference(part.moved, cut) < EXACT);
  });

  test('on one grid the moved image is the one the network itself would make', async () => {
    const grid: Grid = {shape: [8, 12, 4], affine: obliqueAffine([10, 20, 30], [2, 1, 3])};
    const moving = imageOf(grid, blobs);
    const velocity = ([i, j, k]: Triple) => [3 - i, Math.sin(j), 2 * k - 3]; // leaves the image at every face
    const network = fakeNetwork(velocity);
    const {moved} = await register(network, {
      fixed: named(imageOf(grid, tilt), 'f'),
      moving: named(moving, 'm'),
      grid: OWN_AXES,
    });
    const expected = tf.tidy(() => {
      const image = tf.transpose(tf.tensor(moving.data, [4, 12, 8]), [2, 1, 0]); // [I, J, K]
      const zeros = tf.zeros([1, 8, 12, 4, 1]);
      const displacement = network.predictVelocity({moving: zeros, fixed: zeros});
      const warped = warpTensor(tf.reshape(image, [1, 8, 12, 4, 1]), displacement, {});
      return tf.transpose(tf.reshape(warped, [8, 12, 4]), [2, 1, 0]).dataSync(); // disk order
    });
    assert.ok(largestDifference(moved, expected) < 1e-4);
  });

  test('the network sees both images on its grid, normalised, and the hyperparameters', async () => {
    const network = fakeNetwork(() => [1, 1, 1]);
    await register(network, {
      hyperparameters: [0.3, 2],
      moving: named(imageOf(MOVING, blobs), 'm'),
    });
    const [{moving, fixed, shape, hyperparameters}] = network.asked;
    const grid = networkGridFor(FIXED, LIA_3MM);
    assert.deepEqual(shape, [1, ...grid.shape, 1]);
    assert.deepEqual(hyperparameters, [Math.fround(0.3), 2]);
    for (const seen of [moving, fixed]) {
      assert.ok(Math.min(...seen) >= 0 && Math.max(...seen) <= 1 && Math.max(...seen) > 0.7);
    }
  });

  test('labels keep their type and their own grid', async () => {
    const shape: Triple = [61, 61, 61];
    const grid = {
      shape,
      affine: centredAffine(obliqueAffine([0, 0, 0], [2, 2, 2]), shape, [0, 0, 0]),
    };
    const drawn = imageOf(grid, ([x]) => (x < -3 ? 7 : 300)).data;
    const label = {...named({...grid, data: Int16Array.from(drawn)}, 'l')};
    const {labels} = await register(
      fakeNetwork(() => [1, 0, 0]),
      {labels: [label]},
    );
    assert.ok(labels[0] instanceof Int16Array);
    const expected = imageOf(FIXED, ([x]) => (x - 3 < -3 ? 7 : 300)).data;
    let wrong = 0;
    for (let n = 0; n < expected.length; n++) if (expected[n] !== labels[0][n]) wrong++;
    // Half a label voxel (1 mm) around the border, in an image 50 mm wide.
    assert.ok(wrong / expected.length < 0.02, `${wrong} of ${expected.length} labels differ`);
  });

  test('the Jacobian of a stretch is its volume change, and 1 beyond the network grid', async () => {
    const grid = {...LIA_3MM, maximumShape: [12, 12, 12] as Triple};
    const stretch = fakeNetwork(([i, j, k]) => [0.1 * (i - 5.5), 0.1 * (j - 5.5), 0.1 * (k - 5.5)]);
    const {jacobian, summary} = await register(stretch, {outputs: {jacobian: true}, grid});
    const centre = 9 + 19 * (12 + 25 * 6);
    assert.ok(Math.abs(jacobian![centre] - 1.1 ** 3) < 1e-4);
    const BEYOND = 12 * 3 * 0.87; // mm from the centre to the farthest corner of the grid, with a margin
    const corner = applyToPoint(FIXED.affine, [0, 0, 0]);
    assert.ok(Math.hypot(...corner) > BEYOND && jacobian![0] === 1);
    assert.equal(summary.jacobian.folds, 0);
    assert.ok(summary.warnings.some((warning) => /larger than the largest grid/.test(warning)));
  });

  test('a field that turns space over is counted as folds', async () => {
    const {summary} = await register(fakeNetwork(([i]) => [-2 * (i - 8), 0, 0]));
    assert.equal(summary.jacobian.foldingFraction, 1);
    assert.match(summary.warnings.join('\n'), /the deformation folds at \d+ voxels \(100.00 %\)/);
  });

  test('warp, inverse warp and velocity are millimetres to the left, back and up', async () => {
    const {warp, inverseWarp, velocity} = await register(
      fakeNetwork(() => [1, 0, 0], {steps: 4}),
      {
        outputs: {warp: true, inverseWarp: true, velocity: true},
      },
    );
    const voxels = 19 * 25 * 13;
    assert.equal(warp.length, 3 * voxels);
    assert.ok(Math.abs(warp[0] - 3) < 1e-5 && Math.abs(warp[voxels]) < 1e-5);
    const middle = 25 + 51 * (17 + 35 * 22);
    assert.ok(Math.abs(inverseWarp![middle] + 3) < 1e-5);
    assert.ok(Math.abs(velocity![0] - 3) < 1e-5);
  });

  test('the inverse warp leads back to where the warp came from', async () => {
    const wave = ([i, j, k]: Triple) => [
      1.2 * Math.sin(j / 4),
      0.9 * Math.cos(k / 5),
      1.1 * Math.sin((i + j) / 6),
    ];
    const fixed = named(imageOf(MOVING, blobs), 'f'); // one large grid, so that all points stay inside
    const {warp, inverseWarp} = await register(fakeNetwork(wave, {steps: 7}), {
      fixed,
      outputs: {warp: true, inverseWarp: true},
      align: 'headers',
    });
    const at = trilinearVectors(inverseWarp!, MOVING);
    const voxels = MOVING_SHAPE[0] * MOVING_SHAPE[1] * MOVING_SHAPE[2];
    const MARGIN = 8; // voxels: the network grid ends a little outside, and its edge is clamped
    let worst = 0;
    let moves = 0;
    for (let k = MARGIN; k < MOVING_SHAPE[2] - MARGIN; k += 3) {
      for (let j = MARGIN; j < MOVING_SHAPE[1] - MARGIN; j += 3) {
        for (let i = MARGIN; i < MOVING_SHAPE[0] - MARGIN; i += 3) {
          const n = i + MOVING_SHAPE[0] * (j + MOVING_SHAPE[1] * k);
          const p = applyToPoint(MOVING.affine, [i, j, k]);
          const d = [-warp[n], -warp[n + voxels], warp[n + 2 * voxels]]; // RAS
          const q: Triple = [p[0] + d[0], p[1] + d[1], p[2] + d[2]];
          const back = at(q);
          worst = Math.max(worst, Math.hypot(d[0] - back[0], d[1] - back[1], d[2] + back[2]));
          moves = Math.max(moves, Math.hypot(...d));
        }
      }
    }
    assert.ok(moves > 3, `moves ${moves} mm`);
    assert.ok(worst < 0.1, `worst inverse consistency ${worst} mm`); // of 3 mm voxels
  });

  test('inputs stay as they are and no tensor is left behind', async () => {
    const fixed = named(imageOf(FIXED, blobs), 'f');
    const moving = named(imageOf(MOVING, tilt), 'm');
    const copies = [fixed.data.slice(), moving.data.slice()];
    const before = tf.memory().numTensors;
    await register(
      fakeNetwork(() => [1, 0, 0], {steps: 3}),
      {
        fixed,
        moving,
        outputs: {warp: true, inverseWarp: true, jacobian: true, velocity: true},
      },
    );
    assert.equal(tf.memory().numTensors, before);
    assert.deepEqual([fixed.data, moving.data], copies);
  });

  test('a two-dimensional network registers slices and refuses volumes', async () => {
    const slice: Grid = {shape: [8, 12, 1], affine: obliqueAffine([0, 0, 0], [2, 1, 5])};
    const network = fakeNetwork(() => [0, 2], {dimensions: 2});
    const grid: NetworkGridSpec = {orientation: null, spacing: null, multiple: [4, 4, 1]};
    const {moved} = await register(network, {
      fixed: named(imageOf(slice, tilt), 'f'),
      moving: named(imageOf(slice, tilt), 'm'),
      grid,
    });
    assert.ok(Math.abs(moved[0] - tilt([0, 2, 0])) < EXACT);
    await assert.rejects(
      register(network, {grid}),
      (error) =>
        error instanceof HypermorphError &&
        error.code === 'E_SHAPE' &&
        error.message ===
          'fixed.nii: must be one slice for a two-dimensional model, got 19x25x13 voxels.',
    );
  });

  test('without a known orientation there is a moved image, but no warp unless it is asked for', async () => {
    const network = fakeNetwork(() => [1, 0, 0]);
    const fixed = {...named(imageOf(FIXED, blobs), 'fixed.nii'), orientationKnown: false};
    const {moved} = await register(network, {fixed});
    assert.equal(moved.length, 19 * 25 * 13);
    await assert.rejects(
      register(network, {fixed, outputs: {warp: true}}),
      (error) =>
        error instanceof HypermorphError &&
        error.code === 'E_GRID' &&
        error.message.startsWith('fixed.nii: the header must say where the voxels lie') &&
        /--assume-orientation/.test(error.hint ?? ''),
    );
    const assumed = await register(network, {
      fixed,
      outputs: {warp: true},
      assumeOrientation: true,
    });
    assert.equal(assumed.warp.length, 3 * 19 * 25 * 13);
  });

  test('images far apart are registered with a warning that names the way out', async () => {
    const far = {...FIXED, affine: centredAffine(FIXED.affine, FIXED_SHAPE, [500, 0, 0])};
    const {summary} = await register(
      fakeNetwork(() => [1, 0, 0]),
      {
        moving: named(
          imageOf(far, ([x, y, z]) => blobs([x - 500, y, z])),
          'moving.nii',
        ),
      },
    );
    assert.equal(summary.overlap, 0);
    assert.equal(summary.similarity.voxels, 0);
    assert.match(summary.warnings.join('\n'), /moving.nii: only 0 % of .* try --align centre/);
  });

  test('a fall in similarity is said', async () => {
    const {summary} = await register(
      fakeNetwork(() => [3, 0, 0]),
      {
        moving: named(imageOf(MOVING, blobs), 'moving.nii'),
      },
    );
    assert.match(
      summary.warnings.join('\n'),
      /the similarity fell: NCC 0\.\d+ before, 0\.\d+ after/,
    );
  });

  test('progress counts the stages, and an interruption stops before the next one', async () => {
    const events: (string | null)[] = [];
    await register(
      fakeNetwork(() => [1, 0, 0]),
      {onProgress: ({stage}) => events.push(stage)},
    );
    assert.deepEqual(events, ['align', 'conform', 'predict', 'sample', 'place', 'measure', null]);
    const controller = new AbortController();
    await assert.rejects(
      register(
        fakeNetwork(() => [1, 0, 0]),
        {
          signal: controller.signal,
          onProgress: ({stage}) => {
            if (stage === 'sample') controller.abort();
          },
        },
      ),
      (error) => error instanceof HypermorphError && error.code === 'E_INTERRUPTED',
    );
  });
});

/** Vectors of a warp (component slowest) at any world point inside its grid. */
function trilinearVectors(data: Float32Array, grid: Grid): (point: Triple) => number[] {
  const voxels = grid.shape[0] * grid.shape[1] * grid.shape[2];
  const toVoxel = invert(grid.affine);
  return (point) => {
    const position = applyToPoint(toVoxel, point);
    const base = position.map(Math.floor);
    const result = [0, 0, 0];
    for (let corner = 0; corner < 8; corner++) {
      let weight = 1;
      const index = base.map((start, axis) => {
        const step = (corner >> axis) & 1;
        const fraction = position[axis] - start;
        weight *= step === 1 ? fraction : 1 - fraction;
        return start + step;
      });
      const n = index[0] + grid.shape[0] * (index[1] + grid.shape[1] * index[2]);
      for (let c = 0; c < 3; c++) result[c] += weight * data[n + c * voxels];
    }
    return result;
  };
}
