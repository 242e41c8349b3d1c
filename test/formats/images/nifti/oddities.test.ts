import assert from 'node:assert/strict';
import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import test from 'node:test';
import {readImage} from '../../../../src/formats/images/read-image.js';
import type {FileImage} from '../../../../src/formats/images/types.js';
import {AFFINE, buildNifti, SHAPE} from '../../../support/nifti-builder.js';
import type {NiftiRecipe} from '../../../support/nifti-builder.js';
import {temporaryFolder} from '../../../support/temporary-folder.js';

const NAN = Number.NaN;
const COUNT = SHAPE[0] * SHAPE[1] * SHAPE[2];

/** What an odd but readable file gives: its affine, and what the user is told. */
interface Oddity {
  readonly name: string;
  readonly file: NiftiRecipe;
  readonly affine?: readonly number[];
  readonly warns?: readonly string[];
}

const INSIDE = (offset: number, first: number): string =>
  `the place of the voxels (vox_offset) is ${offset}, inside the header; read from byte ${first}.`;
const BY_FIT = (size: number, version: number): string =>
  `the header size field is ${size} instead of ${version === 1 ? 348 : 540}; read as NIfTI-${version} because the rest of the header fits.`;
const QFORM_ONLY = {sformCode: 0};
const UNIT_SPACING_X = [1, 0, 0, -10, 0, 2, 0, 20, 0, 0, 3, -30, 0, 0, 0, 1];
/** Half turn about (0.6, 0, 0.8): R = 2 n n^T - I, columns times 1, 2, 3. */
const HALF_TURN = [-0.28, 0, 2.88, -10, 0, -2, 0, 20, 0.96, 0, 0.84, -30, 0, 0, 0, 1];
const hostileExtension = Buffer.from(Int32Array.of(-16, 6, 0, 0).buffer);

const ODDITIES: readonly Oddity[] = [
  {name: 'vox_offset 0', file: {voxelOffset: 0}, warns: [INSIDE(0, 352)]},
  {name: 'vox_offset 351', file: {voxelOffset: 351}, warns: [INSIDE(351, 352)]},
  {name: 'vox_offset 0 in NIfTI-2', file: {version: 2, voxelOffset: 0}, warns: [INSIDE(0, 544)]},
  {name: 'vox_offset 353', file: {extensions: new Uint8Array(1)}},
  {
    name: 'pixdim 0 with only a qform',
    file: {...QFORM_ONLY, pixdim: [1, 0, 2, 3]},
    affine: UNIT_SPACING_X,
    warns: [
      'the spacing in the header (pixdim) must be positive, got 0 x 2 x 3; read as 1 x 2 x 3.',
    ],
  },
  {
    name: 'pixdim negative with only a qform',
    file: {...QFORM_ONLY, pixdim: [1, -1, 2, 3]},
    warns: [
      'the spacing in the header (pixdim) must be positive, got -1 x 2 x 3; read as 1 x 2 x 3.',
    ],
  },
  {name: 'pixdim NaN with a usable sform', file: {pixdim: [1, NAN, 2, 3]}},
  {name: 'pixdim[0] = 0', file: {...QFORM_ONLY, pixdim: [0, 1, 2, 3]}},
  {name: 'pixdim[0] = 0.5', file: {...QFORM_ONLY, pixdim: [0.5, 1, 2, 3]}},
  {
    name: 'pixdim[0] = -2',
    file: {...QFORM_ONLY, pixdim: [-2, 1, 2, 3]},
    affine: [1, 0, 0, -10, 0, 2, 0, 20, 0, 0, -3, -30, 0, 0, 0, 1],
  },
  {
    name: 'a quaternion a little longer than 1',
    file: {...QFORM_ONLY, quaternion: [0.6000001, 0, 0.8000001]},
    affine: HALF_TURN,
  },
  {
    name: 'a quaternion of length 1.39',
    file: {...QFORM_ONLY, quaternion: [0.6 * 1.39, 0, 0.8 * 1.39]},
    affine: HALF_TURN,
    warns: ['the rotation in the qform is not normalised; it was scaled to a rotation.'],
  },
  {
    name: 'sform NaN with a qform',
    file: {sform: [NAN, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0]},
    warns: ['the orientation matrix (sform) is not usable; the qform is used instead.'],
  },
  {
    name: 'sform all zero with a qform',
    file: {sform: new Array<number>(12).fill(0)},
    warns: ['the orientation matrix (sform) is not usable; the qform is used instead.'],
  },
  {
    name: 'sform sheared',
    file: {
      sform: [1, 1, 0, -10, 0, 2, 0, 20, 0, 0, 3, -30],
      pixdim: [1, 1, Math.sqrt(5), 3],
      qformCode: 0,
    },
    affine: [1, 1, 0, -10, 0, 2, 0, 20, 0, 0, 3, -30, 0, 0, 0, 1],
    warns: [
      'its axes are not at right angles (sheared, up to 26.6 degrees); used as it is, but ITK and ANTs refuse such a file.',
    ],
  },
  ...[1, 0].map((qformCode) => ({
    name: `voxel sizes that are not those of the sform, with a qform code of ${qformCode}`,
    file: {
      ...{qformCode, pixdim: [1, 2, 4, 6], sform: [1, 0, 0, -10, 0, 2, 0, 20, 0, 0, 3, -30]},
    },
    warns: [
      'the voxel sizes in the header (pixdim) are 2 x 4 x 6 mm, those of its sform 1 x 2 x 3 mm; the sform is used, other programs may take the former. Outputs on this grid say the same twice.',
      ...(qformCode === 0
        ? []
        : [
            "its two placements (qform and sform) differ by up to 17.3 mm; the sform is used, some programs (ITK, ANTs) may take the qform. Choose with `geometry: 'sform'` or `geometry: 'qform'`.",
          ]),
    ],
  })),
  {
    name: 'qform and sform that disagree',
    file: {qformOffset: [-10, 20, -33]},
    warns: [
      "its two placements (qform and sform) differ by up to 3.0 mm; the sform is used, some programs (ITK, ANTs) may take the qform. Choose with `geometry: 'sform'` or `geometry: 'qform'`.",
    ],
  },
  {name: 'qform and sform that disagree by 0.05 mm', file: {qformOffset: [-10, 20, -30.05]}},
  {
    name: 'neither qform nor sform',
    file: {qformCode: 0, sformCode: 0},
    affine: [-1, 0, 0, 1.5, 0, 2, 0, -4, 0, 0, 3, -7.5, 0, 0, 0, 1],
    warns: [
      'the header does not say which side is left (qform_code and sform_code are 0); assumed to be stored left-anterior-superior, centred.',
    ],
  },
  {
    name: 'an sform code of the future',
    file: {sformCode: 99},
    warns: ['sform_code must be 0 to 5, got 99; used all the same.'],
  },
  {
    name: 'microns',
    file: {units: 3},
    affine: AFFINE.map((value, n) => (n < 12 ? value / 1000 : value)),
    warns: ['lengths in the header are in microns; converted to mm.'],
  },
  {
    name: 'metres',
    file: {units: 1, version: 2},
    affine: AFFINE.map((value, n) => (n < 12 ? value * 1000 : value)),
    warns: ['lengths in the header are in metres; converted to mm.'],
  },
  {name: 'an unknown unit', file: {units: 0}},
  {name: 'trailing bytes', file: {dim: [3, ...SHAPE], voxels: countingBytes(COUNT + 50)}},
  {name: 'size field 0', file: {sizeField: 0}, warns: [BY_FIT(0, 1)]},
  {
    name: 'size field 0, big-endian',
    file: {sizeField: 0, littleEndian: false},
    warns: [BY_FIT(0, 1)],
  },
  {name: 'size field 540 in NIfTI-1', file: {sizeField: 540}, warns: [BY_FIT(540, 1)]},
  {name: 'size field 0 in NIfTI-2', file: {version: 2, sizeField: 0}, warns: [BY_FIT(0, 2)]},
  {name: 'a wrong bitpix', file: {bitpix: 0}},
  {name: 'a wrong bitpix of 32', file: {bitpix: 32}},
  {name: 'NIfTI-2 line-end bytes all zero', file: {version: 2, lineEnds: [0, 0, 0, 0]}},
  {name: 'zero lengths behind dim[0]', file: {dim: [3, 4, 5, 6, 0, 0, 0, 0]}},
  {name: 'an extension flag without an extension', file: {extensionFlag: [1, 0, 0, 0]}},
  {
    name: 'an extension flag without an extension in NIfTI-2',
    file: {version: 2, extensionFlag: [1, 0, 0, 0]},
  },
  ...[0, 8, 20].map((size) => ({
    name: `an extension of size ${size}`,
    file: {
      extensionFlag: [1, 0, 0, 0],
      extensions: Buffer.from(Int32Array.of(size, 6, 0, 0).buffer),
    },
  })),
  {
    name: 'an extension of size -16 that would make nifti-reader-js loop for ever',
    file: {
      extensionFlag: [1, 0, 0, 0],
      extensions: hostileExtension,
      intentName: '\x10\0\0\0\x06\0\0\0',
    },
  },
  {
    name: 'an intercept of NaN',
    file: {slope: 1, intercept: NAN},
    warns: ['the intercept (scl_inter) is NaN; read as 0.'],
  },
  {name: 'a slope of NaN', file: {slope: NAN, intercept: 5}},
  {name: 'a slope of infinity', file: {slope: Infinity}},
  {name: 'a slope of 0 with an intercept', file: {slope: 0, intercept: 5}},
];

function countingBytes(count: number): Uint8Array {
  return new Uint8Array(Int16Array.from({length: count}, (_, n) => n).buffer);
}

for (const {name, file, affine = AFFINE, warns = []} of ODDITIES) {
  test(`${name} is read, and the user is told where it matters`, async (t) => {
    const path = join(await temporaryFolder(t), 'image.nii');
    await writeFile(path, buildNifti(file));
    const image = await readImage(path);
    assert.deepEqual(
      image.warnings,
      warns.map((text) => `${path}: ${text}`),
    );
    assertAffine(image, affine);
    const counting = Float32Array.from({length: COUNT}, (_, n) => n);
    assert.deepEqual(image.data, counting);
  });
}

function assertAffine(image: FileImage, expected: readonly number[]): void {
  image.affine.rows.forEach((value, n) => {
    // The header holds float32; large numbers come from metres.
    const tolerance = 1e-6 * Math.max(1, Math.abs(expected[n]));
    assert.ok(Math.abs(value - expected[n]) <= tolerance, `affine[${n}] is ${value}`);
  });
}
