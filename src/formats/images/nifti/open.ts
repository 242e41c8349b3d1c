import {HypermorphError} from '../../../errors.js';
import {baseNameOf} from '../../bytes.js';
import {fileExists} from '../../files.js';
import {inflateStart, isGzip} from '../../gzip.js';
import {named} from '../../named.js';
import {nameOf, withOpenSource, type Source} from '../../source.js';
import {datatypeOf} from '../datatypes.js';
import type {ImageSource} from '../source.js';
import {parseFields, type NiftiFields} from './fields.js';
import {choosePlacement} from './geometry.js';
import {findLayout, HEADER_BYTES, type HeaderLayout} from './layout.js';

/** The compressed start of a file in which the header is looked for. */
const PREFIX_BYTES = 1 << 16;

/**
 * Read and check the header of a NIfTI file: .nii, .hdr or .img, each plain or gzipped (the content decides).
 *
 * @throws {HypermorphError} E_IO if a file is missing, E_NIFTI if the header makes no sense; the sentence starts with the path or name.
 */
export async function openNifti(source: Source): Promise<ImageSource> {
  const path = nameOf(source);
  const headerSource = typeof source === 'string' ? await findHeaderFile(source) : source;
  const {header, compressed} = await readHeaderBytes(headerSource);
  const {layout, fields, offset, ...contents} = named(path, () => readHeader(header));
  const data = layout.pair ? await findVoxelFile(source, headerSource) : headerSource;
  return {
    ...contents,
    path,
    format: layout.version === 1 ? 'NIfTI-1' : 'NIfTI-2',
    fault: 'E_NIFTI',
    compressed,
    files: [...new Set([nameOf(headerSource), nameOf(data)])],
    interleaved: 1,
    voxels: {source: data, start: 0, compression: 'by content', offset},
    littleEndian: layout.littleEndian,
    place: (request) => choosePlacement(fields, contents.shape, request),
    codes: {qform: fields.qformCode, sform: fields.sformCode},
  };
}

/** The part of xyzt_units that is a unit of time. */
const TIME_BITS = 0x38;

type Header = Pick<
  ImageSource,
  | 'dimensions'
  | 'shape'
  | 'volumes'
  | 'datatype'
  | 'scaling'
  | 'intent'
  | 'timing'
  | 'description'
  | 'warnings'
> & {readonly layout: HeaderLayout; readonly fields: NiftiFields; readonly offset: number};

/** What the bytes of a header say. */
function readHeader(header: Uint8Array): Header {
  const layout = findLayout(header);
  const fields = parseFields(header, layout);
  const dimensions = requireDimensions(fields);
  const warnings = [...layout.warnings];
  const [i, j = 1, k = 1, ...further] = dimensions;
  return {
    layout,
    fields,
    offset: findDataOffset(fields, layout, warnings),
    dimensions,
    shape: [i, j, k],
    volumes: further.reduce((product, length) => product * length, 1),
    datatype: datatypeOf(fields.datatype),
    scaling: scalingOf(fields, warnings),
    intent: {
      code: fields.intentCode,
      name: fields.intentName,
      parameters: fields.intentParameters,
    },
    timing: {steps: fields.pixdim.slice(4), timeUnit: fields.units & TIME_BITS},
    description: fields.description,
    warnings,
  };
}

async function readHeaderBytes(source: Source): Promise<{header: Uint8Array; compressed: boolean}> {
  return withOpenSource(source, async (file) => {
    const prefix = await file.read(0, Math.min(file.size, PREFIX_BYTES));
    if (!isGzip(prefix)) return {header: prefix.subarray(0, HEADER_BYTES), compressed: false};
    const header = await named(file.path, () => inflateStart(prefix, HEADER_BYTES));
    if (!isGzip(header)) return {header, compressed: true};
    throw new HypermorphError(
      'E_NIFTI',
      `${file.path}: an image must be compressed once, got gzip data inside of gzip data.`,
      {hint: 'Unpack it once.'},
    );
  });
}

/** `image.img` names a pair as well as `image.hdr` does. */
async function findHeaderFile(path: string): Promise<string> {
  const match = /^(.*)\.img(\.gz)?$/is.exec(path);
  if (match === null) {
    return path;
  }
  const candidates = beside(path, match[1], 'hdr');
  return (await firstExisting(candidates)) ?? missingHalf(path, 'header', candidates[0]);
}

async function findVoxelFile(path: Source, header: Source): Promise<string> {
  if (typeof path !== 'string') {
    throw new HypermorphError(
      'E_NIFTI',
      `${path.name}: bytes must hold header and voxels, got the header of an image that is stored as a pair of files.`,
    );
  }
  if (path !== header) return path; // The user named the .img.
  const candidates = beside(path, path.replace(/\.(hdr|nii)(\.gz)?$/i, ''), 'img');
  return (await firstExisting(candidates)) ?? missingHalf(path, 'voxel', candidates[0]);
}

function beside(path: string, base: string, extension: 'hdr' | 'img'): readonly string[] {
  const upper = /\.(HDR|IMG|NII)(\.GZ)?$/.test(path);
  const name = `${base}.${upper ? extension.toUpperCase() : extension}`;
  return [name, `${name}${upper ? '.GZ' : '.gz'}`];
}

async function firstExisting(paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) {
    if (await fileExists(path)) {
      return path;
    }
  }
  return undefined;
}

function missingHalf(path: string, half: 'header' | 'voxel', expected: string): never {
  throw new HypermorphError(
    'E_NIFTI',
    `${path}: the ${half} file ${baseNameOf(expected)} must lie beside it (the image is stored as a pair of files), but there is none.`,
  );
}

function requireDimensions({dim}: NiftiFields): readonly number[] {
  const dimensions = dim.slice(1, dim[0] + 1);
  const wrong = dimensions.findIndex((length) => !(length >= 1));
  if (wrong >= 0) {
    throw new HypermorphError(
      'E_NIFTI',
      `the length of axis ${wrong + 1} (dim[${wrong + 1}]) must be at least 1, got ${dimensions[wrong]}; the header is damaged or describes a surface, not an image.`,
    );
  }
  return dimensions;
}

function findDataOffset(
  {voxelOffset}: NiftiFields,
  layout: HeaderLayout,
  warnings: string[],
): number {
  if (!Number.isSafeInteger(voxelOffset) || voxelOffset < 0) {
    throw new HypermorphError(
      'E_NIFTI',
      `the place of the voxels (vox_offset) must be a whole number of at least 0, got ${voxelOffset}; the header is damaged.`,
    );
  }
  const first = layout.headerSize + 4; // Behind the header and its extension flag.
  if (!layout.pair && voxelOffset < first) {
    warnings.push(
      `the place of the voxels (vox_offset) is ${voxelOffset}, inside the header; read from byte ${first}.`,
    );
    return first;
  }
  return voxelOffset;
}

/** Stored value -> intensity; a slope of 0, NaN or infinity means that there is nothing to scale. */
function scalingOf({slope, intercept}: NiftiFields, warnings: string[]): ImageSource['scaling'] {
  if (slope === 0 || !Number.isFinite(slope)) {
    return null;
  }
  if (!Number.isFinite(intercept)) {
    warnings.push(`the intercept (scl_inter) is ${intercept}; read as 0.`);
  }
  const usable = Number.isFinite(intercept) ? intercept : 0;
  return slope === 1 && usable === 0 ? null : {slope, intercept: usable};
}
