import {HypermorphError} from '../../errors.js';
import {
  affineTransform,
  type DisplacementTransform,
  type Transform,
} from '../../transforms/transform.js';
import {readNiftiField} from '../images/nifti/nifti.js';
import {nameOf, withOpenSource, type Source} from '../source.js';
import {decodeItkAffine} from './itk-text.js';
import {decodeItkWarp} from './itk.js';

/** A transform from a file: fixed -> moving, RAS mm. */
export interface ReadTransform<Kind extends Transform = Transform> {
  readonly transform: Kind;
  /** Sentences for the user, each starting with the name of the file. */
  readonly warnings: readonly string[];
}

/** The formats of transforms, by the names of their files. */
const READERS: readonly {
  readonly names: RegExp;
  readonly read: (source: Source) => Promise<ReadTransform>;
}[] = [
  {names: /\.(txt|tfm)$/i, read: readItkText},
  {names: /\.(nii|hdr|img)(\.gz)?$/i, read: readItkWarp},
];

/**
 * Read a transform: the name of the file says the format and with it whose convention its numbers follow.
 *
 * ITK's text transforms (.txt, .tfm) are affines, fields of three components (.nii, .nii.gz) are displacements as ITK, ANTs
 * and Slicer have them.
 *
 * @param source - A path, or bytes and their name.
 * @throws {HypermorphError} E_USAGE for a name that no format has; else as the reader of the format says.
 *
 * @example
 * import {mapPoints, readTransform} from 'hypermorph';
 * const header = '#Insight Transform File V1.0\n#Transform 0\n';
 * const text = `${header}Transform: TranslationTransform_double_3_3\nParameters: 1 2 3\nFixedParameters:\n`;
 * const bytes = new TextEncoder().encode(text);
 * const {transform} = await readTransform({name: 'shift.tfm', bytes});
 * mapPoints(transform, [[0, 0, 0]]); // [[-1, -2, 3]]
 */
export async function readTransform(source: Source): Promise<ReadTransform> {
  const name = nameOf(source);
  const reader = READERS.find(({names}) => names.test(name));
  if (reader !== undefined) return reader.read(source);
  throw new HypermorphError(
    'E_USAGE',
    `${name}: the name of a transform must end in .txt, .tfm, .nii or .nii.gz.`,
  );
}

async function readItkText(source: Source): Promise<ReadTransform> {
  const bytes = await withOpenSource(source, (file) => file.read(0, file.size));
  const affine = decodeItkAffine(new TextDecoder().decode(bytes), nameOf(source));
  return {transform: affineTransform(affine), warnings: []};
}

/** Read a displacement field as ITK, ANTs and Slicer have it. */
export async function readItkWarp(source: Source): Promise<ReadTransform<DisplacementTransform>> {
  const field = await readNiftiField(source);
  return {transform: decodeItkWarp(field), warnings: field.warnings};
}
