import {HypermorphError} from '../../errors.js';
import type {Affine} from '../../geometry/affine.js';
import {joinBytes} from '../bytes.js';
import type {Transform} from '../../transforms/transform.js';
import {kindOf} from './itk-entries.js';
import {transformOfEntries} from './itk-transforms.js';
import {LPS_WORLDS, toMatrix} from './worlds.js';

/** Type, rows, columns, imaginary part, length of the name: five 32-bit numbers. */
const HEADER_BYTES = 20;
const LONGEST_NAME = 100;

/** One variable of a MATLAB file of level 4. */
interface Variable {
  readonly name: string;
  readonly values: readonly number[];
}

/**
 * Whether bytes start a MATLAB file of level 4 with a transform of ITK, as antsRegistration writes it.
 */
export function isItkMat(start: Uint8Array): boolean {
  const text = String.fromCharCode(...start.subarray(HEADER_BYTES, HEADER_BYTES + LONGEST_NAME));
  return /^[A-Za-z0-9]+_(double|float)_\d_\d\0/.test(text);
}

/**
 * The transform of a MATLAB file (.mat) in which ITK keeps a transform: a variable with its parameters, named after its class, and
 * one with those that are fixed.
 *
 * @throws {HypermorphError} E_IO if it is damaged or another transform than `transformOfEntries` reads, without the name of the file.
 * @see MathWorks, "MAT-File Format", level 4; the classes are those of ITK's text files.
 */
export function decodeItkMat(bytes: Uint8Array): Transform {
  const [parameters, fixed] = variablesOf(bytes);
  const kind = kindOf(parameters?.name ?? '');
  const ofFixed = fixed?.name === 'fixed' ? fixed.values : [];
  return transformOfEntries([{kind, parameters: parameters.values, fixed: ofFixed}]);
}

/** The MATLAB file of an affine, RAS mm -> RAS mm; decoding it gives the same numbers. */
export function encodeItkMat(affine: Affine): Uint8Array<ArrayBuffer> {
  const {linear, offset} = toMatrix(affine, LPS_WORLDS);
  return joinBytes([
    encodeVariable({name: 'AffineTransform_double_3_3', values: [...linear, ...offset]}),
    encodeVariable({name: 'fixed', values: [0, 0, 0]}),
  ]);
}

function variablesOf(bytes: Uint8Array): Variable[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const variables: Variable[] = [];
  for (let at = 0; at + HEADER_BYTES <= bytes.length;) {
    // The thousands of the type are the byte order: 0 little, 1 big.
    const littleEndian = view.getInt32(at, true) < 1000 && view.getInt32(at, true) >= 0;
    const number = (n: number): number => view.getInt32(at + 4 * n, littleEndian);
    const type = number(0) % 1000;
    const [rows, columns, nameLength] = [number(1), number(2), number(4)];
    const size = type === 0 ? 8 : 4;
    const start = at + HEADER_BYTES + nameLength;
    const isSound = [0, 10].includes(type) && rows >= 0 && columns >= 0 && nameLength > 0;
    const end = start + rows * columns * size;
    if (!isSound || nameLength > LONGEST_NAME || !(end <= bytes.length)) {
      throw new HypermorphError(
        'E_IO',
        'must be a MATLAB file of level 4 with a transform of ITK, got a damaged one.',
      );
    }
    const read = (n: number): number =>
      size === 8
        ? view.getFloat64(start + n * size, littleEndian)
        : view.getFloat32(start + n * size, littleEndian);
    const name = String.fromCharCode(...bytes.subarray(at + HEADER_BYTES, start - 1));
    variables.push({name, values: Array.from({length: rows * columns}, (_, n) => read(n))});
    at = end;
  }
  return variables;
}

function encodeVariable({name, values}: Variable): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES + name.length + 1 + 8 * values.length);
  const view = new DataView(bytes.buffer);
  [0, values.length, 1, 0, name.length + 1].forEach((value, n) => {
    view.setInt32(4 * n, value, true);
  });
  bytes.set(new TextEncoder().encode(name), HEADER_BYTES);
  const start = HEADER_BYTES + name.length + 1;
  values.forEach((value, n) => view.setFloat64(start + 8 * n, value, true));
  return bytes;
}
