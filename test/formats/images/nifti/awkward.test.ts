import assert from 'node:assert/strict';
import {join} from 'node:path';
import test from 'node:test';
import {HypermorphError} from '../../../../src/errors.js';
import {describeImage} from '../../../../src/formats/images/describe-image.js';
import {readImage, readField} from '../../../../src/formats/images/read-image.js';
import {DATA, missingOddFiles, ODD_FILES, ODD_FOLDER, ODD_SET} from '../../../support/real-data.js';
import {Affine} from '../../../../src/geometry/affine.js';
import type {Triple} from '../../../../src/geometry/triple.js';

/** How many volumes the files with several hold. */
const SERIES: Readonly<Record<string, number>> = {
  'slope_inter_4d.nii': 20,
  'nifti2_4d.nii.gz': 2,
  'oblique_4d.nii.gz': 2,
};
const FIELDS = [
  'itk_warp_5d_with_huge_values.nii.gz',
  'fsl_fnirt_field.nii.gz',
  'fsl_fnirt_coefficients.nii.gz',
];

test('every odd real file is read, or refused for the reason that it has', async (t) => {
  for (const name of ODD_FILES) {
    const path = join(ODD_FOLDER, name);
    if (name === 't1_truncated.nii.gz') {
      await assert.rejects(readImage(path), {
        code: 'E_IO',
        message: `${path}: the gzip data must be whole, but it ends too early, as after an interrupted copy or download.`,
      });
    } else if (FIELDS.includes(name)) {
      await assert.rejects(readImage(path), {code: 'E_NIFTI'});
      const field = await readField(path);
      assert.equal(field.data.length, 3 * field.shape[0] * field.shape[1] * field.shape[2]);
    } else {
      const image = await readImage(path, name in SERIES ? {volume: 1} : {});
      assert.equal(image.data.length, image.shape[0] * image.shape[1] * image.shape[2]);
      assert.ok(image.data.some((value) => value !== 0));
    }
  }
  t.diagnostic(ODD_SET);
});

test('a series asks for one of its volumes', async () => {
  for (const [name, count] of Object.entries(SERIES)) {
    if (missingOddFiles(name) !== false) continue;
    await assert.rejects(readImage(join(ODD_FOLDER, name)), (error: unknown) => {
      assert.ok(error instanceof HypermorphError);
      const range = `choose one with \`volume: 0\` to \`volume: ${count - 1}\`.`;
      assert.ok(error.message.endsWith(range), error.message);
      return true;
    });
  }
});

test(
  'a foreign warp with huge values is described as a warp',
  {skip: missingOddFiles('itk_warp_5d_with_huge_values.nii.gz')},
  async () => {
    const path = join(ODD_FOLDER, 'itk_warp_5d_with_huge_values.nii.gz');
    const description = await describeImage(path);
    assert.deepEqual(description.dimensions, [60, 55, 52, 1, 3]);
    assert.equal(description.intent.code, 1007);
    assert.equal(description.intentMeaning, 'vector field (ITK and ANTs warps: LPS mm)');
    assert.equal(description.orientation, 'PSR');
    assert.deepEqual(description.warnings, []);
    await assert.rejects(readImage(path), {
      message: `${path}: must be an image with one number per voxel, got a vector field (60 x 55 x 52 x 1 x 3).`,
    });
    const field = await readField(path);
    const huge = field.data.filter((value) => Math.abs(value) > 1e38);
    assert.equal(huge.length, 6075);
  },
);

test('one head stored eight ways has the same voxels at the same places', async () => {
  const base = await readImage(join(ODD_FOLDER, 'orient_RAS.nii.gz'));
  for (const name of ODD_FILES.filter((each) => each.startsWith('orient_'))) {
    const image = await readImage(join(ODD_FOLDER, name));
    assert.equal(`orient_${image.affine.orientation}.nii.gz`, name);
    const toBase = Affine.compose(base.affine.inverse(), image.affine);
    for (const voxel of someVoxels(image.shape)) {
      const [x, y, z] = toBase.apply(voxel).map(Math.round) as unknown as Triple;
      const value = image.data[voxel[0] + image.shape[0] * (voxel[1] + image.shape[1] * voxel[2])];
      assert.equal(value, base.data[x + base.shape[0] * (y + base.shape[1] * z)], name);
    }
  }
});

function someVoxels([width, height, depth]: Triple): readonly Triple[] {
  return Array.from({length: 500}, (_, n): Triple => {
    const at = (length: number, stride: number): number => (n * stride) % length;
    return [at(width, 7), at(height, 13), at(depth, 29)];
  });
}

test('other ways to store one scan give the same numbers at the same places', async () => {
  const scan = await readImage(join(DATA, 'brain', 'someone_t1_2p75mm.nii.gz'));
  const same = ['t1_nifti2_big_endian.nii.gz', 't1_pair.hdr', 't1_microns.nii.gz'];
  for (const name of same.filter((each) => missingOddFiles(each) === false)) {
    const image = await readImage(join(ODD_FOLDER, name));
    assert.deepEqual(image.data, scan.data, name);
    assert.ok(image.affine.largestDifference(scan.affine) < 1e-4, name);
  }
  const STEP = 0.01; // Both are int16 with this slope.
  for (const name of ['t1_three_gzip_members.nii.gz', 't1_int16_slope.nii.gz']) {
    const image = await readImage(join(ODD_FOLDER, name));
    image.data.forEach((value, n) => assert.ok(Math.abs(value - scan.data[n]) < STEP, name));
  }
});
