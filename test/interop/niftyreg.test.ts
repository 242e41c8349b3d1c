import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {describe, test} from 'node:test';
import {readImage} from '../../src/formats/images/read-image.js';
import {readTransform} from '../../src/formats/transforms/read-transform.js';
import type {Triple} from '../../src/geometry/triple.js';
import {mapPoints, sample} from '../../src/transforms/apply.js';
import {jacobianOn} from '../../src/transforms/jacobian.js';
import {coveredVoxels, largestDistance} from '../support/transforms.js';
import {largestDifference} from '../support/volumes.js';

/** Written by scripts/reference/niftyreg_transforms.py: what NiftyReg registered, and what its own programs make of it. */
const FOLDER = join(import.meta.dirname, '../fixtures/transforms/niftyreg');

/** reg_transform writes six digits of some ten mm, and fields are float32. */
const POINTS_MM = 1e-3;
/** Determinants near 1 of float32 numbers. */
const JACOBIAN = 1e-4;
/** Whole numbers are written, of a range of 1000. */
const IMAGE = 1;

for (const pair of ['blobs', 'brains']) {
  const path = (name: string) => join(FOLDER, pair, name);
  const {points, mapped} = JSON.parse(readFileSync(path('points.json'), 'utf8')) as {
    points: Triple[];
    mapped: Record<string, Triple[]>;
  };
  const read = async (name: string) => {
    const options = name.endsWith('.txt') ? ({convention: 'niftyreg'} as const) : {};
    return (await readTransform(path(name), options)).transform;
  };

  describe(pair, () => {
    const deformed = mapped['deformation.nii.gz'];
    for (const [name, expected] of Object.entries({...mapped, 'control_points.nii.gz': deformed})) {
      test(`${name} takes points where reg_transform does`, async () => {
        const distance = largestDistance(mapPoints(await read(name), points), expected);
        assert.ok(distance < POINTS_MM, `${distance} mm`);
        assert.ok(largestDistance(points, expected) > 1);
      });
    }

    test('the Jacobian of control points is that of reg_jacobian', async () => {
      const theirs = await readImage(path('jacobian.nii.gz'));
      const found = jacobianOn(await read('control_points.nii.gz'), theirs);
      const difference = largestDifference(found, theirs.data);
      assert.ok(difference < JACOBIAN, String(difference));
    });

    for (const [name, theirs] of [
      ['affine.txt', 'affine_moved.nii.gz'],
      ['deformation.nii.gz', 'moved.nii.gz'],
      ['displacement.nii.gz', 'moved.nii.gz'],
      ['control_points.nii.gz', 'moved.nii.gz'],
    ]) {
      test(`${name} moves the image as reg_resample does`, async () => {
        const [fixed, moving, expected] = await Promise.all(
          ['fixed.nii.gz', 'moving.nii.gz', theirs].map((file) => readImage(path(file))),
        );
        const transform = await read(name);
        const {data} = sample(moving, transform, fixed);
        // Beyond its outermost voxel centres NiftyReg fades the image out, while here a voxel reaches half a voxel further.
        const isInside = coveredVoxels(fixed, transform, moving);
        const inside = (values: ArrayLike<number>) =>
          Array.from(values).filter((_, n) => isInside[n]);
        assert.ok(inside(data).length > 0.4 * data.length);
        const difference = largestDifference(inside(data), inside(expected.data));
        assert.ok(difference <= IMAGE, `differs by up to ${difference} of 1000`);
      });
    }
  });
}
