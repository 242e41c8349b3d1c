import type {ConventionName, TransformImages} from '../formats/transforms/conventions.js';
import {readTransform} from '../formats/transforms/read-transform.js';
import {openSeries} from '../formats/images/series.js';
import type {PlacedGrid} from '../formats/images/types.js';
import type {Grid} from '../geometry/grid.js';
import {inverse} from '../transforms/inverse.js';
import {compose, partsOf, type Transform} from '../transforms/transform.js';

/** One transform of a chain. */
export interface TransformInput {
  readonly path: string;
  /** Lead back: from what the file calls moving to what it calls fixed. */
  readonly inverse?: boolean | undefined;
  /** Whose numbers the file holds, where it does not show that. */
  readonly convention?: ConventionName | undefined;
}

/** Is told what is odd about a file. */
export type Warn = (...texts: readonly string[]) => void;

/** A search for an inverse that ends further off than this is said, mm. */
const LARGE_RESIDUAL_MM = 0.05;

/**
 * Read the transforms of a chain: T(x) = A(B(x)) for A, B, the last one acts first. An inverse of a field needs a started engine.
 *
 * @param images - What the whole chain leads from and to; what lies between its parts is not known.
 * @throws {HypermorphError} As `readTransform` and `inverse`.
 */
export async function readChain(
  inputs: readonly TransformInput[],
  images: TransformImages,
  warn: Warn,
): Promise<Transform> {
  const transforms: Transform[] = [];
  for (const [n, {path, inverse: isInverse = false, convention}] of inputs.entries()) {
    const from = n === inputs.length - 1 ? images.fixed : undefined;
    const to = n === 0 ? images.moving : undefined;
    const [fixed, moving] = isInverse ? [to, from] : [from, to];
    const {transform, warnings} = await readTransform(path, {fixed, moving, convention});
    warn(...warnings);
    transforms.push(isInverse ? inverseOf(transform, path, warn) : transform);
  }
  return compose(...transforms);
}

/** The transform that leads back; a large doubt about it is said. */
export function inverseOf(transform: Transform, path: string, warn: Warn): Transform {
  const back = inverse(transform);
  if (back.residualMm > LARGE_RESIDUAL_MM) {
    warn(
      `${path}: its inverse is uncertain by up to ${back.residualMm.toPrecision(2)} mm, because the field folds or nearly does.`,
    );
  }
  return back.transform;
}

/** The grid of the field of a transform, where it has one and no other. */
export function fieldGridOf(transform: Transform): Grid | undefined {
  const fields = partsOf(transform).flatMap((part) =>
    part.kind === 'displacement' ? [part.field] : [],
  );
  return fields.length === 1 ? fields[0].grid : undefined;
}

/** Where the voxels of an image or a warp lie, from its header alone. */
export async function readGrid(path: string, warn: Warn): Promise<PlacedGrid> {
  const {shape, affine, geometry, warnings} = await openSeries(path);
  warn(...warnings);
  return {shape, affine, geometry};
}
