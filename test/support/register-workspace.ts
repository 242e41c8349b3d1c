import {join} from 'node:path';
import type {TestContext} from 'node:test';
import {geometryFromGrid} from '../../src/formats/images/nifti/geometry.js';
import {writeImage} from '../../src/formats/images/write-image.js';
import type {Grid} from '../../src/geometry/grid.js';
import type {Triple} from '../../src/geometry/triple.js';
import {runCli} from './cli.js';
import {temporaryFolder} from './temporary-folder.js';
import {writeTinyModel} from './tiny-model.js';
import {blobs, centredAffine, imageOf, obliqueAffine} from './volumes.js';

const FIXED_SHAPE: Triple = [15, 11, 9];
export const FIXED: Grid = {
  shape: FIXED_SHAPE,
  affine: centredAffine(obliqueAffine([12, -9, 17], [3, 4, 5]), FIXED_SHAPE, [0, 0, 0]),
};
const MOVING_SHAPE: Triple = [21, 17, 19];
export const MOVING: Grid = {
  shape: MOVING_SHAPE,
  affine: centredAffine(obliqueAffine([-5, 8, 5], [-3, 3, 3]), MOVING_SHAPE, [1, -1, 2]),
};

/** A folder with fixed.nii, moving.nii, labels.nii and model.safetensors, and `register` with paths inside it. */
export async function workspace(t: TestContext) {
  const folder = await temporaryFolder(t);
  const path = (name: string) => join(folder, name);
  const write = (name: string, grid: Grid, value: (point: Triple) => number) =>
    writeImage(path(name), {
      ...imageOf(grid, value),
      geometry: geometryFromGrid(grid),
    });
  await write('fixed.nii', FIXED, blobs);
  await write('moving.nii', MOVING, ([x, y, z]) => blobs([x + 3, y, z - 2]));
  const drawn = imageOf(MOVING, ([x]) => (x < 0 ? 3 : 11)).data;
  await writeImage(path('labels.nii'), {
    shape: MOVING.shape,
    data: Uint8Array.from(drawn),
    geometry: geometryFromGrid(MOVING),
  });
  await writeTinyModel(path('model.safetensors'));
  const register = (...options: string[]) =>
    runCli([
      'register',
      ...['--model', path('model.safetensors'), '--engine', 'javascript'],
      ...options,
      path('fixed.nii'),
      path('moving.nii'),
    ]);
  return {folder, path, register};
}
