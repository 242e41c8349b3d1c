import {NIFTI1, NIFTI2} from 'nifti-reader-js';
import type {HeaderLayout} from './layout.js';
import type {Triple} from '../../../geometry/triple.js';

/** The fields of a header as they stand in the file, before any rule or repair. */
export interface NiftiFields {
  /** dim[0..7]. */
  readonly dim: readonly number[];
  readonly datatype: number;
  /** pixdim[0..7]. */
  readonly pixdim: readonly number[];
  readonly voxelOffset: number;
  readonly slope: number;
  readonly intercept: number;
  readonly units: number;
  readonly qformCode: number;
  readonly sformCode: number;
  readonly quaternion: Triple;
  readonly qformOffset: Triple;
  readonly sform: readonly number[];
  readonly intentCode: number;
  readonly intentName: string;
  readonly intentParameters: Triple;
  readonly description: string;
}

/**
 * The fields of a header whose layout `findLayout` has already settled.
 *
 * nifti-reader-js parses them. It sees only the fixed part of the header (348 or 540 bytes), so that its extension parser,
 * which can loop for ever, never runs, and its affine is not used: it prefers the qform by the size of the codes, ignores
 * it in NIfTI-2, and gives NaN for half of the exact 180 degree rotations. Fields it reads wrongly are read here.
 */
export function parseFields(header: Uint8Array, layout: HeaderLayout): NiftiFields {
  const fixed = new Uint8Array(layout.headerSize);
  fixed.set(header.subarray(0, layout.headerSize));
  const view = new DataView(fixed.buffer);
  view.setInt32(0, layout.headerSize, layout.littleEndian); // The parser goes by this field alone.
  const parsed = layout.version === 1 ? new NIFTI1() : new NIFTI2();
  parsed.readHeader(fixed.buffer);
  return {
    ...(layout.version === 1
      ? {dim: parsed.dims.slice(0, 8), voxelOffset: parsed.vox_offset}
      : readLongFields(view, layout.littleEndian)),
    datatype: parsed.datatypeCode,
    pixdim: parsed.pixDims.slice(0, 8),
    slope: parsed.scl_slope,
    intercept: parsed.scl_inter,
    units: parsed.xyzt_units,
    qformCode: parsed.qform_code,
    sformCode: parsed.sform_code,
    quaternion: [parsed.quatern_b, parsed.quatern_c, parsed.quatern_d],
    qformOffset: [parsed.qoffset_x, parsed.qoffset_y, parsed.qoffset_z],
    sform: readSform(view, layout),
    intentCode: parsed.intent_code,
    intentName: cleanText(parsed.intent_name),
    intentParameters: [parsed.intent_p1, parsed.intent_p2, parsed.intent_p3],
    description: cleanText(parsed.description),
  };
}

/** The 64-bit fields of NIfTI-2: the parser's are wrong where they are big-endian or negative. */
function readLongFields(
  view: DataView,
  littleEndian: boolean,
): Pick<NiftiFields, 'dim' | 'voxelOffset'> {
  const readLong = (offset: number): number => Number(view.getBigInt64(offset, littleEndian));
  return {
    dim: [0, 1, 2, 3, 4, 5, 6, 7].map((index) => readLong(16 + 8 * index)),
    voxelOffset: readLong(168),
  };
}

/** srow_x, srow_y, srow_z: the parser keeps them only where it takes its affine from them. */
function readSform(view: DataView, {version, littleEndian}: HeaderLayout): readonly number[] {
  return Array.from({length: 12}, (_, index) =>
    version === 1
      ? view.getFloat32(280 + 4 * index, littleEndian)
      : view.getFloat64(400 + 8 * index, littleEndian),
  );
}

/** Printable ASCII only: header texts end up in terminals and reports. */
function cleanText(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '').trim();
}
