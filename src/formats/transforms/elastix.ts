import {HypermorphError} from '../../errors.js';
import type {Affine} from '../../geometry/affine.js';
import {affineOfEntry} from './itk-entries.js';
import {requireUsable} from './matrix-text.js';
import {fromMatrix, LPS_WORLDS} from './worlds.js';

/** elastix's names of transforms, and ITK's. */
const KINDS: Readonly<Record<string, string>> = {
  AffineTransform: 'AffineTransform',
  EulerTransform: 'Euler3DTransform',
  SimilarityTransform: 'Similarity3DTransform',
  TranslationTransform: 'TranslationTransform',
};

/** Whether a text is a file of transform parameters of elastix. */
export function isElastix(text: string): boolean {
  return /^\s*\(Transform\s+"/m.test(text);
}

function refuse(problem: string, hint: string): never {
  throw new HypermorphError('E_IO', `${problem}.`, {hint});
}

/**
 * The affine of a file of transform parameters of elastix, RAS mm -> RAS mm, fixed -> moving.
 *
 * @returns What is odd about it, too: the transform that it names as acting first is a file of its own.
 * @throws {HypermorphError} E_IO if it is no affine of three dimensions, without the name of the file.
 * @see elastix, the manual, section 2.6 (transforms and their parameters).
 */
export function decodeElastix(text: string): {
  readonly affine: Affine;
  readonly warnings: readonly string[];
} {
  const entries = new Map(
    [...text.matchAll(/^\s*\((\w+)\s+(.*?)\)\s*$/gm)].map(([, name, value]) => [name, value]),
  );
  const textOf = (name: string) => entries.get(name)?.replace(/^"|"$/g, '') ?? '';
  const numbersOf = (name: string) => (entries.get(name) ?? '').split(/\s+/).map(Number);
  const name = textOf('Transform');
  if (!Object.hasOwn(KINDS, name)) {
    refuse(
      `must hold a transform of elastix that is one of ${Object.keys(KINDS).join(', ')}, got ${name}`,
      'Let transformix write the displacement field (-def all), which is read as one of ITK.',
    );
  }
  if (textOf('FixedImageDimension') !== '3') {
    refuse(
      `must be of three dimensions, got ${textOf('FixedImageDimension')}`,
      'Register volumes.',
    );
  }
  const centre = entries.has('CenterOfRotationPoint') ? numbersOf('CenterOfRotationPoint') : [];
  const affine = affineOfEntry({
    kind: KINDS[name],
    parameters: numbersOf('TransformParameters'),
    fixed: textOf('ComputeZYX') === 'true' ? [...centre, 1] : centre,
  });
  const first = entries.has('InitialTransformParametersFileName')
    ? textOf('InitialTransformParametersFileName')
    : textOf('InitialTransformParameterFileName');
  const hasFirst = first !== '' && first !== 'NoInitialTransform';
  return {
    affine: fromMatrix(requireUsable(affine), LPS_WORLDS),
    warnings: hasFirst
      ? [
          `says that ${first} acts before it, which is not read with it; give it, too, after this one.`,
        ]
      : [],
  };
}
