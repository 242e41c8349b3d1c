import {nameOf, type Source} from '../source.js';
import {readNifti, type NiftiImage, type ReadNiftiOptions} from './nifti/nifti.js';

/** The formats of images, by the names of their files. */
const READERS: readonly {
  readonly names: RegExp;
  readonly read: (source: Source, options: ReadNiftiOptions) => Promise<NiftiImage>;
}[] = [{names: /\.(nii|hdr|img)(\.gz)?$/i, read: readNifti}];

/**
 * Read a scalar image: the name of the file says the format, and what is called otherwise is taken for the first, NIfTI.
 *
 * @param source - A path, or bytes and their name.
 * @throws {HypermorphError} E_IO, E_NIFTI, E_RANGE: as the reader of the format says.
 * @see readNifti for the options.
 * @example
 * import {readImage} from 'hypermorph';
 * const image = await readImage('fixed.nii.gz');
 * image.shape; // [11, 9, 10]
 * image.affine.orientation; // 'RAS'
 */
export async function readImage(
  source: Source,
  options: ReadNiftiOptions = {},
): Promise<NiftiImage> {
  const name = nameOf(source);
  const {read} = READERS.find(({names}) => names.test(name)) ?? READERS[0];
  return read(source, options);
}
