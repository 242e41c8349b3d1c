import {HypermorphError} from '../../errors.js';
import type {Affine} from '../../geometry/affine.js';
import {affineTransform, splineTransform, type Transform} from '../../transforms/transform.js';
import {affineOfEntry} from './itk-entries.js';
import {splineOf} from './itk-transforms.js';
import {requireUsable} from './matrix-text.js';
import {fromMatrix, LPS_WORLDS} from './worlds.js';

/** elastix's names of transforms, and ITK's. */
const KINDS: Readonly<Record<string, string>> = {
  AffineTransform: 'AffineTransform',
  EulerTransform: 'Euler3DTransform',
  SimilarityTransform: 'Similarity3DTransform',
  TranslationTransform: 'TranslationTransform',
};

const SPLINE = 'BSplineTransform';

/** What helps where a transform is not read. */
const BY_FIELD =
  'Let transformix write the displacement field (-def all), which is read as one of ITK.';

/** Whether a text is a file of transform parameters of elastix. */
export function isElastix(text: string): boolean {
  return /^\s*\(Transform\s+"/m.test(text);
}

function refuse(problem: string, hint: string): never {
  throw new HypermorphError('E_IO', `${problem}.`, {hint});
}

/**
 * The transform of a file of transform parameters of elastix, RAS mm -> RAS mm, fixed -> moving: an affine map or a cubic B-spline.
 *
 * @returns What is odd about it, too: the transform that it names as acting first is a file of its own.
 * @throws {HypermorphError} E_IO if it is another one, or is added to one that acts first; without the name of the file.
 * @see elastix, the manual, section 2.6 (transforms and their parameters); elastix writes directions column by column.
 */
export function decodeElastix(text: string): {
  readonly transform: Transform;
  readonly warnings: readonly string[];
} {
  const file = new Parameters(text);
  const name = file.text('Transform');
  const isSpline = name === SPLINE;
  if (!isSpline && !Object.hasOwn(KINDS, name)) {
    refuse(
      `must hold a transform of elastix that is one of ${[...Object.keys(KINDS), SPLINE].join(', ')}, got ${name}`,
      BY_FIELD,
    );
  }
  if (file.text('FixedImageDimension') !== '3') {
    refuse(
      `must be of three dimensions, got ${file.text('FixedImageDimension')}`,
      'Register volumes.',
    );
  }
  const first =
    file.text('InitialTransformParametersFileName') ||
    file.text('InitialTransformParameterFileName');
  const hasFirst = first !== '' && first !== 'NoInitialTransform';
  if (hasFirst && file.text('HowToCombineTransforms') === 'Add') {
    refuse(
      `must be composed with ${first}, which acts before it, got one that is added to it`,
      BY_FIELD,
    );
  }
  return {
    transform: isSpline ? splineIn(file) : affineTransform(affineIn(file, KINDS[name])),
    warnings: hasFirst
      ? [
          `says that ${first} acts before it, which is not read with it; give it, too, after this one.`,
        ]
      : [],
  };
}

/** Entries `(Name value value)` of a file; a text is one value in quotes. */
class Parameters {
  readonly #entries: ReadonlyMap<string, string>;

  constructor(text: string) {
    this.#entries = new Map(
      [...text.matchAll(/^\s*\((\w+)\s+(.*?)\)\s*$/gm)].map(([, name, value]) => [name, value]),
    );
  }

  /** Empty where there is none. */
  text(name: string): string {
    return this.#entries.get(name)?.replace(/^"|"$/g, '') ?? '';
  }

  numbers(name: string): number[] {
    const value = this.#entries.get(name);
    const numbers = value === undefined ? [] : value.split(/\s+/).map(Number);
    if (!numbers.every(Number.isFinite)) {
      refuse(
        `${name} must be numbers, got "${value?.slice(0, 60)}"`,
        'Let elastix write the file again.',
      );
    }
    return numbers;
  }
}

function affineIn(file: Parameters, kind: string): Affine {
  const centre = file.numbers('CenterOfRotationPoint');
  const affine = affineOfEntry({
    kind,
    parameters: file.numbers('TransformParameters'),
    fixed: file.text('ComputeZYX') === 'true' ? [...centre, 1] : centre,
  });
  return fromMatrix(requireUsable(affine), LPS_WORLDS);
}

function splineIn(file: Parameters): Transform {
  const order = file.text('BSplineTransformSplineOrder') || '3';
  if (order !== '3') refuse(`a spline must be of order 3, got ${order}`, BY_FIELD);
  if (file.text('UseCyclicTransform') === 'true')
    refuse('must not be cyclic, got one that is', BY_FIELD);
  if (file.numbers('GridIndex').some((index) => index !== 0)) {
    refuse('the grid of a spline must start at 0, got another one', BY_FIELD);
  }
  const [xx, yx, zx, xy, yy, zy, xz, yz, zz] = file.numbers('GridDirection');
  return splineTransform(
    splineOf({
      kind: SPLINE,
      parameters: file.numbers('TransformParameters'),
      fixed: [
        ...['GridSize', 'GridOrigin', 'GridSpacing'].flatMap((name) => file.numbers(name)),
        ...[xx, xy, xz, yx, yy, yz, zx, zy, zz],
      ],
    }),
  );
}
