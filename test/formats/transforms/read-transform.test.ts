import assert from 'node:assert/strict';
import {test} from 'node:test';
import {encodeNifti} from '../../../src/formats/images/nifti/encode.js';
import {geometryFromGrid} from '../../../src/formats/images/nifti/geometry.js';
import {encodeItkAffine} from '../../../src/formats/transforms/itk-text.js';
import {ITK_VECTORS, encodeItkWarp} from '../../../src/formats/transforms/itk.js';
import {readTransform} from '../../../src/formats/transforms/read-transform.js';
import {Affine} from '../../../src/geometry/affine.js';
import {mapPoints} from '../../../src/transforms/apply.js';
import {affineTransform} from '../../../src/transforms/transform.js';

const SHIFT = affineTransform(Affine.translation([1, 2, 3]));
const GRID = {shape: [2, 3, 4], affine: Affine.scaling([2, 2, 2])} as const;

test('an affine and a warp of one shift, read from their bytes, move a point to one place', async () => {
  const text = encodeItkAffine(Affine.translation([1, 2, 3]));
  const warp = encodeNifti({
    ...GRID,
    components: 3,
    data: encodeItkWarp(SHIFT, GRID),
    geometry: geometryFromGrid(GRID),
    intent: ITK_VECTORS,
  });
  const sources = [
    {name: 'shift.tfm', bytes: new TextEncoder().encode(text)},
    {name: 'shift.nii', bytes: warp},
  ];
  for (const source of sources) {
    const {transform, warnings} = await readTransform(source);
    assert.deepEqual(warnings, []);
    assert.deepEqual(mapPoints(transform, [[2, 2, 2]]), [[3, 4, 5]], source.name);
  }
});
