import {HypermorphError} from '../../../errors.js';
import {writeFileAtomically} from '../../files.js';
import {gzipBytes} from '../../gzip.js';
import {named} from '../../named.js';
import type {Source} from '../../source.js';
import {decodeIntensities, decodeLabels, type StoredNumbers} from './decode.js';
import {encodeNiftiParts} from './encode.js';
import {intentMeaning, isVectorIntent} from './intents.js';
import {intentOf, openNifti, placementOf, readVoxelBytes, requireReadable} from './source.js';
import type {NiftiSource} from './source.js';
import type {
  NiftiDescription,
  NiftiField,
  NiftiImage,
  NiftiOutput,
  ReadNiftiOptions,
} from './types.js';

export {encodeNifti, encodeNiftiParts, encodeNiftiSeries} from './encode.js';
export {geometryFromGrid} from './geometry.js';
export {openNiftiSeries} from './series.js';
export type {
  NiftiDescription,
  NiftiField,
  NiftiGeometry,
  NiftiImage,
  NiftiOutput,
  NiftiSeries,
  PlacedGrid,
  ReadNiftiOptions,
} from './types.js';

/**
 * Read a scalar image.
 *
 * NIfTI-1 or NIfTI-2; .nii, .hdr or .img, plain or gzipped; either byte order; integers of 8 to 64 bits, float32, float64.
 *
 * @param options.volume - Needed where the file holds more than one volume; counted from 0.
 * @param options.geometry - 'auto' takes the sform where its code is set, else the qform, else assumes LAS.
 * @param options.kind - 'intensity' (default) gives float32, scaled; 'label' keeps whole numbers.
 * @returns Voxels with i fastest; `warnings` says what was odd about the file.
 * @throws {HypermorphError} E_IO (missing, unreadable, damaged gzip), E_NIFTI (header or size), E_RANGE (no such volume).
 */
export async function readNifti(
  source: Source,
  options: ReadNiftiOptions = {},
): Promise<NiftiImage> {
  const file = await openNifti(source);
  const volume = chooseVolume(file, options.volume);
  return options.kind === 'label'
    ? readVolumes(file, options, [volume, 1], decodeLabels)
    : readVolumes(file, options, [volume, 1], decodeIntensities);
}

/**
 * Read a field of three numbers per voxel: five axes (X, Y, Z, 1, 3) or four (X, Y, Z, 3).
 *
 * The numbers are not converted: what they mean is the convention of the program that wrote them (see `intent`).
 *
 * @throws {HypermorphError} As `readNifti`; E_NIFTI if the file does not hold three numbers per voxel.
 * @example
 * import {readNiftiField} from 'hypermorph';
 * const warp = await readNiftiField('warp.nii.gz');
 * warp.data.length === 3 * 11 * 9 * 10; // true
 */
export async function readNiftiField(
  source: Source,
  options: Pick<ReadNiftiOptions, 'geometry'> = {},
): Promise<NiftiField> {
  const file = await openNifti(source);
  requireReadable(file);
  if (file.volumes !== 3 || (file.dimensions.length > 4 && file.dimensions[4] !== 3)) {
    throw new HypermorphError(
      'E_NIFTI',
      `${file.path}: a vector field must have the axes X x Y x Z x 1 x 3 or X x Y x Z x 3, got ${file.dimensions.join(' x ')}.`,
    );
  }
  return readVolumes(file, options, [0, 3], decodeIntensities);
}

/** The numbers of volumes [first, first + count), with all that is known about their file. */
async function readVolumes<Data>(
  file: NiftiSource,
  options: Pick<ReadNiftiOptions, 'geometry'>,
  [first, count]: readonly [number, number],
  decode: (stored: StoredNumbers, warn: (text: string) => void) => Data,
): Promise<Omit<NiftiImage, 'data'> & {readonly data: Data}> {
  const {path, shape, scaling, layout} = file;
  const datatype = requireReadable(file);
  const placement = placementOf(file, options);
  const voxels = shape[0] * shape[1] * shape[2];
  const bytes = await readVoxelBytes(file, [first * voxels, count * voxels]);
  const warnings = [...file.warnings, ...placement.warnings];
  const stored = {bytes, datatype, littleEndian: layout.littleEndian, scaling};
  const data = named(path, () => decode(stored, (text) => void warnings.push(`${path}: ${text}`)));
  return {
    path,
    files: file.files,
    shape,
    affine: placement.affine,
    geometry: placement.geometry,
    datatype: datatype.name,
    orientationKnown: placement.source !== 'assumed',
    geometrySource: placement.source,
    intent: intentOf(file),
    data,
    warnings,
  };
}

/**
 * What a file says about itself, from its header alone.
 *
 * @throws {HypermorphError} E_IO if it cannot be read, E_NIFTI if the header makes no sense.
 * @example
 * import {describeNifti} from 'hypermorph';
 * const {shape, warnings} = await describeNifti('fixed.nii.gz'); // reads the header alone
 * shape; // [11, 9, 10]
 */
export async function describeNifti(
  from: Source,
  options: Pick<ReadNiftiOptions, 'geometry'> = {},
): Promise<NiftiDescription> {
  const source = await openNifti(from);
  const {path, fields, layout} = source;
  const placement = placementOf(source, options);
  return {
    path,
    version: layout.version,
    byteOrder: layout.littleEndian ? 'little-endian' : 'big-endian',
    compressed: source.compressed,
    pair: layout.pair,
    dimensions: source.dimensions,
    shape: source.shape,
    volumes: source.volumes,
    datatype: source.datatype.name,
    readable: source.datatype.kind === 'readable',
    scaling: source.scaling,
    affine: placement.affine,
    spacing: placement.affine.spacing,
    orientation: placement.affine.orientation,
    orientationKnown: placement.source !== 'assumed',
    geometrySource: placement.source,
    qformCode: fields.qformCode,
    sformCode: fields.sformCode,
    unit: placement.geometry.unit,
    intent: intentOf(source),
    intentMeaning: intentMeaning(fields.intentCode, fields.intentName),
    descriptionText: fields.description,
    warnings: [...source.warnings, ...placement.warnings],
  };
}

/** The files of an image: one, or header and voxels of a pair; what cannot be read is one file. */
export async function filesOfImage(path: string): Promise<readonly string[]> {
  try {
    return (await openNifti(path)).files;
  } catch {
    return [path]; // its reader says what is wrong with it
  }
}

/**
 * Write an image or a field, whole or not at all; the name decides whether it is compressed (.nii.gz) or not (.nii).
 *
 * @throws {HypermorphError} E_USAGE if the name ends otherwise, E_IO if it cannot be written, else as `encodeNifti`.
 * @example
 * import {readImage, writeNifti} from 'hypermorph';
 * const {shape, geometry, data} = await readImage('fixed.nii.gz');
 * await writeNifti('inverted.nii.gz', {shape, geometry, data: data.map((value) => -value)});
 */
export async function writeNifti(path: string, output: NiftiOutput): Promise<void> {
  requireNiftiName(path);
  const bytes = encodeNiftiParts(output);
  await writeFileAtomically(path, isCompressedName(path) ? await gzipBytes(bytes) : bytes);
}

/** Check an output's name before any work is done. E_USAGE if it does not end in .nii or .nii.gz. */
export function requireNiftiName(path: string): void {
  if (!/\.nii(\.gz)?$/i.test(path)) {
    throw new HypermorphError(
      'E_USAGE',
      `${path}: the name of an output image must end in .nii or .nii.gz.`,
    );
  }
}

function isCompressedName(path: string): boolean {
  return /\.gz$/i.test(path);
}

function chooseVolume({path, volumes, dimensions, fields}: NiftiSource, volume?: number): number {
  const last = volumes - 1;
  if (volume === undefined && last > 0) {
    const axes = dimensions.join(' x ');
    throw new HypermorphError(
      'E_NIFTI',
      isVectorIntent(fields.intentCode)
        ? `${path}: must be an image with one number per voxel, got a vector field (${axes}).`
        : `${path}: must hold one volume, got ${volumes} (${axes}); choose one with \`volume: 0\` to \`volume: ${last}\`.`,
    );
  }
  const chosen = volume ?? 0;
  if (!Number.isInteger(chosen) || chosen < 0 || chosen > last) {
    throw new HypermorphError(
      'E_RANGE',
      `${path}: the volume must be a whole number from 0 to ${last}, got ${chosen}.`,
    );
  }
  return chosen;
}
