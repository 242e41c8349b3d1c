import {HypermorphError} from '../../errors.js';
import type {VoxelArray} from '../../kernels/voxels.js';
import {isFiniteArray} from '../../volume/finite.js';
import type {Bytes} from '../bytes.js';
import {writeFileAtomically} from '../files.js';
import {gzipBytes} from '../gzip.js';
import {encodeMetaImageHeader} from './metaimage.js';
import {encodeMghHeader, encodeMghVoxels} from './mgh.js';
import {encodeNiftiHeader, encodeNiftiParts} from './nifti/encode.js';
import {encodeNrrdHeader} from './nrrd.js';
import {bytesOf, requireCount, withoutMissing} from './output-voxels.js';
import type {ImageOutput} from './types.js';

/** How a format is written: a header, then the voxels of one volume after the other. */
interface ImageEncoding {
  readonly names: RegExp;
  readonly header: (output: Omit<ImageOutput, 'data'>, data: VoxelArray) => Uint8Array;
  /** What stands in the file for finite numbers. */
  readonly voxels: (data: VoxelArray) => Uint8Array;
}

const NIFTI: ImageEncoding = {
  names: /\.nii(\.gz)?$/i,
  header: encodeNiftiHeader,
  voxels: bytesOf,
};
const ENCODINGS: readonly ImageEncoding[] = [
  NIFTI,
  {names: /\.mg[hz]$/i, header: encodeMghHeader, voxels: encodeMghVoxels},
  {names: /\.nrrd$/i, header: encodeNrrdHeader, voxels: bytesOf},
  {names: /\.mha$/i, header: encodeMetaImageHeader, voxels: bytesOf},
];

/**
 * Write an image or a field, whole or not at all. The name says the format: NIfTI (.nii, .nii.gz), FreeSurfer's .mgh and .mgz,
 * .nrrd, .mha; of the latter three images only. Numbers that are not finite are written as 0.
 *
 * @throws {HypermorphError} E_USAGE if the name ends otherwise, E_IO if it cannot be written, else as `encodeNifti`.
 * @example
 * import {readImage, writeImage} from 'hypermorph';
 * const {shape, geometry, data} = await readImage('fixed.nii.gz');
 * await writeImage('inverted.mgz', {shape, geometry, data: data.map((value) => -value)});
 */
export async function writeImage(path: string, output: ImageOutput): Promise<void> {
  requireImageName(path, output.components);
  const bytes = encodeImage(path, output);
  await writeFileAtomically(path, isCompressedName(path) ? await gzipBytes(bytes) : bytes);
}

/**
 * An image as header and voxels, not yet compressed. The voxels are the memory of `output.data` where the format stores them so,
 * unless one of them is not finite.
 *
 * @param areFinite - Looks for numbers that are not.
 * @throws {HypermorphError} As `encodeNifti`; E_RANGE for labels that a format has no type for.
 */
export function encodeImage(
  path: string,
  output: ImageOutput,
  areFinite: (values: Float32Array) => boolean = isFiniteArray,
): Bytes {
  const encoding = encodingOf(path);
  if (encoding === NIFTI) return encodeNiftiParts(output, areFinite);
  requireCount(output);
  const data = withoutMissing(output.data, areFinite);
  return [encoding.header(output, data), encoding.voxels(data)];
}

/**
 * The same of volumes that follow each other: the header, and the voxels of each as they are made.
 *
 * @param volumes - All of one element type and size; as many as `output.further` says.
 */
export async function* encodeSeries(
  path: string,
  output: Omit<ImageOutput, 'data' | 'components'>,
  volumes: AsyncIterable<VoxelArray>,
): AsyncGenerator<Uint8Array> {
  const {header, voxels} = encodingOf(path);
  let isFirst = true;
  for await (const data of volumes) {
    if (isFirst) yield header(output, data);
    isFirst = false;
    yield voxels(withoutMissing(data, isFiniteArray));
  }
}

function encodingOf(path: string): ImageEncoding {
  return ENCODINGS.find(({names}) => names.test(path)) ?? NIFTI;
}

/** Check an output's name before any work is done. E_USAGE if it does not end as an image, or a field, that is written here. */
export function requireImageName(path: string, components: 1 | 3 = 1): void {
  const known = components === 3 ? [NIFTI] : ENCODINGS;
  if (known.some(({names}) => names.test(path))) return;
  throw new HypermorphError(
    'E_USAGE',
    components === 3
      ? `${path}: the name of an output field must end in .nii or .nii.gz.`
      : `${path}: the name of an output image must end in .nii, .nii.gz, .mgz, .mgh, .nrrd or .mha.`,
  );
}

/** Whether a file of this name is compressed as a whole. */
export function isCompressedName(path: string): boolean {
  return /\.(gz|mgz)$/i.test(path);
}
