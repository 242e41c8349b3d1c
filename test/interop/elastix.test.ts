import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {test} from 'node:test';
import {readImage} from '../../src/formats/images/read-image.js';
import {readTransform} from '../../src/formats/transforms/read-transform.js';
import type {Triple} from '../../src/geometry/triple.js';
import {mapPoints, sample} from '../../src/transforms/apply.js';
import {coveredVoxels, largestDistance} from '../support/transforms.js';
import {largestDifference} from '../support/volumes.js';

/** Written by scripts/reference/elastix_transforms.py: what elastix registered, blobs and real brains, and where transformix takes points by it. */
const FOLDER = join(import.meta.dirname, '../fixtures/transforms/elastix');
const {points, mapped} = JSON.parse(readFileSync(join(FOLDER, 'points.json'), 'utf8')) as {
  points: Triple[];
  mapped: Record<string, Triple[]>;
};

/** transformix writes six decimals. */
const POINTS_MM = 1e-5;
/** Coefficients are float32. */
const IMAGE = 1e-3;

for (const [kind, expected] of Object.entries(mapped)) {
  test(`the ${kind} transform of elastix takes points where transformix does`, async () => {
    const {transform, warnings} = await readTransform(join(FOLDER, `${kind}.txt`));
    assert.deepEqual(warnings, []);
    assert.ok(largestDistance(mapPoints(transform, points), expected) < POINTS_MM);
    assert.ok(largestDistance(points, expected) > 1);
  });
}

for (const [interpolation, name] of [
  ['linear', 'moved.nii.gz'],
  ['cubic', 'moved_cubic.nii.gz'],
] as const) {
  test(`a spline of elastix moves an image as transformix does, ${interpolation}`, async () => {
    const [moving, theirs] = await Promise.all(
      ['moving.nii.gz', name].map((file) => readImage(join(FOLDER, file))),
    );
    const {transform} = await readTransform(join(FOLDER, 'spline.txt'));
    const {data} = sample(moving, transform, theirs, {interpolation});
    // Half a voxel around the moving image, transformix goes on in the mirror, where here its outermost voxels go on.
    const isInside = coveredVoxels(theirs, transform, moving);
    const inside = (values: ArrayLike<number>) => Array.from(values).filter((_, n) => isInside[n]);
    assert.ok(inside(data).length > 0.4 * data.length);
    const difference = largestDifference(inside(data), inside(theirs.data));
    assert.ok(difference < IMAGE, `differs by up to ${difference} of 120`);
  });
}
