import {HypermorphError} from '../../errors.js';
import {Affine} from '../../geometry/affine.js';
import {rotationFromQuaternion} from '../../geometry/rotations.js';
import type {Triple} from '../../geometry/triple.js';
import {named} from '../named.js';
import {LPS} from './lps.js';

const FIRST_LINE = '#Insight Transform File V1.0';
const FORM = 'an ITK text transform such as ANTs and Slicer write';

/** One transform of a file: its class without the number type and dimensions, and its numbers. */
interface Entry {
  readonly kind: string;
  readonly parameters: readonly number[];
  readonly fixed: readonly number[];
}

/**
 * The affine of an ITK text transform file (.txt, .tfm), as RAS mm -> RAS mm.
 *
 * ITK's transforms take points of the fixed image to the moving one, LPS mm: x -> L (x - c) + c + t about a centre c. Read are
 * affine, rigid (Euler angles, versors), similarity, scale and translation transforms of three dimensions, one or a composite.
 *
 * @param where - Name of the file for messages.
 * @throws {HypermorphError} E_IO if it is no such file, or holds a transform that is no affine of three dimensions.
 * @see ITK Software Guide, book 2, section 3.9 (transforms and their parameters).
 */
export function decodeItkAffine(text: string, where: string): Affine {
  return named(where, () => decode(text));
}

function decode(text: string): Affine {
  const [first, ...lines] = text.split(/\r?\n/).map((line) => line.trim());
  if (first !== FIRST_LINE) {
    refuse(`must begin with "${FIRST_LINE}", got "${first.slice(0, 40)}"`);
  }
  const affines = entriesOf(lines)
    .filter(({kind}) => kind !== 'CompositeTransform')
    .map(affineOf);
  if (affines.length === 0) refuse('must hold a transform, got none');
  // Of a composite, the last one is applied first, as it was added.
  const lps = Affine.compose(...affines);
  if (!lps.isUsable) refuse('must hold a transform that can be inverted, got a flat one');
  return Affine.compose(LPS, lps, LPS);
}

/** The ITK text file of an affine, RAS mm -> RAS mm; decoding it gives the same numbers. */
export function encodeItkAffine(affine: Affine): string {
  const {linear, offset} = Affine.compose(LPS, affine, LPS);
  return [
    FIRST_LINE,
    '#Transform 0',
    'Transform: AffineTransform_double_3_3',
    `Parameters: ${[...linear, ...offset].join(' ')}`,
    'FixedParameters: 0 0 0',
    '',
  ].join('\n');
}

function refuse(problem: string): never {
  throw new HypermorphError('E_IO', `${problem}.`, {
    hint: `The file must be ${FORM}.`,
  });
}

function entriesOf(lines: readonly string[]): Entry[] {
  const entries: {kind: string; parameters: number[]; fixed: number[]}[] = [];
  for (const line of lines) {
    if (line === '' || line.startsWith('#')) continue;
    const [, name, value] = /^(\w+):\s*(.*)$/.exec(line) ?? [];
    if (name === 'Transform') {
      const [, kind, dimensions] = /^(\w+?)_(?:double|float)_(\d+_\d+)$/.exec(value) ?? [];
      if (dimensions !== '3_3') refuse(`must be of three dimensions, got "${value}"`);
      entries.push({kind, parameters: [], fixed: []});
      continue;
    }
    const entry = entries.at(-1);
    const isKnown = name === 'Parameters' || name === 'FixedParameters';
    if (entry === undefined || !isKnown) refuse(`has a line that says nothing: "${line}"`);
    const numbers = value === '' ? [] : value.split(/\s+/).map(Number);
    if (!numbers.every((number) => Number.isFinite(number))) {
      refuse(`${name} must be numbers, got "${value.slice(0, 60)}"`);
    }
    entry[name === 'Parameters' ? 'parameters' : 'fixed'] = numbers;
  }
  return entries;
}

/** How many parameters a kind of transform has, and its linear part and translation. */
const KINDS: Readonly<
  Record<string, readonly [count: number, make: (entry: Entry) => [linear: Affine, offset: Triple]]>
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

/** LPS mm. */
function affineOf(entry: Entry): Affine {
  const {kind, parameters, fixed} = entry;
  if (!Object.hasOwn(KINDS, kind)) {
    refuse(`must hold ${Object.keys(KINDS).join(', ')} or a composite of them, got ${kind}`);
  }
  const [count, make] = KINDS[kind];
  if (parameters.length !== count) {
    refuse(`${kind} must have ${count} parameters, got ${parameters.length}`);
  }
  const [linear, [x, y, z]] = make(entry);
  const centre: Triple = fixed.length >= 3 ? [fixed[0], fixed[1], fixed[2]] : [0, 0, 0];
  return linear.taking(centre, [centre[0] + x, centre[1] + y, centre[2] + z]);
}

function fromMatrix({parameters: p}: Entry): [Affine, Triple] {
  const linear = Affine.fromLinear([p[0], p[1], p[2], p[3], p[4], p[5], p[6], p[7], p[8]]);
  return [linear, [p[9], p[10], p[11]]];
}

/** Rz Rx Ry, or Rz Ry Rx where the fourth fixed parameter says so; radians. */
function fromEulerAngles({parameters: p, fixed}: Entry): [Affine, Triple] {
  const [x, y, z] = ([0, 1, 2] as const).map((axis) =>
    Affine.rotation(axis, (p[axis] * 180) / Math.PI),
  );
  const linear = fixed[3] ? Affine.compose(z, y, x) : Affine.compose(z, x, y);
  return [linear, [p[3], p[4], p[5]]];
}

function fromVersor([x, y, z]: readonly number[]): Affine {
  return rotationFromQuaternion([x, y, z]);
}
