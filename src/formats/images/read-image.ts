import {HypermorphError} from '../../errors.js';
import {named} from '../named.js';
import type {Source} from '../source.js';
import {decodeIntensities, decodeLabels, type StoredNumbers} from './decode.js';
import {isVectorIntent} from './nifti/intents.js';
import {openImage} from './open-image.js';
import {
  placementOf,
  readVoxelBytes,
  requireReadable,
  requireScalars,
  type ImageSource,
} from './source.js';
import type {FileField, FileImage, ReadImageOptions} from './types.js';

/**
 * Read a scalar image.
 *
 * The name says the format: NIfTI-1 or NIfTI-2 (.nii, .hdr or .img, plain or gzipped), FreeSurfer's .mgh and .mgz, .nrrd and .nhdr,
 * .mha and .mhd; another name is taken for NIfTI. Either byte order; integers of 8 to 64 bits, float32, float64.
 *
 * @param options.volume - Needed where the file holds more than one volume; counted from 0.
 * @param options.geometry - 'auto' takes the sform where its code is set, else the qform, else assumes LAS.
 * @param options.kind - 'intensity' (default) gives float32, scaled; 'label' keeps whole numbers.
 * @returns Voxels with i fastest; `warnings` says what was odd about the file.
 * @throws {HypermorphError} E_IO (missing, unreadable, damaged gzip), E_NIFTI or, of another format, E_IMAGE (header or size),
 *   E_RANGE (no such volume).
 * @example
 * import {readImage} from 'hypermorph';
 * const image = await readImage('fixed.nii.gz');
 * image.shape; // [11, 9, 10]
 * image.affine.orientation; // 'RAS'
 */
export async function readImage(
  source: Source,
  options: ReadImageOptions = {},
): Promise<FileImage> {
  const file = await openImage(source);
  requireScalars(file);
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
 * @throws {HypermorphError} As `readImage`; E_NIFTI or E_IMAGE if the file does not hold three numbers per voxel.
 * @example
 * import {readField} from 'hypermorph';
 * const warp = await readField('warp.nii.gz');
 * warp.data.length === 3 * 11 * 9 * 10; // true
 */
export async function readField(
  source: Source,
  options: Pick<ReadImageOptions, 'geometry'> = {},
): Promise<FileField> {
  const file = await openImage(source);
  requireReadable(file);
  if (file.interleaved === 3) {
    const {data, ...field} = await readVolumes(file, options, [0, 3], decodeIntensities);
    return {...field, data: separated(data)};
  }
  if (file.volumes !== 3 || (file.dimensions.length > 4 && file.dimensions[4] !== 3)) {
    throw new HypermorphError(
      file.fault,
      `${file.path}: a vector field must have the axes X x Y x Z x 1 x 3 or X x Y x Z x 3, got ${file.dimensions.join(' x ')}.`,
    );
  }
  return readVolumes(file, options, [0, 3], decodeIntensities);
}

/** One component after the other, of vectors that stood side by side. */
function separated(vectors: Float32Array): Float32Array {
  const count = vectors.length / 3;
  const result = new Float32Array(vectors.length);
  for (let n = 0; n < count; n++) {
    for (let c = 0; c < 3; c++) result[c * count + n] = vectors[3 * n + c];
  }
  return result;
}

/** The numbers of volumes [first, first + count), with all that is known about their file. */
async function readVolumes<Data>(
  file: ImageSource,
  options: Pick<ReadImageOptions, 'geometry'>,
  [first, count]: readonly [number, number],
  decode: (stored: StoredNumbers, warn: (text: string) => void) => Data,
): Promise<Omit<FileImage, 'data'> & {readonly data: Data}> {
  const {path, shape, scaling, littleEndian, intent, fault} = file;
  const datatype = requireReadable(file);
  const placement = placementOf(file, options);
  const voxels = shape[0] * shape[1] * shape[2];
  const bytes = await readVoxelBytes(file, [first * voxels, count * voxels]);
  const warnings = [...placement.warnings];
  const stored = {bytes, datatype, littleEndian, scaling, fault};
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
    intent,
    data,
    warnings,
  };
}

function chooseVolume(
  {path, volumes, dimensions, intent, fault}: ImageSource,
  volume?: number,
): number {
  const last = volumes - 1;
  if (volume === undefined && last > 0) {
    const axes = dimensions.join(' x ');
    throw new HypermorphError(
      fault,
      isVectorIntent(intent.code)
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
