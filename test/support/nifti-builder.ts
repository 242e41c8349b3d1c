import {gzipSync} from 'node:zlib';

/** A NIfTI file to be built byte by byte, right or wrong; what is not given is sound. */
export interface NiftiRecipe {
  readonly version?: 1 | 2;
  readonly littleEndian?: boolean;
  readonly sizeField?: number;
  readonly magic?: string;
  /** dim[0..7]; missing ones are 1. */
  readonly dim?: readonly number[];
  readonly datatype?: number;
  readonly bitpix?: number;
  /** pixdim[0..7]; missing ones are 1. */
  readonly pixdim?: readonly number[];
  readonly voxelOffset?: number;
  readonly slope?: number;
  readonly intercept?: number;
  readonly units?: number;
  readonly qformCode?: number;
  readonly sformCode?: number;
  readonly quaternion?: readonly number[];
  readonly qformOffset?: readonly number[];
  readonly sform?: readonly number[];
  readonly intentCode?: number;
  readonly intentName?: string;
  readonly description?: string;
  readonly extensionFlag?: readonly number[];
  /** Bytes between the extension flag and the voxels. */
  readonly extensions?: Uint8Array;
  /** Only for version 2. */
  readonly lineEnds?: readonly number[];
  /** Voxel bytes; default: int16 counting 0, 1, 2 … over the shape. */
  readonly voxels?: Uint8Array;
}

export const SHAPE = [4, 5, 6] as const;
const COUNT = SHAPE[0] * SHAPE[1] * SHAPE[2];
/** 1 x 2 x 3 mm, RAS. */
export const AFFINE = [1, 0, 0, -10, 0, 2, 0, 20, 0, 0, 3, -30, 0, 0, 0, 1] as const;

interface FieldPlaces {
  readonly size: 348 | 540;
  readonly dim: number;
  readonly datatype: number;
  readonly bitpix: number;
  readonly pixdim: number;
  readonly voxelOffset: number;
  readonly slope: number;
  readonly qformCode: number;
  readonly sformCode: number;
  readonly quaternion: number;
  readonly sform: number;
  readonly intentCode: number;
  readonly intentName: number;
  readonly units: number;
  readonly description: number;
}

const PLACES: Readonly<Record<1 | 2, FieldPlaces>> = {
  1: {
    size: 348,
    dim: 40,
    datatype: 70,
    bitpix: 72,
    pixdim: 76,
    voxelOffset: 108,
    slope: 112,
    qformCode: 252,
    sformCode: 254,
    quaternion: 256,
    sform: 280,
    intentCode: 68,
    intentName: 328,
    units: 123,
    description: 148,
  },
  2: {
    size: 540,
    dim: 16,
    datatype: 12,
    bitpix: 14,
    pixdim: 104,
    voxelOffset: 168,
    slope: 176,
    qformCode: 344,
    sformCode: 348,
    quaternion: 352,
    sform: 400,
    intentCode: 504,
    intentName: 508,
    units: 500,
    description: 240,
  },
};

/** The bytes of a single-file image. */
export function buildNifti(recipe: NiftiRecipe = {}): Uint8Array {
  const {version = 1, littleEndian = true, extensions = new Uint8Array(0)} = recipe;
  const places = PLACES[version];
  const start = places.size + 4 + extensions.length;
  const voxels = recipe.voxels ?? countingVoxels(littleEndian);
  const file = new Uint8Array(start + voxels.length);
  const view = new DataView(file.buffer);
  const put = numberWriter(view, version, littleEndian);
  view.setInt32(0, recipe.sizeField ?? places.size, littleEndian);
  const dim = recipe.dim ?? [3, ...SHAPE];
  for (let n = 0; n < 8; n++) {
    put.length(places.dim, n, dim[n] ?? 1);
    put.float(places.pixdim, n, recipe.pixdim?.[n] ?? [1, 1, 2, 3][n] ?? 1);
  }
  view.setInt16(places.datatype, recipe.datatype ?? 4, littleEndian);
  view.setInt16(places.bitpix, recipe.bitpix ?? 16, littleEndian);
  put.offset(places.voxelOffset, recipe.voxelOffset ?? start);
  put.float(places.slope, 0, recipe.slope ?? 1);
  put.float(places.slope, 1, recipe.intercept ?? 0);
  put.code(places.qformCode, recipe.qformCode ?? 1);
  put.code(places.sformCode, recipe.sformCode ?? 1);
  const rotation = [...(recipe.quaternion ?? [0, 0, 0]), ...(recipe.qformOffset ?? [-10, 20, -30])];
  rotation.forEach((value, n) => put.float(places.quaternion, n, value));
  (recipe.sform ?? AFFINE.slice(0, 12)).forEach((value, n) => put.float(places.sform, n, value));
  put.code(places.intentCode, recipe.intentCode ?? 0);
  if (version === 1) view.setUint8(places.units, recipe.units ?? 10);
  else view.setInt32(places.units, recipe.units ?? 10, littleEndian);
  putText(file, places.intentName, recipe.intentName ?? '');
  putText(file, places.description, recipe.description ?? '');
  if (version === 1) {
    putText(file, 344, recipe.magic ?? 'n+1\0');
  } else {
    putText(file, 4, recipe.magic ?? 'n+2\0');
    file.set(recipe.lineEnds ?? [13, 10, 26, 10], 8);
  }
  file.set(recipe.extensionFlag ?? [0, 0, 0, 0], places.size);
  file.set(extensions, places.size + 4);
  file.set(voxels, start);
  return file;
}

/** The same, gzipped. */
export function buildGzipped(recipe: NiftiRecipe = {}): Uint8Array {
  return gzipSync(buildNifti(recipe));
}

function countingVoxels(littleEndian: boolean): Uint8Array {
  const voxels = new Uint8Array(2 * COUNT);
  const view = new DataView(voxels.buffer);
  for (let n = 0; n < COUNT; n++) {
    view.setInt16(2 * n, n, littleEndian);
  }
  return voxels;
}

interface NumberWriter {
  length(at: number, index: number, value: number): void;
  float(at: number, index: number, value: number): void;
  offset(at: number, value: number): void;
  code(at: number, value: number): void;
}

function numberWriter(view: DataView, version: 1 | 2, littleEndian: boolean): NumberWriter {
  return version === 1
    ? {
        length: (at, index, value) => view.setInt16(at + 2 * index, value, littleEndian),
        float: (at, index, value) => view.setFloat32(at + 4 * index, value, littleEndian),
        offset: (at, value) => view.setFloat32(at, value, littleEndian),
        code: (at, value) => view.setInt16(at, value, littleEndian),
      }
    : {
        length: (at, index, value) => view.setBigInt64(at + 8 * index, BigInt(value), littleEndian),
        float: (at, index, value) => view.setFloat64(at + 8 * index, value, littleEndian),
        offset: (at, value) => view.setBigInt64(at, BigInt(value), littleEndian),
        code: (at, value) => view.setInt32(at, value, littleEndian),
      };
}

function putText(file: Uint8Array, at: number, text: string): void {
  file.set(Buffer.from(text, 'latin1'), at);
}
