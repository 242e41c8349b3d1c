import {readTransform} from '../formats/transforms/read-transform.js';
import {inverse} from '../transforms/inverse.js';
import {compose, type Transform} from '../transforms/transform.js';

/** One transform of a chain. */
export interface TransformInput {
  readonly path: string;
  /** Lead back: from what the file calls moving to what it calls fixed. */
  readonly inverse?: boolean | undefined;
}

/** A search for an inverse that ends further off than this is said, mm. */
const LARGE_RESIDUAL_MM = 0.05;

/**
 * Read the transforms of a chain: T(x) = A(B(x)) for A, B, the last one acts first. An inverse of a field needs a started engine.
 *
 * @param warn - Called with what is odd about a file.
 * @throws {HypermorphError} As `readTransform` and `inverse`.
 */
export async function readChain(
  inputs: readonly TransformInput[],
  warn: (texts: readonly string[]) => void,
): Promise<Transform> {
  const transforms: Transform[] = [];
  for (const {path, inverse: isInverse = false} of inputs) {
    const {transform, warnings} = await readTransform(path);
    warn(warnings);
    transforms.push(isInverse ? inverseOf(transform, path, warn) : transform);
  }
  return compose(...transforms);
}

function inverseOf(
  transform: Transform,
  path: string,
  warn: (texts: readonly string[]) => void,
): Transform {
  const back = inverse(transform);
  if (back.residualMm > LARGE_RESIDUAL_MM) {
    warn([
      `${path}: its inverse is uncertain by up to ${back.residualMm.toPrecision(2)} mm, because the field folds or nearly does.`,
    ]);
  }
  return back.transform;
}
