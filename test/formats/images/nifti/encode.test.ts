import assert from 'node:assert/strict';
import {readdir, readFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import test from 'node:test';
import {gunzipSync} from 'node:zlib';
import {encodeNifti} from '../../../../src/formats/images/nifti/encode.js';
import {geometryFromGrid} from '../../../../src/formats/images/nifti/geometry.js';
import {readImage} from '../../../../src/formats/images/read-image.js';
import {writeImage} from '../../../../src/formats/images/write-image.js';
import type {ImageOutput} from '../../../../src/formats/images/types.js';
import {AFFINE, buildNifti, SHAPE} from '../../../support/nifti-builder.js';
import type {NiftiRecipe} from '../../../support/nifti-builder.js';
import {randomAffine} from '../../../support/random-affine.js';
import {seededRandom} from '../../../support/random.js';
import {temporaryFolder} from '../../../support/temporary-folder.js';
import {Affine} from '../../../../src/geometry/affine.js';
import type {VoxelArray} from '../../../../src/kernels/voxels.js';

const COUNT = SHAPE[0] * SHAPE[1] * SHAPE[2];
const OUTPUT: ImageOutput = {
  shape: SHAPE,
  data: Float32Array.from({length: COUNT}, (_, n) => n / 2),
  geometry: geometryFromGrid({affine: Affine.fromMatrix(AFFINE)}),
};

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

test('a scalar image has the header that every program reads', () => {
  const bytes = encodeNifti({...OUTPUT, description: 'hypermorph'});
  const view = viewOf(bytes);
  const shorts = (at: number, count: number): readonly number[] =>
    Array.from({length: count}, (_, n) => view.getInt16(at + 2 * n, true));
  const floats = (at: number, count: number): readonly number[] =>
    Array.from({length: count}, (_, n) => view.getFloat32(at + 4 * n, true));
  assert.equal(view.getInt32(0, true), 348);
  assert.deepEqual(shorts(40, 8), [3, 4, 5, 6, 1, 1, 1, 1]);
  assert.deepEqual(shorts(68, 3), [0, 16, 32]); // intent, float32, 32 bits
  assert.deepEqual(floats(76, 8), [1, 1, 2, 3, 1, 1, 1, 1]);
  assert.deepEqual(floats(108, 3), [352, 1, 0]); // vox_offset, slope, intercept
  assert.equal(view.getUint8(123), 10); // mm, s
  assert.deepEqual(floats(124, 2), [0, 0]); // no display range
  assert.deepEqual(shorts(252, 2), [1, 1]);
  assert.deepEqual(floats(256, 6), [0, 0, 0, -10, 20, -30]);
  assert.deepEqual(floats(280, 12), AFFINE.slice(0, 12));
  assert.equal(Buffer.from(bytes).toString('latin1', 148, 158), 'hypermorph');
  assert.equal(Buffer.from(bytes).toString('latin1', 344, 348), 'n+1\0');
  assert.deepEqual([...bytes.subarray(348, 352)], [0, 0, 0, 0]);
  assert.deepEqual(floats(352, COUNT), [...OUTPUT.data]);
});

const TYPES: readonly (readonly [VoxelArray, number])[] = [
  [Uint8Array.of(0, 255), 2],
  [Int16Array.of(-32768, 32767), 4],
  [Int32Array.of(-(2 ** 31), 2 ** 31 - 1), 8],
  [Float32Array.of(-0.5, 3e38), 16],
  [Float64Array.of(-0.1, 1e300), 64],
  [Int8Array.of(-128, 127), 256],
  [Uint16Array.of(0, 65535), 512],
  [Uint32Array.of(0, 2 ** 32 - 1), 768],
];

for (const [data, code] of TYPES) {
  test(`a ${data.constructor.name} is stored as datatype ${code}, number for number`, () => {
    const bytes = encodeNifti({...OUTPUT, shape: [2, 1, 1], data});
    assert.equal(viewOf(bytes).getInt16(70, true), code);
    assert.equal(viewOf(bytes).getInt16(72, true), 8 * data.BYTES_PER_ELEMENT);
    const stored = Buffer.from(bytes.subarray(352));
    assert.deepEqual(stored, Buffer.from(data.buffer));
  });
}

test('a field has five axes, its components slowest, and says that it holds vectors', () => {
  const data = Float32Array.from({length: 3 * COUNT}, (_, n) => n);
  const bytes = encodeNifti({...OUTPUT, components: 3, data, intent: {code: 1007}});
  const view = viewOf(bytes);
  const dim = Array.from({length: 8}, (_, n) => view.getInt16(40 + 2 * n, true));
  assert.deepEqual(dim, [5, 4, 5, 6, 1, 3, 1, 1]);
  assert.equal(view.getInt16(68, true), 1007);
  const at = (i: number, j: number, k: number, component: number): number =>
    view.getFloat32(352 + 4 * (i + 4 * (j + 5 * (k + 6 * component))), true);
  assert.deepEqual(
    [at(1, 0, 0, 0), at(0, 1, 0, 0), at(0, 0, 1, 0), at(0, 0, 0, 1)],
    [1, 4, 20, 120],
  );
});

/** The geometry block as numbers, from a file of either version and byte order. */
function geometryBlock(
  bytes: Uint8Array,
  version: 1 | 2,
  littleEndian: boolean,
): readonly number[] {
  const view = viewOf(bytes);
  const [pixdim, quaternion, sform, size] = version === 1 ? [76, 256, 280, 4] : [104, 352, 400, 8];
  const floats = (at: number, count: number): readonly number[] =>
    Array.from({length: count}, (_, n) =>
      version === 1
        ? view.getFloat32(at + size * n, littleEndian)
        : Math.fround(view.getFloat64(at + size * n, littleEndian)),
    );
  const codes =
    version === 1
      ? [view.getInt16(252, littleEndian), view.getInt16(254, littleEndian)]
      : [view.getInt32(344, littleEndian), view.getInt32(348, littleEndian)];
  return [...floats(pixdim, 4), ...codes, ...floats(quaternion, 6), ...floats(sform, 12)];
}

/** Odd on purpose: nothing here follows from anything else, but the voxel sizes from the sform. */
const ODD_GEOMETRY: NiftiRecipe = {
  pixdim: [-1, Math.hypot(1, 0.3, 0.5), Math.hypot(0.1, 2, 0.6), Math.hypot(0.2, 0.4, 3)],
  qformCode: 2,
  sformCode: 4,
  quaternion: [0.1, -0.2, 0.3],
  qformOffset: [1.5, 2.5, -3.5],
  sform: [1, 0.1, 0.2, 3, -0.3, 2, 0.4, 4, 0.5, 0.6, 3, -5],
};

for (const version of [1, 2] as const) {
  for (const littleEndian of [true, false]) {
    const order = littleEndian ? 'little' : 'big';
    test(`geometry of a ${order}-endian NIfTI-${version} file is copied field by field`, async (t) => {
      const folder = await temporaryFolder(t);
      const source = buildNifti({...ODD_GEOMETRY, version, littleEndian});
      await writeFile(join(folder, 'fixed.nii'), source);
      const fixed = await readImage(join(folder, 'fixed.nii'));
      const written = encodeNifti({...OUTPUT, geometry: fixed.geometry});
      assert.deepEqual(
        geometryBlock(written, 1, true),
        geometryBlock(source, version, littleEndian),
      );
    });
  }
}

for (const qformCode of [0, 1]) {
  test(`an output has the voxel sizes of the sform that was used, whatever the header said (qform code ${qformCode})`, async (t) => {
    const folder = await temporaryFolder(t);
    const path = join(folder, 'fixed.nii');
    await writeFile(path, buildNifti({qformCode, pixdim: [1, 2, 4, 6]}));
    const fixed = await readImage(path);
    await writeFile(path, encodeNifti({...OUTPUT, geometry: fixed.geometry}));
    for (const geometry of ['sform', 'qform'] as const) {
      const moved = await readImage(path, {geometry});
      assert.ok(moved.affine.largestDifference(fixed.affine) < 1e-5, geometry);
      assert.deepEqual(moved.warnings, []);
    }
    assert.deepEqual((await readImage(path)).geometry.pixdim.slice(1), fixed.affine.spacing);
  });
}

for (const [units, code] of [
  [0, 10],
  [1, 9],
  [2, 10],
  [3, 11],
  [10, 10],
]) {
  test(`lengths with unit code ${units} are written with code ${code} and mean the same`, async (t) => {
    const folder = await temporaryFolder(t);
    await writeFile(join(folder, 'fixed.nii'), buildNifti({units}));
    const fixed = await readImage(join(folder, 'fixed.nii'));
    const path = join(folder, 'moved.nii');
    await writeImage(path, {...OUTPUT, geometry: fixed.geometry});
    assert.equal((await readFile(path))[123], code);
    const moved = await readImage(path);
    assert.deepEqual(moved.affine, fixed.affine);
    assert.deepEqual(moved.geometry.sform, fixed.geometry.sform);
  });
}

for (const [name, recipe] of [
  ['an unusable sform', {sform: new Array<number>(12).fill(0), qformOffset: [1, 2, 3]}],
  ['a spacing of 0', {sformCode: 0, pixdim: [1, 0, 2, 3]}],
  ['a long quaternion', {sformCode: 0, quaternion: [1.2, 0, 0.5]}],
] as const) {
  test(`${name} is not passed on: outputs say twice what was read`, async (t) => {
    const folder = await temporaryFolder(t);
    await writeFile(join(folder, 'fixed.nii'), buildNifti(recipe));
    const fixed = await readImage(join(folder, 'fixed.nii'));
    await assertBothForms(join(folder, 'moved.nii'), fixed.geometry, fixed.affine);
  });
}

test('the placement that the user chose is the one that every program finds in the outputs', async (t) => {
  const folder = await temporaryFolder(t);
  await writeFile(join(folder, 'fixed.nii'), buildNifti({qformOffset: [1, 2, 3]}));
  for (const geometry of ['sform', 'qform'] as const) {
    const fixed = await readImage(join(folder, 'fixed.nii'), {geometry});
    assert.equal(fixed.affine.offset[0], geometry === 'sform' ? -10 : 1);
    await assertBothForms(join(folder, `${geometry}.nii`), fixed.geometry, fixed.affine);
  }
});

async function assertBothForms(
  path: string,
  geometry: ImageOutput['geometry'],
  affine: Affine,
): Promise<void> {
  await writeImage(path, {...OUTPUT, geometry});
  for (const form of ['sform', 'qform'] as const) {
    const image = await readImage(path, {geometry: form});
    assert.deepEqual(image.warnings, []);
    assert.ok(image.affine.largestDifference(affine) < 1e-5, form);
  }
}

test('any affine survives in the sform, and in the qform where it has no shear', async (t) => {
  const folder = await temporaryFolder(t);
  const random = seededRandom(7);
  for (let n = 0; n < 60; n++) {
    const sheared = n % 5 === 4;
    const affine = randomAffine(random, {sheared});
    const path = join(folder, `${n}.nii`);
    await writeImage(path, {...OUTPUT, geometry: geometryFromGrid({affine})});
    const bySform = await readImage(path, {geometry: 'sform'});
    assert.ok(bySform.affine.largestDifference(affine) < 1e-5); // float32 of offsets up to 100 mm
    if (!sheared) {
      const byQform = await readImage(path, {geometry: 'qform'});
      // A half turn in float32: the scalar part is a root of a small difference (up to 5e-4 rad), times 3 mm.
      assert.ok(byQform.affine.largestDifference(affine) < 5e-3);
    }
  }
});

test('the code of a new grid is 1 (scanner) unless another is asked for', () => {
  assert.equal(OUTPUT.geometry.sformCode, 1);
  assert.equal(geometryFromGrid({affine: Affine.fromMatrix(AFFINE)}, {code: 4}).qformCode, 4);
  assert.throws(() => geometryFromGrid({affine: Affine.scaling([0, 0, 0])}), {
    code: 'E_GRID',
    message:
      'geometryFromGrid: the affine must be finite and invertible, got [0 0 0 0; 0 0 0 0; 0 0 0 0].',
  });
});

test('voxels that are not numbers are written as 0, and the input keeps them', () => {
  const data = Float32Array.of(1, Number.NaN, Infinity, -Infinity, 2);
  const bytes = encodeNifti({...OUTPUT, shape: [5, 1, 1], data});
  assert.deepEqual(new Float32Array(bytes.buffer, 352), Float32Array.of(1, 0, 0, 0, 2));
  assert.ok(Number.isNaN(data[1]));
});

test('texts are bounded and ASCII, so that no other field is touched', () => {
  const plain = encodeNifti(OUTPUT);
  const texts = {description: 'ü'.repeat(300), intent: {code: 0, name: 'a-name-that-is-too-long'}};
  const bytes = Buffer.from(encodeNifti({...OUTPUT, ...texts}));
  assert.equal(bytes.toString('latin1', 148, 229), `${'?'.repeat(79)}\0\0`);
  assert.equal(bytes.toString('latin1', 328, 344), 'a-name-that-is-\0');
  bytes.fill(0, 148, 228).fill(0, 328, 344);
  assert.deepEqual(new Uint8Array(bytes), plain);
});

test('data that does not fit the shape, or axes that NIfTI-1 cannot count, are refused', () => {
  assert.throws(() => encodeNifti({...OUTPUT, components: 3}), {
    code: 'E_SHAPE',
    message: 'encodeNifti: data must have 4 x 5 x 6 x 1 x 3 = 360 numbers, got 120.',
  });
  assert.throws(() => encodeNifti({...OUTPUT, shape: [40000, 1, 1], data: new Int8Array(40000)}), {
    code: 'E_RANGE',
    message: 'encodeNifti: axes must have 1 to 32767 voxels, got 40000 x 1 x 1.',
  });
});

test('the name decides about compression, and both files hold the same', async (t) => {
  const folder = await temporaryFolder(t);
  await writeImage(join(folder, 'a.nii'), OUTPUT);
  await writeImage(join(folder, 'b.nii.gz'), OUTPUT);
  const plain = await readFile(join(folder, 'a.nii'));
  assert.deepEqual(gunzipSync(await readFile(join(folder, 'b.nii.gz'))), plain);
  assert.deepEqual(new Uint8Array(plain), encodeNifti(OUTPUT));
});

test('an output that is no NIfTI name is refused before anything is written', async (t) => {
  const folder = await temporaryFolder(t);
  await assert.rejects(writeImage(join(folder, 'moved.img'), OUTPUT), {
    code: 'E_USAGE',
    message: `${join(folder, 'moved.img')}: the name of an output image must end in .nii, .nii.gz, .mgz, .mgh, .nrrd or .mha.`,
  });
  assert.deepEqual(await readdir(folder), []);
});
