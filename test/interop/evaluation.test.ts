import assert from 'node:assert/strict';
import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {test, type TestContext} from 'node:test';
import {squaredDistances} from '../../src/evaluation/distance-transform.js';
import {startEngine} from '../../src/engines/select.js';
import {geometryFromGrid} from '../../src/formats/images/nifti/geometry.js';
import {readImage} from '../../src/formats/images/read-image.js';
import {writeImage} from '../../src/formats/images/write-image.js';
import {readWarp} from '../../src/formats/transforms/read-transform.js';
import {Affine} from '../../src/geometry/affine.js';
import type {Grid} from '../../src/geometry/grid.js';
import type {Triple} from '../../src/geometry/triple.js';
import {Random} from '../../src/random.js';
import {jacobianOn} from '../../src/transforms/jacobian.js';
import {evaluateFiles} from '../../src/workflows/evaluate-files.js';
import {findPython, runReference} from '../support/python.js';
import {temporaryFolder} from '../support/temporary-folder.js';
import {centredAffine, imageOf, obliqueAffine} from '../support/volumes.js';

const python = findPython('SimpleITK', 'scipy', 'numpy');

/** Anisotropic and oblique, odd sizes. */
const SHAPE: Triple = [23, 19, 17];
const GRID: Grid = {
  shape: SHAPE,
  affine: centredAffine(obliqueAffine([12, -9, 17], [1.1, 2.3, 2.9]), SHAPE, [3, -2, 5]),
};

/** Three nested, shifted ellipsoids of labels 1, 2 and 7 around a point, and a few stray voxels. */
function ellipsoids(centre: Triple, seed: number): Uint8Array {
  const random = new Random(seed);
  const {data} = imageOf(GRID, (point) => {
    const distance = Math.hypot(
      (point[0] - centre[0]) / 9,
      (point[1] - centre[1]) / 14,
      (point[2] - centre[2]) / 16,
    );
    if (random.uniform() < 0.002) return 7;
    return distance < 0.5 ? 1 : distance < 0.8 ? 2 : distance < 1 ? 7 : 0;
  });
  return Uint8Array.from(data);
}

async function writeLabels(path: string, data: Uint8Array): Promise<void> {
  await writeImage(path, {shape: SHAPE, data, geometry: geometryFromGrid(GRID)});
}

/** The same voxels along ITK's axes: its determinants leave the direction of a grid out of account. */
const ITK_GRID: Grid = {shape: SHAPE, affine: Affine.scaling([-1.1, -2.3, 2.9])};

/** A smooth displacement of some voxels, LPS mm, as a warp file. */
async function writeWave(path: string, grid: Grid): Promise<void> {
  const wave = [
    (p: Triple) => 2.5 * Math.sin(p[1] / 6) + 0.1 * p[0],
    (p: Triple) => 3 * Math.cos((p[0] + p[2]) / 8),
    (p: Triple) => 2 * Math.sin(p[2] / 7 + p[1] / 9),
  ].map((component) => imageOf(grid, component).data as Float32Array);
  const data = Float32Array.from(wave.flatMap((component) => [...component]));
  await writeImage(path, {
    shape: SHAPE,
    components: 3,
    data,
    geometry: geometryFromGrid(grid),
    intent: {code: 1007},
  });
}

/** What the reference prints; undefined, and the test skipped, where it cannot run. */
function ask(t: TestContext, ...words: readonly string[]): unknown {
  if (python.missing !== undefined) {
    t.skip(python.missing);
    return undefined;
  }
  return runReference(python.command, 'evaluation.py', words);
}

function assertClose(actual: number | null, expected: number, relative: number): void {
  const message = `${actual} should be ${expected}`;
  assert.ok(
    actual !== null && Math.abs(actual - expected) <= relative * (1 + Math.abs(expected)),
    message,
  );
}

test('SimpleITK and SciPy agree on overlap and surface distances of oblique, anisotropic maps', async (t) => {
  const folder = await temporaryFolder(t);
  const paths = [join(folder, 'first.nii.gz'), join(folder, 'second.nii.gz')] as const;
  await writeLabels(paths[0], ellipsoids([3, -2, 5], 1));
  await writeLabels(paths[1], ellipsoids([4.5, 0, 2], 2));
  interface Row {
    readonly label: number;
    readonly dice: number;
    readonly jaccard: number;
    readonly hd95Mm: number;
    readonly assdMm: number;
  }
  const expected = ask(t, 'labels', ...paths) as Row[] | undefined;
  if (expected === undefined) return;
  const {labels} = await evaluateFiles({labels: paths});
  assert.ok(labels);
  assert.deepEqual(
    labels.labels.map(({label}) => label),
    expected.map(({label}) => label),
  );
  for (const [n, row] of labels.labels.entries()) {
    assert.ok(row.dice !== null && row.dice > 0.2 && row.dice < 0.95, 'the maps differ');
    // Spacings go through float32 in the file.
    for (const key of ['dice', 'jaccard', 'hd95Mm', 'assdMm'] as const) {
      assertClose(row[key], expected[n][key], 1e-6);
    }
  }
});

test('SciPy agrees on the distance of every voxel', async (t) => {
  const folder = await temporaryFolder(t);
  const path = join(folder, 'mask.nii.gz');
  const random = new Random(11);
  const mask = Uint8Array.from({length: 23 * 19 * 17}, () => (random.uniform() < 0.003 ? 1 : 0));
  await writeLabels(path, mask);
  const expected = ask(t, 'distances', path) as number[] | undefined;
  if (expected === undefined) return;
  const {data, shape, affine} = await readImage(path, {kind: 'label'});
  const found = squaredDistances(data, shape, affine.spacing);
  found.forEach((squared, n) => assertClose(Math.sqrt(squared), expected[n], 1e-6));
});

test('SimpleITK agrees on the Jacobian determinant inside, NumPy on the SDlogJ of Learn2Reg', async (t) => {
  const folder = await temporaryFolder(t);
  const path = join(folder, 'warp.nii.gz');
  await writeWave(path, ITK_GRID);
  interface Expected {
    readonly determinants: readonly number[];
    readonly learn2reg: number;
  }
  const expected = ask(t, 'warp', path) as Expected | undefined;
  if (expected === undefined) return;
  await startEngine({engine: 'javascript'});
  const determinants = jacobianOn((await readWarp(path)).transform, ITK_GRID);
  const INTERIOR = 1; // At the faces SimpleITK repeats the edge and takes half the difference.
  for (let k = INTERIOR; k < SHAPE[2] - INTERIOR; k++) {
    for (let j = INTERIOR; j < SHAPE[1] - INTERIOR; j++) {
      for (let i = INTERIOR; i < SHAPE[0] - INTERIOR; i++) {
        const n = i + SHAPE[0] * (j + SHAPE[1] * k);
        assertClose(determinants[n], expected.determinants[n], 1e-5);
      }
    }
  }
  const {warp} = await evaluateFiles({warp: path});
  assert.ok(warp?.sdLogJacobian && warp.sdLogJacobian > 0.1, 'the field deforms');
  assertClose(warp.learn2regSdLogJacobian, expected.learn2reg, 1e-5);
});

test('NumPy agrees on correlation, mean square and mutual information', async (t) => {
  const folder = await temporaryFolder(t);
  const paths = [join(folder, 'first.nii.gz'), join(folder, 'second.nii.gz')] as const;
  const random = new Random(13);
  for (const path of paths) {
    const {data} = imageOf(GRID, ([x, y, z]) => 500 + 3 * x - 2 * y + z + random.normal(20));
    await writeImage(path, {shape: SHAPE, data, geometry: geometryFromGrid(GRID)});
  }
  interface Expected {
    readonly ncc: number;
    readonly mse: number;
    readonly mi: number;
  }
  const expected = ask(t, 'images', ...paths, '24') as Expected | undefined;
  if (expected === undefined) return;
  const {images} = await evaluateFiles({images: paths, bins: 24});
  assert.ok(images);
  assertClose(images.ncc, expected.ncc, 1e-9);
  assertClose(images.mse, expected.mse, 1e-9);
  // One voxel on the edge of a cell may round the other way.
  assertClose(images.mi, expected.mi, 1e-3);
});

test('SimpleITK takes landmarks where we take them', async (t) => {
  const folder = await temporaryFolder(t);
  const warp = join(folder, 'warp.nii.gz');
  await writeWave(warp, GRID);
  const random = new Random(17);
  const fixed = Array.from({length: 20}, () =>
    GRID.affine.apply([random.uniform(1, 21), random.uniform(1, 17), random.uniform(1, 15)]),
  );
  const expected = ask(t, 'points', warp, ...fixed.map((point) => point.join(','))) as
    Triple[] | undefined;
  if (expected === undefined) return;
  const tables = [join(folder, 'fixed.csv'), join(folder, 'moving.csv')];
  for (const [n, points] of [fixed, expected].entries()) {
    await writeFile(tables[n], `x,y,z\n${points.map((point) => point.join(',')).join('\n')}\n`);
  }
  const {landmarks} = await evaluateFiles({landmarks: tables, warp});
  assert.equal(landmarks?.outside, 0);
  assert.ok(landmarks.before.meanMm > 2, 'the warp moves something');
  assert.ok(
    landmarks.after && landmarks.after.maximumMm < 1e-4,
    `${landmarks.after?.maximumMm} mm`,
  );
});
