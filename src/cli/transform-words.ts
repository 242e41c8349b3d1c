import {existsSync} from 'node:fs';
import type {TransformInput} from '../workflows/transform-chain.js';

const INVERSE = 'inverse:';

/** What `-t` takes, in words for the help. */
export const TRANSFORM_WORDS =
  'a transform, fixed to moving; inverse:<file> leads back; repeatable, -t A -t B is T(x) = A(B(x)): the last one acts first on a point of the reference';

/** `-t`: a file, or `inverse:` and a file. A file of that very name is meant before anything else. */
export function parseTransform(text: string): TransformInput {
  if (!text.startsWith(INVERSE) || existsSync(text)) return {path: text, inverse: false};
  return {path: text.slice(INVERSE.length), inverse: true};
}

/** For an option that may be given several times. */
export function collectTransforms(
  text: string,
  earlier: readonly TransformInput[] = [],
): readonly TransformInput[] {
  return [...earlier, parseTransform(text)];
}
