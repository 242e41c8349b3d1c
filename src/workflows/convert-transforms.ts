import {HypermorphError} from '../errors.js';
import type {EngineName} from '../engines/engine.js';
import {startEngine} from '../engines/select.js';
import {requireWritable, writeFileAtomically} from '../formats/files.js';
import {CONVENTIONS, type ConventionName} from '../formats/transforms/conventions.js';
import {encodeTransform, requireTransformName} from '../formats/transforms/write-transform.js';
import {VERSION} from '../version.js';
import {requireSeparateFiles} from './output-paths.js';
import type {WorkflowCallbacks} from './register-files.js';
import {
  fieldGridOf,
  inverseOf,
  readChain,
  readGrid,
  type TransformInput,
  type Warn,
} from './transform-chain.js';
import {WarningLog} from './warnings.js';

export interface ConvertTransformsSettings {
  /** T(x) = A(B(x)) for A, B: the last one acts first. At least one. */
  readonly transforms: readonly TransformInput[];
  /** The file to write; its name says the format. */
  readonly target: string;
  /** For which program; ITK and ANTs unless told, FreeSurfer for .lta. */
  readonly convention?: ConventionName | undefined;
  /** Write the transform that leads back: the fixed image becomes the moving one. */
  readonly inverse?: boolean | undefined;
  /** The image that the chain starts from, of which the header is read alone: a field lies on its grid, and some conventions depend on it. */
  readonly fixed?: string | undefined;
  /** The image that the chain leads to, likewise. */
  readonly moving?: string | undefined;
  readonly engine?: 'auto' | EngineName | undefined;
}

/** What was written. */
export interface ConvertedTransform {
  readonly target: string;
  readonly convention: ConventionName;
  /** In words. */
  readonly meaning: string;
  readonly kind: 'affine' | 'field' | 'chain';
  readonly warnings: readonly string[];
}

/**
 * Write one transform, a chain, or what leads back, in one file of a program's convention.
 *
 * @throws {HypermorphError} E_USAGE about names of files and conventions; else as `readTransform` and `encodeTransform`.
 *
 * @example
 * import {convertTransforms} from 'hypermorph';
 * const {kind, convention} = await convertTransforms({
 *   transforms: [{path: 'affine.txt'}, {path: 'warp.nii.gz'}],
 *   target: 'total.nii.gz',
 *   convention: 'fsl',
 *   fixed: 'fixed.nii.gz',
 *   moving: 'moving.nii.gz',
 *   engine: 'javascript',
 * });
 * [kind, convention]; // ['field', 'fsl']
 */
export async function convertTransforms(
  settings: ConvertTransformsSettings,
  {onProgress}: Pick<WorkflowCallbacks, 'onProgress'> = {},
): Promise<ConvertedTransform> {
  const {transforms, target, inverse: isInverse = false, engine: name = 'auto'} = settings;
  if (transforms.length === 0) {
    throw new HypermorphError('E_USAGE', 'there must be at least one transform, got none.');
  }
  const {convention, kind} = requireTransformName(target, settings.convention);
  const images = [settings.fixed, settings.moving].filter((path) => path !== undefined);
  const inputs = [...transforms.map(({path}) => path), ...images];
  await requireSeparateFiles(inputs, [target], 'transform');
  await requireWritable(target);
  const log = new WarningLog(onProgress);
  const warn: Warn = (...texts) => log.add(texts);
  const grid = (path: string | undefined) =>
    path === undefined ? Promise.resolve(undefined) : readGrid(path, warn);
  const [fixed, moving] = [await grid(settings.fixed), await grid(settings.moving)];
  const engine = await startEngine({engine: name});
  warn(...engine.warnings);
  const chain = await readChain(transforms, {fixed, moving}, warn);
  const transform = isInverse ? inverseOf(chain, transforms[0].path, warn) : chain;
  const content = await encodeTransform(transform, target, {
    ...{convention, engine},
    ...(isInverse ? {fixed: moving ?? fieldGridOf(chain), moving: fixed} : {fixed, moving}),
    description: `hypermorph ${VERSION} fixed->moving, convention ${convention}`,
  });
  await writeFileAtomically(target, content);
  return {
    ...{target, convention, meaning: CONVENTIONS[convention].meaning},
    kind: kind.holds,
    warnings: log.texts,
  };
}
