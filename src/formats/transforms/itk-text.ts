import {Affine} from '../../geometry/affine.js';
import {affineOfEntry, COMPOSITE, kindOf, refuse, type ItkEntry} from './itk-entries.js';
import {fromMatrix, LPS_WORLDS, toMatrix} from './worlds.js';

/** How such a file begins. */
export const FIRST_LINE = '#Insight Transform File V1.0';

/**
 * The affine of an ITK text transform file (.txt, .tfm), as RAS mm -> RAS mm.
 *
 * ITK's transforms take points of the fixed image to the moving one, LPS mm: x -> L (x - c) + c + t about a centre c. Read are
 * affine, rigid (Euler angles, versors), similarity, scale and translation transforms of three dimensions, one or a composite.
 *
 * @throws {HypermorphError} E_IO if it is no such file, or holds a transform that is no affine of three dimensions; without the
 *   name of the file.
 * @see ITK Software Guide, book 2, section 3.9 (transforms and their parameters).
 */
export function decodeItkAffine(text: string): Affine {
  const [first, ...lines] = text.split(/\r?\n/).map((line) => line.trim());
  if (first !== FIRST_LINE) {
    refuse(`must begin with "${FIRST_LINE}", got "${first.slice(0, 40)}"`);
  }
  const affines = entriesOf(lines)
    .filter(({kind}) => kind !== COMPOSITE)
    .map(affineOfEntry);
  if (affines.length === 0) refuse('must hold a transform, got none');
  // Of a composite, the last one is applied first, as it was added.
  const lps = Affine.compose(...affines);
  if (!lps.isUsable) refuse('must hold a transform that can be inverted, got a flat one');
  return fromMatrix(lps, LPS_WORLDS);
}

/** The ITK text file of an affine, RAS mm -> RAS mm; decoding it gives the same numbers. */
export function encodeItkAffine(affine: Affine): string {
  const {linear, offset} = toMatrix(affine, LPS_WORLDS);
  return [
    FIRST_LINE,
    '#Transform 0',
    'Transform: AffineTransform_double_3_3',
    `Parameters: ${[...linear, ...offset].join(' ')}`,
    'FixedParameters: 0 0 0',
    '',
  ].join('\n');
}

function entriesOf(lines: readonly string[]): ItkEntry[] {
  const entries: {kind: string; parameters: number[]; fixed: number[]}[] = [];
  for (const line of lines) {
    if (line === '' || line.startsWith('#')) continue;
    const [, name, value] = /^(\w+):\s*(.*)$/.exec(line) ?? [];
    if (name === 'Transform') {
      entries.push({kind: kindOf(value), parameters: [], fixed: []});
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
