import assert from 'node:assert/strict';
import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import test from 'node:test';
import {startEngine} from '../../src/engines/select.js';
import {geometryFromGrid} from '../../src/formats/images/nifti/geometry.js';
import {readField} from '../../src/formats/images/read-image.js';
import {writeImage} from '../../src/formats/images/write-image.js';
import {encodeItkAffine} from '../../src/formats/transforms/itk-text.js';
import {decodeItkWarp, encodeItkWarp, ITK_VECTORS} from '../../src/formats/transforms/itk.js';
import type {Grid} from '../../src/geometry/grid.js';
import type {Triple} from '../../src/geometry/triple.js';
import {mapPoints, sample} from '../../src/transforms/apply.js';
import {inverse} from '../../src/transforms/inverse.js';
import {compose} from '../../src/transforms/transform.js';
import {findPython, runReference} from '../support/python.js';
import {seededRandom} from '../support/random.js';
import {temporaryFolder} from '../support/temporary-folder.js';
import {FIELD_GRID, SHEAR, somePoints, TURN, waves} from '../support/transforms.js';
import {blobs, centredAffine, imageOf, obliqueAffine} from '../support/volumes.js';

interface AppliedByItk {
  readonly moved: number;
  readonly inside: number;
  readonly points: number;
  readonly inverse: number;
  readonly moves: number;
}

const python = findPython('SimpleITK', 'numpy');

const FIXED_SHAPE: Triple = [27, 19, 15];
const MOVING_SHAPE: Triple = [23, 31, 17];
/** Both oblique, anisotropic and of odd sizes; the moving one is left-handed. Neither covers the other. */
const FIXED: Grid = {
  shape: FIXED_SHAPE,
  affine: centredAffine(obliqueAffine([12, -9, 17], [2, 3, 2.5]), FIXED_SHAPE, [4, -2, 1]),
};
const MOVING: Grid = {
  shape: MOVING_SHAPE,
  affine: centredAffine(obliqueAffine([-25, 14, 6], [-2.5, 1.5, 3.5]), MOVING_SHAPE, [-1, 2, 3]),
};

const toLps = (points: readonly Triple[]) => points.map(([x, y, z]) => [-x, -y, z]);

test('SimpleITK takes image and points through affine, displacement and affine as we do, and back', async (t) => {
  if (python.missing !== undefined) return t.skip(python.missing);
  await startEngine({engine: 'javascript'}); // inverts the field
  const folder = await temporaryFolder(t);
  const path = (name: string) => join(folder, name);
  const write = (name: string, {shape, affine}: Grid, data: Float32Array, components: 1 | 3 = 1) =>
    writeImage(path(name), {
      ...{shape, data, components, geometry: geometryFromGrid({affine})},
      ...(components === 3 ? {intent: ITK_VECTORS} : {}),
    });

  await write('warp.nii', FIELD_GRID, encodeItkWarp(waves(), FIELD_GRID), 3);
  const field = decodeItkWarp(await readField(path('warp.nii')));
  const chain = compose(TURN, field, SHEAR);
  const moving = imageOf(MOVING, blobs);
  const moved = sample(moving, chain, FIXED);
  await write('fixed.nii', FIXED, imageOf(FIXED, blobs).data as Float32Array);
  await write('moving.nii', MOVING, moving.data as Float32Array);
  await write('moved.nii', FIXED, moved.data as Float32Array);
  await writeFile(path('outer.txt'), encodeItkAffine(TURN.affine));
  await writeFile(path('inner.txt'), encodeItkAffine(SHEAR.affine));

  const random = seededRandom(5);
  const points = somePoints(300, 40, random);
  // An inverse of a field is exact at its own voxels; between them it is interpolated.
  const voxels = somePoints(300, 5, random).map(([x, y, z]) =>
    FIELD_GRID.affine.apply([Math.round(x) + 11, Math.round(y) + 9, Math.round(z) + 10]),
  );
  const targets = mapPoints(TURN, voxels);
  const back = mapPoints(inverse(chain, {toleranceMm: 1e-5}).transform, targets);
  const lists = {points, mapped: mapPoints(chain, points), targets, back};
  const inLps = Object.fromEntries(
    Object.entries(lists).map(([name, list]) => [name, toLps(list)]),
  );
  await writeFile(path('points.json'), JSON.stringify(inLps));

  const names = ['fixed.nii', 'moving.nii', 'outer.txt', 'warp.nii', 'inner.txt', 'moved.nii'];
  const files = [...names, 'points.json'].map(path);
  const applied = runReference(python.command, 'simpleitk_chain.py', files) as AppliedByItk;
  t.diagnostic(JSON.stringify(applied));
  assert.ok(applied.inside > 0.3 && applied.inside < 1, 'a part of the moving image is outside');
  assert.ok(applied.moves > 5, 'the chain moves something');
  assert.ok(applied.moved < 1e-3, `largest difference ${applied.moved} of the range`);
  assert.ok(applied.points < 1e-3, `points differ by up to ${applied.points} mm`);
  assert.ok(applied.inverse < 1e-3, `points led back miss by up to ${applied.inverse} mm`);
});
