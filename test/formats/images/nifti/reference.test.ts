import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import test from 'node:test';
import {describeImage} from '../../../../src/formats/images/describe-image.js';
import {readImage, readField} from '../../../../src/formats/images/read-image.js';
import {Affine} from '../../../../src/geometry/affine.js';
import type {Triple} from '../../../../src/geometry/triple.js';

/** What nibabel reads in the committed files: scripts/reference/nifti_reference.py. */
interface Expected {
  readonly shape: readonly number[];
  readonly affine: readonly number[];
  readonly orientation: string;
  readonly datatype: string;
  readonly intent: number;
  readonly values?: readonly number[];
}

const FOLDER = join(import.meta.dirname, '..', '..', '..', 'fixtures', 'nifti');
const {files} = JSON.parse(readFileSync(join(FOLDER, 'expected.json'), 'utf8')) as {
  files: Readonly<Record<string, Expected>>;
};
const names = Object.keys(files);

/** Our qform is computed in float64, nibabel's too; what differs is the order of a few operations. */
const AFFINE_TOLERANCE = 1e-6;

function assertAffine(actual: readonly number[], expected: readonly number[]): void {
  actual.forEach((value, n) => {
    const difference = Math.abs(value - expected[n]);
    assert.ok(difference <= AFFINE_TOLERANCE, `affine[${n}] is ${value}, not ${expected[n]}`);
  });
}

test('the reference set holds every type, version, byte order and orientation', () => {
  const count = (folder: string): number =>
    names.filter((name) => name.startsWith(`${folder}/`)).length;
  assert.equal(count('types'), 10 * 2 * 2);
  assert.equal(count('orientations'), 48);
  assert.equal(count('pairs'), 4);
});

for (const name of names) {
  const expected = files[name];
  test(`${name} is described as nibabel sees it`, async () => {
    const description = await describeImage(join(FOLDER, name));
    assert.deepEqual(description.dimensions, expected.shape);
    assertAffine(description.affine.rows, expected.affine);
    assert.equal(description.orientation, expected.orientation);
    assert.equal(description.datatype, expected.datatype);
    assert.equal(description.intent.code, expected.intent);
    assert.equal(description.readable, true);
    assert.equal(description.compressed, name.endsWith('.gz'));
    assert.equal(description.pair, name.startsWith('pairs/'));
  });
}

for (const name of names.filter((each) => files[each].values !== undefined)) {
  const expected = files[name];
  const values = Float32Array.from(expected.values ?? []);
  const spatial = expected.shape.slice(0, 3).reduce((product, length) => product * length, 1);
  const volumes = values.length / spatial;

  test(`${name} holds nibabel's numbers`, async () => {
    if (expected.intent === 1007) {
      const field = await readField(join(FOLDER, name));
      assert.deepEqual(field.data, values);
      return;
    }
    for (let volume = 0; volume < volumes; volume++) {
      const image = await readImage(
        join(FOLDER, name),
        volumes === 1 && name !== 'axes/one_volume_4d.nii' ? {} : {volume},
      );
      assertAffine(image.affine.rows, expected.affine);
      assert.deepEqual(image.data, values.slice(volume * spatial, (volume + 1) * spatial));
    }
  });

  if (volumes === 1 && !expected.datatype.startsWith('float') && !name.startsWith('scaled')) {
    test(`${name} keeps whole numbers as a label map`, async () => {
      const path = join(FOLDER, name);
      if (/int64|uint64/.test(name)) {
        await assert.rejects(readImage(path, {kind: 'label'}), {code: 'E_RANGE'});
        return;
      }
      const image = await readImage(path, {kind: 'label'});
      assert.equal(image.data.constructor.name.toLowerCase(), `${expected.datatype}array`);
      assert.deepEqual([...image.data], expected.values);
    });
  }
}

test('all 48 orientations of one volume put the same voxels at the same places', async () => {
  const base = await readImage(join(FOLDER, 'orientations/RAS.nii'));
  const [width, height] = base.shape;
  for (const name of names.filter((each) => each.startsWith('orientations/'))) {
    const image = await readImage(join(FOLDER, name));
    assert.equal(`orientations/${image.affine.orientation}.nii`, name);
    const toBase = Affine.compose(base.affine.inverse(), image.affine);
    let n = 0;
    for (let k = 0; k < image.shape[2]; k++) {
      for (let j = 0; j < image.shape[1]; j++) {
        for (let i = 0; i < image.shape[0]; i++, n++) {
          const [x, y, z] = toBase.apply([i, j, k]).map(Math.round) as unknown as Triple;
          assert.equal(image.data[n], base.data[x + width * (y + height * z)], name);
        }
      }
    }
  }
});

test('either name of a pair reads it', async () => {
  for (const name of ['pairs/n1', 'pairs/n2']) {
    const byHeader = await readImage(join(FOLDER, `${name}.hdr`));
    const byVoxels = await readImage(join(FOLDER, `${name}.img`));
    assert.deepEqual(byVoxels.data, byHeader.data);
    assert.deepEqual(byVoxels.affine, byHeader.affine);
    const zipped = await readImage(join(FOLDER, `${name}_be_gz.img.gz`));
    assert.deepEqual(zipped.data, byHeader.data);
  }
});
