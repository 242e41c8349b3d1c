import {HypermorphError} from '../../errors.js';
import {Affine} from '../../geometry/affine.js';
import {rotationFromQuaternion} from '../../geometry/rotations.js';
import type {Triple} from '../../geometry/triple.js';

/** One transform of a file of ITK: its class without the number type and dimensions, and its numbers. */
export interface ItkEntry {
  readonly kind: string;
  readonly parameters: readonly number[] | Float32Array | Float64Array;
  readonly fixed: readonly number[];
}

/** What holds other transforms, of which the last one is applied first, as it was added. */
export const COMPOSITE = 'CompositeTransform';

/** @throws {HypermorphError} E_IO, without the name of the file. */
export function refuse(problem: string): never {
  throw new HypermorphError('E_IO', `${problem}.`, {
    hint: 'The file must be a transform such as ANTs, Slicer and SimpleITK write.',
  });
}

/** `AffineTransform` of `AffineTransform_double_3_3`. E_IO unless it is of three dimensions, and a spline cubic. */
export function kindOf(name: string): string {
  const [, kind, dimensions, order] = /^(\w+?)_(?:double|float)_(\d+_\d+)(_\d+)?$/.exec(name) ?? [];
  if (dimensions !== '3_3') refuse(`must be of three dimensions, got "${name.slice(0, 80)}"`);
  if (order !== undefined) refuse(`a spline must be of order 3, got "${name.slice(0, 80)}"`);
  return kind;
}

/** How many parameters a kind of transform has, and its linear part and translation. */
const KINDS: Readonly<
  Record<
    string,
    readonly [count: number, make: (entry: ItkEntry) => [linear: Affine, offset: Triple]]
  >
> = {
  AffineTransform: [12, fromMatrix],
  MatrixOffsetTransformBase: [12, fromMatrix],
  Euler3DTransform: [6, fromEulerAngles],
  VersorTransform: [3, ({parameters: p}) => [fromVersor(p), [0, 0, 0]]],
  VersorRigid3DTransform: [6, ({parameters: p}) => [fromVersor(p), [p[3], p[4], p[5]]]],
  Similarity3DTransform: [
    7,
    ({parameters: p}) => [
      Affine.compose(Affine.scaling([p[6], p[6], p[6]]), fromVersor(p)),
      [p[3], p[4], p[5]],
    ],
  ],
  ScaleTransform: [3, ({parameters: p}) => [Affine.scaling([p[0], p[1], p[2]]), [0, 0, 0]]],
  TranslationTransform: [3, ({parameters: p}) => [Affine.identity, [p[0], p[1], p[2]]]],
  IdentityTransform: [0, () => [Affine.identity, [0, 0, 0]]],
};

/**
 * The affine map of an entry, LPS mm.
 *
 * @throws {HypermorphError} E_IO if it is none, without the name of the file.
 */
export function affineOfEntry(entry: ItkEntry): Affine {
  const {kind, parameters, fixed} = entry;
  if (!Object.hasOwn(KINDS, kind)) {
    refuse(
      `must hold ${Object.keys(KINDS).join(', ')}, a displacement field, a B-spline or a composite of them, got ${kind}`,
    );
  }
  const [count, make] = KINDS[kind];
  if (parameters.length !== count) {
    refuse(`${kind} must have ${count} parameters, got ${parameters.length}`);
  }
  const [linear, [x, y, z]] = make(entry);
  const centre: Triple = fixed.length >= 3 ? [fixed[0], fixed[1], fixed[2]] : [0, 0, 0];
  return linear.taking(centre, [centre[0] + x, centre[1] + y, centre[2] + z]);
}

function fromMatrix({parameters: p}: ItkEntry): [Affine, Triple] {
  const linear = Affine.fromLinear([p[0], p[1], p[2], p[3], p[4], p[5], p[6], p[7], p[8]]);
  return [linear, [p[9], p[10], p[11]]];
}

/** Rz Rx Ry, or Rz Ry Rx where the fourth fixed parameter says so; radians. */
function fromEulerAngles({parameters: p, fixed}: ItkEntry): [Affine, Triple] {
  const [x, y, z] = ([0, 1, 2] as const).map((axis) =>
    Affine.rotation(axis, (p[axis] * 180) / Math.PI),
  );
  const linear = fixed[3] ? Affine.compose(z, y, x) : Affine.compose(z, x, y);
  return [linear, [p[3], p[4], p[5]]];
}

function fromVersor(p: ItkEntry['parameters']): Affine {
  return rotationFromQuaternion([p[0], p[1], p[2]]);
}
