import {HypermorphError} from '../../../errors.js';
import {writeFileAtomically} from '../../files.js';
import {gzipBytes} from '../../gzip.js';
import {decodeIntensities, decodeLabels} from './decode.js';
import {encodeNiftiParts} from './encode.js';
import {choosePlacement} from './geometry.js';
import type {Placement} from './geometry.js';
import {intentMeaning, isVectorIntent} from './intents.js';
import {openNifti, readVoxelBytes, requireReadable} from './source.js';
import type {NiftiSource} from './source.js';
import type {
  NiftiDescription,
  NiftiField,
  NiftiImage,
  NiftiIntent,
  NiftiOutput,
  ReadNiftiOptions,
} from './types.js';

export {encodeNifti, encodeNiftiParts} from './encode.js';
export {geometryFromGrid} from './geometry.js';
export type {
  NiftiDescription,
  NiftiField,
  NiftiGeometry,
  NiftiImage,
  NiftiIntent,
  NiftiOutput,
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
export async function readNifti(path: string, options: ReadNiftiOptions = {}): Promise<NiftiImage> {
  const source = await openNifti(path);
  const datatype = requireReadable(source);
  const volume = chooseVolume(source, options.volume);
  const placement = choosePlacement(source.fields, source.shape, path, options.geometry);
  const count = source.shape[0] * source.shape[1] * source.shape[2];
  const bytes = await readVoxelBytes(source, [volume * count, count]);
  const warnings = [...source.warnings, ...placement.warnings];
  const warn = (text: string): void => void warnings.push(`${path}: ${text}`);
  const {littleEndian} = source.layout;
  const stored = {bytes, datatype, littleEndian, scaling: source.scaling};
  const data =
    options.kind === 'label' ? decodeLabels(stored, path, warn) : decodeIntensities(stored, warn);
  return {...imageProperties(source, placement), data, warnings};
}

/**
 * Read a field of three numbers per voxel: five axes (X, Y, Z, 1, 3) or four (X, Y, Z, 3).
 *
 * The numbers are not converted: what they mean is the convention of the program that wrote them (see `intent`).
 *
 * @throws {HypermorphError} As `readNifti`; E_NIFTI if the file does not hold three numbers per voxel.
 */
export async function readNiftiField(
  path: string,
  options: Pick<ReadNiftiOptions, 'geometry'> = {},
): Promise<NiftiField> {
  const source = await openNifti(path);
  const datatype = requireReadable(source);
  if (source.volumes !== 3 || (source.dimensions.length > 4 && source.dimensions[4] !== 3)) {
    throw new HypermorphError(
      'E_NIFTI',
      `${path}: a vector field must have the axes X x Y x Z x 1 x 3 or X x Y x Z x 3, got ${source.dimensions.join(' x ')}.`,
    );
  }
  const placement = choosePlacement(source.fields, source.shape, path, options.geometry);
  const count = 3 * source.shape[0] * source.shape[1] * source.shape[2];
  const bytes = await readVoxelBytes(source, [0, count]);
  const warnings = [...source.warnings, ...placement.warnings];
  const {littleEndian} = source.layout;
  const data = decodeIntensities(
    {bytes, datatype, littleEndian, scaling: source.scaling},
    (text) => void warnings.push(`${path}: ${text}`),
  );
  return {...imageProperties(source, placement), data, warnings};
}

/**
 * What a file says about itself, from its header alone.
 *
 * @throws {HypermorphError} E_IO if it cannot be read, E_NIFTI if the header makes no sense.
 */
export async function describeNifti(
  path: string,
  options: Pick<ReadNiftiOptions, 'geometry'> = {},
): Promise<NiftiDescription> {
  const source = await openNifti(path);
  const {fields, layout} = source;
  const placement = choosePlacement(fields, source.shape, path, options.geometry);
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

/**
 * Write an image or a field, whole or not at all; the name decides whether it is compressed (.nii.gz) or not (.nii).
 *
 * @throws {HypermorphError} E_USAGE if the name ends otherwise, E_IO if it cannot be written, else as `encodeNifti`.
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

function imageProperties(
  source: NiftiSource,
  placement: Placement,
): Omit<NiftiImage, 'data' | 'warnings'> {
  return {
    path: source.path,
    files: [...new Set([source.headerPath, source.dataPath])],
    shape: source.shape,
    affine: placement.affine,
    geometry: placement.geometry,
    datatype: source.datatype.name,
    orientationKnown: placement.source !== 'assumed',
    intent: intentOf(source),
  };
}

function intentOf({fields}: NiftiSource): NiftiIntent {
  return {
    code: fields.intentCode,
    name: fields.intentName,
    parameters: fields.intentParameters,
  };
}

function chooseVolume({path, volumes, dimensions, fields}: NiftiSource, volume?: number): number {
  const last = volumes - 1;
  if (volume === undefined && last > 0) {
    const axes = dimensions.join(' x ');
    throw new HypermorphError(
      'E_NIFTI',
      isVectorIntent(fields.intentCode)
        ? `${path}: must be an image with one number per voxel, got a vector field (${axes}).`
        : `${path}: must hold one volume, got ${volumes} (${axes}); choose one with --volume 0 to --volume ${last}.`,
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
