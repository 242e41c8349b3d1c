import type {ErrorCode} from '../../src/errors.js';
import type {ReadImageOptions} from '../../src/formats/images/types.js';
import {buildNifti, type NiftiRecipe} from './nifti-builder.js';

/** What a damaged file must end in: a code, and the sentence behind the file's name. */
export interface Refusal {
  readonly name: string;
  readonly file: NiftiRecipe | Uint8Array;
  readonly code: ErrorCode;
  readonly says: string;
  readonly options?: ReadImageOptions;
}

const NAN = Number.NaN;
const DAMAGED = 'the header is damaged';
const AXES = (value: number): string =>
  `the number of axes (dim[0]) must be 1 to 7, got ${value}; ${DAMAGED}.`;
const LENGTH = (axis: number, value: number): string =>
  `the length of axis ${axis} (dim[${axis}]) must be at least 1, got ${value}; ${DAMAGED} or describes a surface, not an image.`;
const OFFSET = (value: number): string =>
  `the place of the voxels (vox_offset) must be a whole number of at least 0, got ${value}; ${DAMAGED}.`;
const CUT = 'it is cut off or its header is wrong.';
const TYPE = (code: number, name: string): string =>
  `voxels must be whole or real numbers (8 to 64 bits), got datatype ${code} (${name}).`;

/** Every way in which a file can be malformed. */
export const REFUSALS: readonly Refusal[] = [
  {name: 'dim[0] = 0', file: {dim: [0, 4, 5, 6]}, code: 'E_NIFTI', says: AXES(0)},
  {name: 'dim[0] = -1', file: {dim: [-1, 4, 5, 6]}, code: 'E_NIFTI', says: AXES(-1)},
  {name: 'dim[0] = 8', file: {dim: [8, 4, 5, 6]}, code: 'E_NIFTI', says: AXES(8)},
  {name: 'dim[0] = 9 in NIfTI-2', file: {version: 2, dim: [9]}, code: 'E_NIFTI', says: AXES(9)},
  {name: 'dim[1] = 0', file: {dim: [3, 0, 5, 6]}, code: 'E_NIFTI', says: LENGTH(1, 0)},
  {
    name: 'dim[1] = -1 (a surface)',
    file: {dim: [3, -1, 1, 1]},
    code: 'E_NIFTI',
    says: LENGTH(1, -1),
  },
  {name: 'dim[2] = -5', file: {dim: [3, 4, -5, 6]}, code: 'E_NIFTI', says: LENGTH(2, -5)},
  {
    name: 'dim[4] = 0 inside dim[0]',
    file: {dim: [4, 4, 5, 6, 0]},
    code: 'E_NIFTI',
    says: LENGTH(4, 0),
  },
  {
    name: 'a negative length in NIfTI-2',
    file: {version: 2, dim: [3, 4, -5, 6]},
    code: 'E_NIFTI',
    says: LENGTH(2, -5),
  },
  {
    name: 'seven axes without a choice of volume',
    file: {dim: [7, 4, 5, 1, 1, 1, 2, 3]},
    code: 'E_NIFTI',
    says: 'must hold one volume, got 6 (4 x 5 x 1 x 1 x 1 x 2 x 3); choose one with `volume: 0` to `volume: 5`.',
  },
  {
    name: 'a volume that is not there',
    file: {dim: [4, 4, 5, 2, 3]},
    options: {volume: 3},
    code: 'E_RANGE',
    says: 'the volume must be a whole number from 0 to 2, got 3.',
  },
  {
    name: 'a vector field where an image is wanted',
    file: {dim: [5, 2, 4, 5, 1, 3], intentCode: 1007},
    code: 'E_NIFTI',
    says: 'must be an image with one number per voxel, got a vector field (2 x 4 x 5 x 1 x 3).',
  },
  {name: 'vox_offset NaN', file: {voxelOffset: NAN}, code: 'E_NIFTI', says: OFFSET(NAN)},
  {name: 'vox_offset Inf', file: {voxelOffset: Infinity}, code: 'E_NIFTI', says: OFFSET(Infinity)},
  {name: 'vox_offset negative', file: {voxelOffset: -352}, code: 'E_NIFTI', says: OFFSET(-352)},
  {
    name: 'vox_offset past the end',
    file: {voxelOffset: 4096},
    code: 'E_NIFTI',
    says: `the file must hold 4336 bytes (4 x 5 x 6 voxels of int16, from byte 4096), got 592; ${CUT}`,
  },
  {
    name: 'pixdim NaN with only a qform',
    file: {pixdim: [1, NAN, 2, 3], sformCode: 0},
    code: 'E_NIFTI',
    says: 'the position and spacing in the header must be finite and the axes distinct, got spacing NaN x 2 x 3 and the matrix [NaN 0 0 -10; NaN 2 0 20; NaN 0 3 -30].',
  },
  {
    name: 'sform NaN without a qform',
    file: {sform: [NAN, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0], qformCode: 0},
    code: 'E_NIFTI',
    says: 'the orientation matrix (sform) must be invertible and finite, got [NaN 0 0 0; 0 1 0 0; 0 0 1 0]; there is no qform to use instead.',
  },
  {
    name: 'sform all zero without a qform',
    file: {sform: new Array<number>(12).fill(0), qformCode: 0},
    code: 'E_NIFTI',
    says: 'the orientation matrix (sform) must be invertible and finite, got [0 0 0 0; 0 0 0 0; 0 0 0 0]; there is no qform to use instead.',
  },
  {
    name: 'sform with two parallel axes without a qform',
    file: {sform: [1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0], qformCode: 0},
    code: 'E_NIFTI',
    says: 'the orientation matrix (sform) must be invertible and finite, got [1 1 0 0; 0 0 0 0; 0 0 1 0]; there is no qform to use instead.',
  },
  ...[1e103, 1e18, -3e9].map((far): Refusal => ({
    name: `NIfTI-2 with a sform that lies ${far} mm away, without a qform`,
    file: {version: 2, sform: [1, 0, 0, far, 0, 1, 0, 0, 0, 0, 1, 0], qformCode: 0},
    code: 'E_NIFTI',
    says: `the orientation matrix (sform) must be invertible and finite, got [1 0 0 ${far}; 0 1 0 0; 0 0 1 0]; there is no qform to use instead.`,
  })),
  {
    name: 'NIfTI-2 with a sform of 1e103, without a qform',
    file: {version: 2, sform: new Array<number>(12).fill(1e103), qformCode: 0},
    code: 'E_NIFTI',
    says: 'the orientation matrix (sform) must be invertible and finite, got [1e+103 1e+103 1e+103 1e+103; 1e+103 1e+103 1e+103 1e+103; 1e+103 1e+103 1e+103 1e+103]; there is no qform to use instead.',
  },
  {
    name: 'a qform that was asked for but is not there',
    file: {qformCode: 0},
    options: {geometry: 'qform'},
    code: 'E_NIFTI',
    says: 'the qform was asked for, but the file has none (qform_code must be 1 to 5, got 0).',
  },
  {
    name: 'truncated voxels',
    file: buildNifti().subarray(0, 492),
    code: 'E_NIFTI',
    says: `the file must hold 592 bytes (4 x 5 x 6 voxels of int16, from byte 352), got 492; ${CUT}`,
  },
  {
    name: 'huge dimensions in a small file',
    file: {dim: [3, 32767, 32767, 32767]},
    code: 'E_NIFTI',
    says: `the file must hold 70362301923678 bytes (32767 x 32767 x 32767 voxels of int16, from byte 352), got 592; ${CUT}`,
  },
  {
    name: 'no magic word',
    file: {magic: '\0\0\0\0'},
    code: 'E_NIFTI',
    says: 'must be NIfTI, got a header without the NIfTI magic word; ANALYZE 7.5 files are not supported because they do not say which side is left.',
  },
  {
    name: 'a damaged NIfTI-2 magic word',
    file: {version: 2, magic: 'n-2\0'},
    code: 'E_NIFTI',
    says: `the NIfTI-2 magic word must be "n+2" or "ni2", got "n-2?"; ${DAMAGED}.`,
  },
  {
    name: 'the magic word of a pair in a lone .nii',
    file: {magic: 'ni1\0'},
    code: 'E_NIFTI',
    says: 'the voxel file image.img must lie beside it (the image is stored as a pair of files), but there is none.',
  },
  {name: 'datatype 0', file: {datatype: 0}, code: 'E_NIFTI', says: TYPE(0, 'unknown')},
  {name: 'datatype 1', file: {datatype: 1}, code: 'E_NIFTI', says: TYPE(1, 'one bit per voxel')},
  {
    name: 'datatype 255',
    file: {datatype: 255},
    code: 'E_NIFTI',
    says: TYPE(255, 'not a known type'),
  },
  {
    name: 'datatype 9999',
    file: {datatype: 9999},
    code: 'E_NIFTI',
    says: TYPE(9999, 'not a known type'),
  },
  {name: 'complex64', file: {datatype: 32}, code: 'E_NIFTI', says: TYPE(32, 'complex64')},
  {name: 'complex128', file: {datatype: 1792}, code: 'E_NIFTI', says: TYPE(1792, 'complex128')},
  {name: 'RGB24', file: {datatype: 128}, code: 'E_NIFTI', says: TYPE(128, 'RGB24 colour')},
  {name: 'RGBA32', file: {datatype: 2304}, code: 'E_NIFTI', says: TYPE(2304, 'RGBA32 colour')},
  {name: 'float128', file: {datatype: 1536}, code: 'E_NIFTI', says: TYPE(1536, 'float128')},
  {name: 'complex256', file: {datatype: 2048}, code: 'E_NIFTI', says: TYPE(2048, 'complex256')},
  {
    name: 'an empty file',
    file: new Uint8Array(0),
    code: 'E_NIFTI',
    says: 'not a NIfTI file: a header must have at least 348 bytes, got 0.',
  },
  {
    name: 'a header of 300 bytes',
    file: buildNifti().subarray(0, 300),
    code: 'E_NIFTI',
    says: 'not a NIfTI file: a header must have at least 348 bytes, got 300.',
  },
  {
    name: 'a NIfTI-2 header of 400 bytes',
    file: buildNifti({version: 2}).subarray(0, 400),
    code: 'E_NIFTI',
    says: 'the NIfTI-2 header must have 540 bytes, got 400; the file is cut off.',
  },
  {
    name: 'NIfTI-2 line-end bytes changed by a text transfer',
    file: {version: 2, lineEnds: [10, 26, 10, 0]},
    code: 'E_NIFTI',
    says: 'the NIfTI-2 line-end bytes must be 13 10 26 10, got 10 26 10 0; the file was changed by a transfer in text mode.',
  },
  {
    name: 'something else entirely',
    file: {sizeField: 1701, magic: 'none'},
    code: 'E_NIFTI',
    says: 'not a NIfTI-1 or NIfTI-2 file (header size field is 1701, expected 348 or 540).',
  },
  {
    name: 'a DICOM file',
    file: Buffer.concat([new Uint8Array(128), Buffer.from('DICM'), new Uint8Array(500)]),
    code: 'E_NIFTI',
    says: 'not a NIfTI-1 or NIfTI-2 file (header size field is 0, expected 348 or 540); it looks like a DICOM file.',
  },
];

/** The bytes of such a file. */
export function malformedBytes({file}: Refusal): Uint8Array {
  return file instanceof Uint8Array ? file : buildNifti(file);
}
