import {HypermorphError} from '../../errors.js';
import {kindOfPath} from '../files.js';
import {nameOf, type Source} from '../source.js';
import {openMetaImage} from './metaimage.js';
import {openMgh} from './mgh.js';
import {openNifti} from './nifti/open.js';
import {openNrrd} from './nrrd.js';
import type {ImageSource} from './source.js';

/** The formats of images, by the names of their files. */
const OPENERS: readonly {
  readonly names: RegExp;
  readonly open: (source: Source) => Promise<ImageSource>;
}[] = [
  {names: /\.mg(z|h(\.gz)?)$/i, open: openMgh},
  {names: /\.n(rrd|hdr)$/i, open: openNrrd},
  {names: /\.mh[ad]$/i, open: openMetaImage},
];

/**
 * Read and check the header of an image: the name of the file says the format, and what is called otherwise is taken for NIfTI.
 *
 * @throws {HypermorphError} E_IO if a file is missing; E_NIFTI or, of another format, E_IMAGE if the header makes no sense; the
 *   sentence starts with the path or name.
 */
export async function openImage(source: Source): Promise<ImageSource> {
  if (typeof source === 'string' && (await kindOfPath(source)) === 'folder') {
    throw new HypermorphError('E_IO', `${source}: must be a file, got a directory.`, {
      hint: 'A series of DICOM files becomes an image with dcm2niix: dcm2niix -z y -o images FOLDER.',
    });
  }
  const {open} = OPENERS.find(({names}) => names.test(nameOf(source))) ?? {open: openNifti};
  return open(source);
}

/** The files of an image: one, or header and voxels; what cannot be read is one file. */
export async function filesOfImage(path: string): Promise<readonly string[]> {
  try {
    return (await openImage(path)).files;
  } catch {
    return [path]; // its reader says what is wrong with it
  }
}
