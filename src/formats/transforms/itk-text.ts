import type {Affine} from '../../geometry/affine.js';
import type {Transform} from '../../transforms/transform.js';
import {kindOf, refuse, type ItkEntry} from './itk-entries.js';
import {transformOfEntries} from './itk-transforms.js';
import {LPS_WORLDS, toMatrix} from './worlds.js';

/** How such a file begins. */
export const FIRST_LINE = '#Insight Transform File V1.0';

/**
 * The transform of an ITK text file (.txt, .tfm), RAS mm -> RAS mm.
 *
 * ITK's transforms take points of the fixed image to the moving one, LPS mm: an affine map x -> L (x - c) + c + t about a centre c. Read are
 * affine, rigid (Euler angles, versors), similarity, scale and translation transforms, cubic B-splines and displacement fields of three
 * dimensions, one or a composite.
 *
 * @throws {HypermorphError} E_IO if it is no such file, or holds another transform; without the name of the file.
 * @see ITK Software Guide, book 2, section 3.9 (transforms and their parameters).
 */
export function decodeItkText(text: string): Transform {
  const [first, ...lines] = text.split(/\r?\n/).map((line) => line.trim());
  if (first !== FIRST_LINE) {
    refuse(`must begin with "${FIRST_LINE}", got "${first.slice(0, 40)}"`);
  }
  return transformOfEntries(entriesOf(lines));
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
