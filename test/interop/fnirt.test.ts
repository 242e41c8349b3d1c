import assert from 'node:assert/strict';
import {join} from 'node:path';
import {test} from 'node:test';
import {readImage} from '../../src/formats/images/read-image.js';
import {readTransform} from '../../src/formats/transforms/read-transform.js';
import {displacementOn} from '../../src/transforms/apply.js';

/** What FNIRT registered, and the field that FSL made of its coefficients. */
const FOLDER = join(import.meta.dirname, '../fixtures/odd-files');
const path = (name: string) => join(FOLDER, `fsl_${name}.nii.gz`);

/** Of displacements of some ten mm, float32. */
const POINTS_MM = 1e-3;

test('coefficients of FNIRT displace as the field that FSL made of them', async () => {
  const [fixed, moving] = await Promise.all(['ref', 'src'].map((name) => readImage(path(name))));
  const images = {fixed, moving};
  const [ours, theirs] = await Promise.all(
    ['fnirt_coefficients', 'fnirt_field'].map(async (name) => {
      const {transform} = await readTransform(path(name), {...images, convention: 'fsl'});
      return displacementOn(transform, fixed).values;
    }),
  );
  const difference = ours.reduce(
    (most, value, n) => Math.max(most, Math.abs(value - theirs[n])),
    0,
  );
  assert.ok(difference < POINTS_MM, `${difference} mm`);
  assert.ok(theirs.some((value) => Math.abs(value) > 1));
});

test('coefficients of FNIRT need both images', async () => {
  const fixed = await readImage(path('ref'));
  await assert.rejects(readTransform(path('fnirt_coefficients'), {fixed}), {
    code: 'E_USAGE',
    message: /`moving` must be given/,
  });
});
